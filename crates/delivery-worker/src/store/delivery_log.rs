//! Deliveries as the API lists them: with what holds them up.

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, EventId};
use http_api::TimeRange;
use serde_json::Value;

use super::deliveries::{has_not_arrived, unless_skipped};
use super::schema::{
    attempt_bodies, attempts, deliveries, webhook_lanes, webhook_versions, webhooks,
};
use super::webhook_records::StandingRow;
use crate::domain::delivery::{DeliveryId, DeliveryState};
use crate::domain::webhook::WebhookId;
use crate::domain::webhook_record::Standing;

/// The most attempts that are shown of one delivery.
pub(crate) const MAX_SHOWN_ATTEMPTS: u8 = 100;

/// A delivery without what was sent and answered.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub(crate) struct DeliveryRow {
    pub(crate) id: Vec<u8>,
    pub(crate) webhook_id: i64,
    pub(crate) event_id: Option<Vec<u8>>,
    pub(crate) origin: String,
    pub(crate) state: String,
    pub(crate) event_type: String,
    pub(crate) component: String,
    pub(crate) record_id: Option<i64>,
    pub(crate) revision: Option<i64>,
    pub(crate) due_at_us: i64,
    pub(crate) attempts: i64,
    pub(crate) claim_no: i64,
    pub(crate) last_status: Option<i64>,
    pub(crate) last_error: Option<String>,
    pub(crate) last_duration_us: Option<i64>,
    pub(crate) created_at_us: i64,
    pub(crate) finished_at_us: Option<i64>,
    pub(crate) erased_at_us: Option<i64>,
    pub(crate) held_for: Option<String>,
    pub(crate) send_as: Option<String>,
    pub(crate) coalesced: Option<i64>,
}

/// One request, and what came of it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = attempts)]
pub(crate) struct AttemptRow {
    pub(crate) claim_no: i64,
    pub(crate) number: i64,
    pub(crate) settings_version: i64,
    pub(crate) started_at_us: i64,
    pub(crate) duration_us: i64,
    pub(crate) status: Option<i64>,
    pub(crate) error_kind: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) remote: Option<String>,
}

/// Request and answer as on the wire.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = attempt_bodies)]
pub(crate) struct AttemptBodyRow {
    pub(crate) request_head: Vec<u8>,
    pub(crate) request_body: Vec<u8>,
    pub(crate) response_head: Option<Vec<u8>>,
    pub(crate) response_body: Option<Vec<u8>>,
    pub(crate) response_complete: bool,
}

/// A first attempt that succeeded, and its answer; both encoded.
pub(crate) type KeptAttempt = (Option<Vec<u8>>, Option<Vec<u8>>);

/// What a delivery shows of its webhook.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhooks)]
pub(crate) struct WebhookOfDelivery {
    pub(crate) name: String,
    /// `webhook` or `trigger`.
    pub(crate) kind: String,
    active: bool,
    inactive_reason: Option<String>,
    deleted_at_us: Option<i64>,
}

/// A delivery and the state of its webhook.
#[derive(Debug, Clone)]
pub(crate) struct LoggedDelivery {
    /// The delivery.
    pub(crate) row: DeliveryRow,
    /// Its webhook, which may have been deleted.
    pub(crate) webhook: WebhookOfDelivery,
    /// What holds its webhook up.
    pub(crate) standing: Standing,
}

impl LoggedDelivery {
    /// Whether it is to be sent, now or later.
    pub(crate) fn is_pending(&self) -> bool {
        self.row.state == DeliveryState::Pending.as_str()
    }

    /// Whether its webhook is switched on.
    pub(crate) fn is_webhook_active(&self) -> bool {
        self.webhook.active
    }

    /// Why Dealwire itself switched its webhook off.
    pub(crate) fn inactive_reason(&self) -> Option<&str> {
        self.webhook.inactive_reason.as_deref()
    }

    /// Whether its webhook was deleted.
    pub(crate) fn is_webhook_deleted(&self) -> bool {
        self.webhook.deleted_at_us.is_some()
    }
}

/// Delivery, webhook, and what holds that up.
type Joined = (DeliveryRow, WebhookOfDelivery, StandingRow);

