//! Which webhooks an event fires. Pure: decided once, at ingest, and recorded.

use std::sync::Arc;

use events::Change;

use crate::lane::{Component, RecordKey};
use crate::registry::Webhook;

/// The webhooks among these, the active ones of the event's account, that
/// asked for such a change. A webhook that is paused or disabled is among them:
/// its deliveries wait.
pub(crate) fn matching<'a>(
    change: &'a Change,
    webhooks: &'a [Arc<Webhook>],
) -> impl Iterator<Item = &'a Arc<Webhook>> {
    webhooks
        .iter()
        .filter(move |webhook| webhook.events.include(change))
}

/// The record that a change is of; `None` for a bulk delete, and for what is
/// no record at all.
pub(crate) fn record_of(change: &Change) -> Option<RecordKey> {
    let (component, id) = match change {
        Change::Order(change) => (Component::Order, change.order.id.0),
        Change::Task(change) => (Component::Task, change.task.id.0),
        Change::Client(change) => (Component::Client, change.client.id.0),
        Change::TasksOfOrderDeleted(_)
        | Change::Pipeline(_)
        | Change::LeadConversionRequested(_)
        | Change::LeadConverted(_)
        | Change::TokenRevoked(_)
        | Change::PersonErased(_) => return None,
    };
    Some(RecordKey { component, id })
}
