//! What was so when an event came: the event, and the settings in force then.

use ::events::{AccountId, Decoded, Event, EventId};
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use serde_json::Value;

use super::samples::is_made_up;
use super::schema::{attempts, deliveries, event_bodies, events, webhook_versions, webhooks};
use crate::domain::delivery::{DeliveryId, Origin};
use crate::domain::webhook::{WebhookId, WebhookKind};

/// A webhook as it is now, or as it was when it was deleted.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhooks)]
pub(crate) struct WebhookRow {
    pub(crate) settings: Value,
    pub(crate) settings_version: i64,
    pub(crate) deleted_at_us: Option<i64>,
    /// At its last change; of one that was deleted, at that.
    config_version: i64,
}

impl WebhookRow {
    /// Whether it was gone already when an event came.
    pub(crate) fn was_gone_before(&self, event: &EventRow) -> bool {
        self.deleted_at_us.is_some() && self.config_version <= event.config_version
    }
}

/// An event that was taken in.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = events)]
pub(crate) struct EventRow {
    pub(crate) event_type: String,
    pub(crate) received_at_us: i64,
    /// How many deliveries it was given.
    pub(crate) matched: i64,
    /// By the settings of this version.
    pub(crate) config_version: i64,
    pub(crate) erased_at_us: Option<i64>,
}

/// An event as it is kept.
#[derive(Debug)]
pub(crate) struct KeptEvent {
    pub(crate) row: EventRow,
    /// As it came, as long as that is kept.
    pub(crate) body: Option<Vec<u8>>,
}

impl KeptEvent {
    /// What it says. What was taken in once can be decoded again; if it cannot, it
    /// is as good as not kept.
    pub(crate) fn decode(&self) -> Option<Event> {
        match Event::decode(self.body.as_deref()?) {
            Ok(Decoded::Event(event)) => Some(event),
            Ok(Decoded::Unknown) | Err(_) => None,
        }
    }
}

impl EventRow {
    /// Whether it never came, but was made up for a test request.
    pub(crate) fn is_made_up(&self) -> bool {
        is_made_up(self.config_version)
    }
}

/// A webhook as it was at one time.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_versions)]
pub(crate) struct VersionRow {
    pub(crate) version: i64,
    pub(crate) settings: Value,
    /// Whether it was switched on; `None` if nobody wrote that down yet.
    pub(crate) active: Option<bool>,
}

/// The last request of a delivery.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = attempts)]
pub(crate) struct LastAttemptRow {
    pub(crate) error_kind: Option<String>,
    pub(crate) error: Option<String>,
}

/// The webhook of this kind if it is the account's, also one that was deleted: its
/// deliveries are still asked about.
pub(crate) fn find_webhook_or_tombstone(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    kind: WebhookKind,
    id: WebhookId,
) -> Result<Option<WebhookRow>, DatabaseError> {
    Ok(on_backend!(conn, |c| webhooks::table
        .filter(webhooks::id.eq(id.0))
        .filter(webhooks::account_id.eq(account_id.0))
        .filter(webhooks::kind.eq(kind.as_str()))
        .select(WebhookRow::as_select())
        .first(c)
        .optional())?)
}

/// The event, if it is the account's.
pub(crate) fn find_event(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: EventId,
) -> Result<Option<KeptEvent>, DatabaseError> {
    let found: Option<(EventRow, Option<Vec<u8>>)> = on_backend!(conn, |c| events::table
        .left_join(event_bodies::table.on(event_bodies::event_id.eq(events::event_id)))
        .filter(events::event_id.eq(id.as_bytes()))
        .filter(events::account_id.eq(account_id.0))
        .select((EventRow::as_select(), event_bodies::body.nullable()))
        .first(c)
        .optional())?;
    Ok(found.map(|(row, body)| KeptEvent { row, body }))
}

/// The version of a webhook that an event met; `None` if it was created later.
///
/// Versions that were written before this was counted have the number 0: of those
/// the clock tells.
pub(crate) fn find_version_in_force(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    webhook: WebhookId,
    event: &EventRow,
) -> Result<Option<VersionRow>, DatabaseError> {
    Ok(on_backend!(conn, |c| webhook_versions::table
        .filter(webhook_versions::webhook_id.eq(webhook.0))
        .filter(webhook_versions::account_id.eq(account_id.0))
        .filter(webhook_versions::config_version.le(event.config_version))
        .filter(
            webhook_versions::config_version
                .gt(0)
                .or(webhook_versions::created_at_us.le(event.received_at_us)),
        )
        .order(webhook_versions::version.desc())
        .select(VersionRow::as_select())
        .first(c)
        .optional())?)
}

/// How many deliveries of an event there still are.
pub(crate) fn count_deliveries(
    conn: &mut Connection<'_>,
    id: EventId,
) -> Result<i64, DatabaseError> {
    // Their ids begin with the time of their event, so this is a short range.
    let (first, last) = DeliveryId::range_of_event(id);
    Ok(on_backend!(conn, |c| deliveries::table
        .filter(deliveries::id.between(first.as_bytes(), last.as_bytes()))
        .filter(deliveries::event_id.eq(id.as_bytes()))
        .filter(deliveries::origin.eq(Origin::Event.as_str()))
        .count()
        .get_result(c))?)
}

/// The last request of a delivery that was found for its account.
pub(crate) fn find_last_attempt(
    conn: &mut Connection<'_>,
    id: DeliveryId,
) -> Result<Option<LastAttemptRow>, DatabaseError> {
    Ok(on_backend!(conn, |c| attempts::table
        .filter(attempts::delivery_id.eq(id.as_bytes()))
        .order(attempts::claim_no.desc())
        .select(LastAttemptRow::as_select())
        .first(c)
        .optional())?)
}