impl From<Joined> for LoggedDelivery {
    fn from((row, webhook, standing): Joined) -> Self {
        Self {
            row,
            webhook,
            standing: standing.into(),
        }
    }
}

/// Which deliveries a list shows. An empty list of values filters nothing.
#[derive(Debug, Clone)]
pub(crate) struct DeliveryList {
    /// Of these webhooks.
    pub(crate) webhook_ids: Vec<i64>,
    /// Of webhooks of this kind.
    pub(crate) kinds: Vec<&'static str>,
    /// In these states.
    pub(crate) states: Vec<&'static str>,
    /// Of this kind of record.
    pub(crate) component: Option<&'static str>,
    /// Of these records.
    pub(crate) record_ids: Vec<i64>,
    /// Of events of these types.
    pub(crate) event_types: Vec<&'static str>,
    /// Of this event.
    pub(crate) event_id: Option<EventId>,
    /// For these reasons.
    pub(crate) origins: Vec<&'static str>,
    /// When they were made.
    pub(crate) created: TimeRange,
    /// Older than this one.
    pub(crate) before: Option<DeliveryId>,
    /// How many at most.
    pub(crate) limit: i64,
}

/// The account's deliveries with the state of their webhooks.
macro_rules! logged_deliveries {
    ($account_id:expr) => {
        deliveries::table
            .inner_join(
                webhook_lanes::table.on(webhook_lanes::webhook_id.eq(deliveries::webhook_id)),
            )
            .inner_join(webhooks::table.on(webhooks::id.eq(deliveries::webhook_id)))
            .filter(deliveries::account_id.eq($account_id.0))
            .select((
                DeliveryRow::as_select(),
                WebhookOfDelivery::as_select(),
                StandingRow::as_select(),
            ))
    };
}

/// The account's deliveries, newest first.
pub(crate) fn list_deliveries(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    list: &DeliveryList,
) -> Result<Vec<LoggedDelivery>, DatabaseError> {
    let rows: Vec<Joined> = on_backend!(conn, |c| {
        let mut query = logged_deliveries!(account_id).into_boxed();
        if !list.webhook_ids.is_empty() {
            query = query.filter(deliveries::webhook_id.eq_any(&list.webhook_ids));
        }
        if !list.kinds.is_empty() {
            query = query.filter(webhooks::kind.eq_any(&list.kinds));
        }
        if !list.states.is_empty() {
            query = query.filter(deliveries::state.eq_any(&list.states));
            if !list.states.contains(&DeliveryState::Delivered.as_str()) {
                query = query.filter(has_not_arrived());
            }
        }
        if let Some(component) = list.component {
            query = query.filter(deliveries::component.eq(component));
        }
        if !list.record_ids.is_empty() {
            query = query.filter(deliveries::record_id.eq_any(&list.record_ids));
        }
        if !list.event_types.is_empty() {
            query = query.filter(deliveries::event_type.eq_any(&list.event_types));
        }
        if let Some(event_id) = list.event_id {
            let (first, last) = DeliveryId::range_of_event(event_id);
            query = query
                .filter(deliveries::id.between(first.as_bytes().to_vec(), last.as_bytes().to_vec()))
                .filter(deliveries::event_id.eq(event_id.as_bytes().to_vec()));
        }
        if !list.origins.is_empty() {
            query = query.filter(deliveries::origin.eq_any(&list.origins));
        }
        if let Some(from) = list.created.from_micros {
            query = query.filter(deliveries::created_at_us.ge(from));
        }
        if let Some(to) = list.created.to_micros {
            query = query.filter(deliveries::created_at_us.lt(to));
        }
        if let Some(before) = &list.before {
            query = query.filter(deliveries::id.lt(before.as_bytes()));
        }
        query.order(deliveries::id.desc()).limit(list.limit).load(c)
    })?;
    Ok(rows.into_iter().map(LoggedDelivery::from).collect())
}

