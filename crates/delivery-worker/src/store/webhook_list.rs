//! Lists of webhooks, narrowed by what lies in columns and by what does not.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, Timestamp};
use http_api::{PageRequest, TimeRange};

use super::schema::{webhook_lanes, webhooks};
use super::webhook_records::{RecordRow, StandingRow, StoredWebhook, live_webhooks};
use crate::domain::trigger::TriggerEvent;
use crate::domain::webhook::{WebhookKind, WebhookSettings};
use crate::domain::webhook_record::{Webhook, WebhookState};

/// How many rows are looked at in one query while a filter picks from them.
const BATCH_ROWS: i64 = 200;

/// Which webhooks a list shows.
#[derive(Debug, Clone)]
pub(crate) struct WebhookList {
    /// Webhooks or triggers.
    pub(crate) kind: WebhookKind,
    /// Switched on, or off.
    pub(crate) active: Option<bool>,
    /// Bound to any of these stages; empty for any.
    pub(crate) stages: Vec<i64>,
    /// Bound to a stage in any of these pipelines; empty for any.
    pub(crate) pipelines: Vec<i64>,
    /// What fires it.
    pub(crate) fired_by: FiredBy,
    /// It is in any of these states.
    pub(crate) states: Vec<WebhookState>,
    /// When it was created.
    pub(crate) created: TimeRange,
    /// When it was last changed.
    pub(crate) updated: TimeRange,
    /// Which part of the list.
    pub(crate) page: PageRequest,
}

/// Any of these fires it; empty for whatever does.
#[derive(Debug, Clone)]
pub(crate) enum FiredBy {
    /// An event of S0.
    Switches(Vec<&'static str>),
    /// Something that happens at a trigger's stage.
    Trigger(Vec<TriggerEvent>),
}

impl FiredBy {
    fn picks(&self, settings: &WebhookSettings) -> bool {
        match self {
            Self::Switches(events) => {
                let mut fired_by = settings.events.names();
                events.is_empty() || fired_by.any(|name| events.contains(&name))
            }
            Self::Trigger(events) => {
                let of_trigger = settings.trigger.as_ref().map(|trigger| trigger.event);
                events.is_empty() || of_trigger.is_some_and(|event| events.contains(&event))
            }
        }
    }
}

impl WebhookList {
    /// What of the filter lies in the settings rather than in columns.
    fn picks(&self, webhook: &Webhook, now: Timestamp) -> bool {
        let config = &webhook.config;
        let state = WebhookState::of(config.active, &webhook.standing, now);
        let trigger = config.settings.trigger.as_ref();
        self.fired_by.picks(&config.settings)
            && (self.pipelines.is_empty()
                || trigger.is_some_and(|it| self.pipelines.contains(&it.pipeline.0)))
            && (self.states.is_empty() || self.states.contains(&state))
    }
}

/// One page of the account's webhooks, newest first, with one more than the page
/// has if there are more.
pub(crate) fn list_webhooks(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    list: &WebhookList,
    now: Timestamp,
) -> Result<Vec<Webhook>, DatabaseError> {
    let wanted = usize::try_from(list.page.fetch_limit()).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    let mut before_id = list.page.before_id;
    loop {
        let rows = load_batch(conn, account_id, list, before_id)?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < BATCH_ROWS);
        before_id = rows.last().map(|(last, _)| last.id);
        for row in rows {
            let webhook = StoredWebhook::try_from(row)?.webhook;
            if list.picks(&webhook, now) {
                found.push(webhook);
            }
        }
        if is_last || found.len() >= wanted {
            break;
        }
    }
    found.truncate(wanted);
    Ok(found)
}

fn load_batch(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    list: &WebhookList,
    before_id: Option<i64>,
) -> Result<Vec<(RecordRow, StandingRow)>, DatabaseError> {
    Ok(on_backend!(conn, |c| {
        let mut query = live_webhooks!(account_id, list.kind).into_boxed();
        if let Some(active) = list.active {
            query = query.filter(webhooks::active.eq(active));
        }
        if !list.stages.is_empty() {
            query = query.filter(webhooks::stage_id.eq_any(&list.stages));
        }
        if let Some(from) = list.created.from_micros {
            query = query.filter(webhooks::created_at_us.ge(from));
        }
        if let Some(to) = list.created.to_micros {
            query = query.filter(webhooks::created_at_us.lt(to));
        }
        if let Some(from) = list.updated.from_micros {
            query = query.filter(webhooks::updated_at_us.ge(from));
        }
        if let Some(to) = list.updated.to_micros {
            query = query.filter(webhooks::updated_at_us.lt(to));
        }
        if let Some(before) = before_id {
            query = query.filter(webhooks::id.lt(before));
        }
        query.order(webhooks::id.desc()).limit(BATCH_ROWS).load(c)
    })?)
}

#[cfg(test)]
mod tests;
