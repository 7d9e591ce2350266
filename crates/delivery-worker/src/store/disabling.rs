//! Disabling webhooks, and telling others of the account.

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use events::{Actor, ActorKind, Change, Event, EventId, Timestamp, WebhookDisabled};
use serde_json::Value;

use super::config::find_version;
use super::lanes::{DisabledReason, disable_lane};
use super::schema::{deliveries, event_bodies, events as events_table, webhooks};
use super::webhook_records::decode_settings;
use crate::domain::delivery::{DeliveryId, DeliveryState, Origin};
use crate::domain::webhook::{EventSwitches, WebhookId, WebhookKind};

/// The part of the event's type before the dot.
const COMPONENT: &str = "webhook";

/// How deliveries begin where their webhook says nothing itself, and how long they live.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeliveryTerms {
    /// The pause before the first attempt.
    pub(crate) first_pause_us: i64,
    /// How old a delivery may get.
    pub(crate) expire_after_us: i64,
}

/// A delivery of an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Announced {
    /// To whom.
    pub(crate) webhook: WebhookId,
    /// When it is due.
    pub(crate) due_at_us: i64,
}

#[derive(Insertable)]
#[diesel(table_name = deliveries, treat_none_as_default_value = false)]
struct NewAnnouncement<'a> {
    id: Vec<u8>,
    account_id: i64,
    webhook_id: i64,
    event_id: &'a [u8],
    origin: &'static str,
    state: &'static str,
    event_type: &'static str,
    component: &'static str,
    due_at_us: i64,
    attempts: i64,
    claim_no: i64,
    created_at_us: i64,
    expires_at_us: i64,
}

/// Disables a webhook, unless it is disabled already, and stores the event of that with a delivery
/// for each other webhook of the account that asks for such events.
///
/// Returns the deliveries: who commits has to wake their lanes.
pub(crate) fn disable_webhook(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    reason: DisabledReason,
    terms: &DeliveryTerms,
    now_us: i64,
) -> Result<Vec<Announced>, DatabaseError> {
    if disable_lane(conn, webhook, reason, now_us)? {
        announce(conn, webhook, reason, terms, now_us)
    } else {
        Ok(Vec::new())
    }
}

/// To be called once, in the transaction that disables.
fn announce(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    reason: DisabledReason,
    terms: &DeliveryTerms,
    now_us: i64,
) -> Result<Vec<Announced>, DatabaseError> {
    let Some((account_id, event)) = event_of(conn, webhook, reason, now_us)? else {
        return Ok(Vec::new());
    };
    let listeners = list_listeners(conn, account_id, webhook)?;
    insert_event(conn, &event, listeners.len(), now_us)?;
    let announced: Vec<Announced> = listeners
        .into_iter()
        .map(|listener| Announced {
            webhook: listener.webhook,
            due_at_us: now_us
                .saturating_add(listener.first_pause_us.unwrap_or(terms.first_pause_us)),
        })
        .collect();
    insert_deliveries(conn, &event, &announced, terms, now_us)?;
    Ok(announced)
}

/// What is told; nothing of a webhook that was deleted meanwhile.
fn event_of(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    reason: DisabledReason,
    now_us: i64,
) -> Result<Option<(i64, Event)>, DatabaseError> {
    let row: Option<(i64, String, String)> = on_backend!(conn, |c| webhooks::table
        .find(webhook.0)
        .filter(webhooks::deleted_at_us.is_null())
        .select((webhooks::account_id, webhooks::name, webhooks::kind))
        .first(c)
        .optional())?;
    Ok(row.map(|(account_id, name, kind)| {
        let is_trigger = kind == WebhookKind::Trigger.as_str();
        let disabled = WebhookDisabled {
            webhook_id: events::WebhookId(webhook.0),
            name,
            kind: if is_trigger {
                events::WebhookKind::Trigger
            } else {
                events::WebhookKind::Webhook
            },
            reason: match reason {
                DisabledReason::Gone => events::DisabledReason::Gone,
                DisabledReason::Failing => events::DisabledReason::Failing,
            },
            disabled_at: Timestamp(now_us),
        };
        let event = Event {
            id: EventId::new(Timestamp(now_us)),
            account_id: events::AccountId(account_id),
            occurred_at: Timestamp(now_us),
            actor: Actor {
                kind: ActorKind::System,
                token_id: None,
            },
            cause: events::Cause::default(),
            change: Change::WebhookDisabled(disabled),
        };
        (account_id, event)
    }))
}