/// The delivery, if it is the account's.
pub(crate) fn find_logged_delivery(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: DeliveryId,
) -> Result<Option<LoggedDelivery>, DatabaseError> {
    let row: Option<Joined> = on_backend!(conn, |c| logged_deliveries!(account_id)
        .filter(deliveries::id.eq(id.as_bytes()))
        .first(c)
        .optional())?;
    Ok(row.map(LoggedDelivery::from))
}

/// The first attempt of a delivery that was found for its account, if its row keeps that.
pub(crate) fn find_kept_attempt(
    conn: &mut Connection<'_>,
    id: DeliveryId,
) -> Result<KeptAttempt, DatabaseError> {
    Ok(on_backend!(conn, |c| deliveries::table
        .find(id.as_bytes())
        .select((deliveries::first_attempt, deliveries::first_answer))
        .first(c))?)
}

/// The last attempts of a delivery that was found for its account, in the order
/// in which they were made, without the one that its row keeps. Bodies may be gone before the
/// rest.
pub(crate) fn list_attempts(
    conn: &mut Connection<'_>,
    id: DeliveryId,
) -> Result<Vec<(AttemptRow, Option<AttemptBodyRow>)>, DatabaseError> {
    let mut rows: Vec<(AttemptRow, Option<AttemptBodyRow>)> =
        on_backend!(conn, |c| attempts::table
            .left_join(
                attempt_bodies::table.on(attempt_bodies::delivery_id
                    .eq(attempts::delivery_id)
                    .and(attempt_bodies::claim_no.eq(attempts::claim_no))),
            )
            .filter(attempts::delivery_id.eq(id.as_bytes()))
            .order(attempts::claim_no.desc())
            .limit(MAX_SHOWN_ATTEMPTS.into())
            .select((
                AttemptRow::as_select(),
                Option::<AttemptBodyRow>::as_select()
            ))
            .load(c))?;
    rows.reverse();
    Ok(rows)
}

/// The URLs that versions of a webhook's settings call.
pub(crate) fn list_urls(
    conn: &mut Connection<'_>,
    webhook_id: WebhookId,
    versions: &[i64],
) -> Result<HashMap<i64, String>, DatabaseError> {
    let rows: Vec<(i64, Value)> = on_backend!(conn, |c| webhook_versions::table
        .filter(webhook_versions::webhook_id.eq(webhook_id.0))
        .filter(webhook_versions::version.eq_any(versions))
        .select((webhook_versions::version, webhook_versions::settings))
        .load(c))?;
    let url_of = |settings: &Value| settings["url"].as_str().map(str::to_owned);
    Ok(rows
        .into_iter()
        .filter_map(|(version, settings)| Some((version, url_of(&settings)?)))
        .collect())
}

/// Makes a delivery due now, and one that was over pending again, with
/// `expire_after_us` to live. `false` if it is no longer as `delivery` says.
pub(crate) fn retry_now(
    conn: &mut Connection<'_>,
    delivery: &LoggedDelivery,
    expire_after_us: i64,
) -> Result<bool, DatabaseError> {
    let now_us = conn.now_us()?;
    let row = &delivery.row;
    let unchanged = deliveries::table
        .find(&row.id)
        .filter(deliveries::state.eq(&row.state))
        .filter(deliveries::erased_at_us.is_null())
        .filter(deliveries::claim_no.eq(row.claim_no));
    let updated = if delivery.is_pending() {
        on_backend!(conn, |c| diesel::update(unchanged)
            .set(deliveries::due_at_us.eq(row.due_at_us.min(now_us)))
            .execute(c))?
    } else {
        on_backend!(conn, |c| diesel::update(unchanged)
            .set((
                deliveries::state.eq(DeliveryState::Pending.as_str()),
                deliveries::due_at_us.eq(now_us),
                // What an attempt of before may still report is not of this claim.
                deliveries::claim_no.eq(deliveries::claim_no + 1),
                deliveries::worker_id.eq(None::<Vec<u8>>),
                deliveries::held_for.eq(None::<String>),
                unless_skipped(),
                deliveries::expires_at_us.eq(now_us.saturating_add(expire_after_us)),
                deliveries::finished_at_us.eq(None::<i64>),
            ))
            .execute(c))?
    };
    Ok(updated == 1)
}
