//! An event on its way in, with the deliveries that it is given.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use events::Change;

use crate::domain::delivery::DeliveryId;
use crate::domain::webhook::WebhookId;
use crate::engine::HeldEvent;
use crate::lane::RecordKey;
use crate::ordering::Keeping;

/// An event that was decoded and matched.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) event: HeldEvent,
    /// As it came.
    pub(crate) body: Bytes,
    pub(crate) seq: Option<i64>,
    /// The record that the event is of.
    pub(crate) record: Option<RecordKey>,
    /// The webhooks of its account for which the revisions of its records are
    /// followed, whether or not it fires them; `None` if they are not.
    pub(crate) in_order: Option<Arc<[WebhookId]>>,
    /// One for each webhook that it fires.
    pub(crate) deliveries: Vec<PlannedDelivery>,
    /// Which message of the batch it was.
    pub(crate) place: usize,
}

/// A delivery that is about to be inserted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlannedDelivery {
    pub(crate) id: DeliveryId,
    pub(crate) webhook: WebhookId,
    /// The webhook's pause before the first attempt.
    pub(crate) pause_us: i64,
    /// What the webhook wants of the changes of one record, if not simply all.
    pub(crate) keeping: Option<Keeping>,
    /// Whether its lane kept a place, so that it is claimed with the insert.
    pub(crate) has_place: bool,
}

impl Arrival {
    /// The part of the type before the dot.
    pub(crate) fn component(&self) -> &'static str {
        let event_type = self.event.change.event_type();
        event_type
            .split_once('.')
            .map_or(event_type, |(component, _)| component)
    }

    /// Whether a lane kept a place for any of its deliveries.
    pub(crate) fn has_places(&self) -> bool {
        self.deliveries.iter().any(|planned| planned.has_place)
    }

    /// Whether the body is kept: of events that come, only a record's can be
    /// sent, now or in a replay.
    pub(crate) fn keeps_body(&self) -> bool {
        matches!(
            self.event.change,
            Change::Order(_) | Change::Task(_) | Change::TasksOfOrderDeleted(_) | Change::Client(_)
        )
    }
}

impl PlannedDelivery {
    /// Whether it is claimed with the insert, given what other workers hold.
    pub(crate) fn is_claimed(
        &self,
        record: Option<RecordKey>,
        held_elsewhere: &HashSet<(i64, RecordKey)>,
    ) -> bool {
        let is_held = |record| held_elsewhere.contains(&(self.webhook.0, record));
        self.has_place && !record.is_some_and(is_held)
    }
}