/// A webhook that asks for such events.
struct Listener {
    webhook: WebhookId,
    /// Its own pause before the first attempt, if it has a schedule of its own.
    first_pause_us: Option<i64>,
}

/// Those of the account that are switched on, but for the one that is told of.
fn list_listeners(
    conn: &mut Connection<'_>,
    account_id: i64,
    disabled: WebhookId,
) -> Result<Vec<Listener>, DatabaseError> {
    // Settings lie in one column; few of them speak of such events at all.
    let speaks_of_it = || sql::<Bool>("CAST(settings AS TEXT) LIKE '%webhook.disabled%'");
    let rows: Vec<(i64, Value)> = on_backend!(conn, |c| webhooks::table
        .filter(webhooks::account_id.eq(account_id))
        .filter(webhooks::kind.eq(WebhookKind::Webhook.as_str()))
        .filter(webhooks::active.eq(true))
        .filter(webhooks::deleted_at_us.is_null())
        .filter(webhooks::id.ne(disabled.0))
        .filter(speaks_of_it())
        .order(webhooks::id)
        .select((webhooks::id, webhooks::settings))
        .load(c))?;
    let mut listeners = Vec::new();
    for (id, settings) in rows {
        // One whose settings cannot be read is fired by nothing, and may not keep another one from
        // being disabled.
        let Ok(settings) = decode_settings(settings) else {
            continue;
        };
        if settings.events.intersects(EventSwitches::DISABLED) {
            let own = settings.retry_schedule_seconds.as_deref();
            listeners.push(Listener {
                webhook: WebhookId(id),
                first_pause_us: own
                    .map(|own| i64::from(own.first().copied().unwrap_or(0)) * 1_000_000),
            });
        }
    }
    Ok(listeners)
}

fn insert_event(
    conn: &mut Connection<'_>,
    event: &Event,
    matched: usize,
    now_us: i64,
) -> Result<(), DatabaseError> {
    let config_version = find_version(conn)?;
    let body = event.encode();
    on_backend!(conn, |c| {
        diesel::insert_into(events_table::table)
            .values((
                events_table::event_id.eq(event.id.as_bytes()),
                events_table::account_id.eq(event.account_id.0),
                events_table::event_type.eq(event.change.event_type()),
                events_table::component.eq(COMPONENT),
                events_table::occurred_at_us.eq(event.occurred_at.0),
                events_table::received_at_us.eq(now_us),
                events_table::matched.eq(i64::try_from(matched).unwrap_or(i64::MAX)),
                events_table::config_version.eq(config_version),
            ))
            .execute(c)?;
        diesel::insert_into(event_bodies::table)
            .values((
                event_bodies::event_id.eq(event.id.as_bytes()),
                event_bodies::body.eq(&body),
            ))
            .execute(c)?;
    });
    Ok(())
}

fn insert_deliveries(
    conn: &mut Connection<'_>,
    event: &Event,
    announced: &[Announced],
    terms: &DeliveryTerms,
    now_us: i64,
) -> Result<(), DatabaseError> {
    /// SQLite bounds the number of values of a statement.
    const ROWS_PER_INSERT: usize = 500;
    let rows: Vec<NewAnnouncement<'_>> = announced
        .iter()
        .map(|announced| NewAnnouncement {
            id: DeliveryId::of_event(event.id, announced.webhook)
                .as_bytes()
                .to_vec(),
            account_id: event.account_id.0,
            webhook_id: announced.webhook.0,
            event_id: event.id.as_bytes(),
            origin: Origin::Event.as_str(),
            state: DeliveryState::Pending.as_str(),
            event_type: event.change.event_type(),
            component: COMPONENT,
            due_at_us: announced.due_at_us,
            attempts: 0,
            claim_no: 0,
            created_at_us: now_us,
            expires_at_us: now_us.saturating_add(terms.expire_after_us),
        })
        .collect();
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        on_backend!(conn, |c| diesel::insert_into(deliveries::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}
