//! One lane: its slots, its queue, and how much it wants.

use std::collections::BTreeSet;

use events::AccountId;

use super::Gate;
use super::queue::LaneQueue;
use crate::domain::webhook::WebhookId;

/// The farthest that a queue may reach ahead: what takes about a second.
const AHEAD_US: i64 = 1_000_000;
const MAX_AHEAD: usize = 256;
/// How many deliveries may wait for another one of their record.
const MAX_WAITING: usize = 256;

/// The state of one webhook's deliveries in this worker.
#[derive(Debug)]
pub(super) struct Lane<J> {
    pub(super) account: AccountId,
    /// Over all workers.
    pub(super) max_concurrency: usize,
    /// This worker's share of them.
    pub(super) slots: usize,
    pub(super) gate: Gate,
    pub(super) in_flight: usize,
    pub(super) reserved: usize,
    pub(super) asked: usize,
    pub(super) queue: LaneQueue<J>,
    /// When the earliest delivery that nobody has claimed is due, as far as is
    /// known here.
    pub(super) next_due_us: Option<i64>,
    pub(super) mean_duration_us: Option<i64>,
}

impl<J> Lane<J> {
    pub(super) fn can_start(&self) -> bool {
        self.gate == Gate::Open && self.in_flight < self.slots && self.queue.has_ready()
    }

    /// Whether what the lane holds will be sent from here.
    pub(super) fn keeps_its_queue(&self) -> bool {
        self.gate == Gate::Open && self.slots > 0
    }

    /// How many deliveries the lane should hold, under way and queued.
    pub(super) fn target(&self) -> usize {
        let slots = self.slots;
        let ahead = self.mean_duration_us.map_or(0, |mean_us| {
            let each = usize::try_from(AHEAD_US / mean_us.max(1)).unwrap_or(0);
            (slots * each).min(MAX_AHEAD)
        });
        slots + ahead
    }

    pub(super) fn room(&self) -> usize {
        if self.gate != Gate::Open || self.queue.waiting() >= MAX_WAITING {
            return 0;
        }
        let held = self.in_flight + self.reserved + self.asked + self.queue.ready();
        self.target().saturating_sub(held)
    }

    /// Whether it is worth asking: a claim for many costs little more than one.
    pub(super) fn wants_work(&self) -> bool {
        let room = self.room();
        room > 0 && (!self.queue.has_ready() || room * 2 >= self.target())
    }

    /// Sets the time; the index must not keep the lane under the old one.
    pub(super) fn set_next_due(
        &mut self,
        webhook: WebhookId,
        due_us: Option<i64>,
        index: &mut BTreeSet<(i64, WebhookId)>,
    ) {
        if let Some(old_us) = self.next_due_us {
            index.remove(&(old_us, webhook));
        }
        self.next_due_us = due_us;
    }

    pub(super) fn has_backlog(&self, now_us: i64) -> bool {
        self.asked > 0 || self.next_due_us.is_some_and(|due_us| due_us <= now_us)
    }
}

impl<J> Lane<J> {
    /// A lane that is closed until its gate is set.
    pub(super) fn new(account: AccountId) -> Self {
        Self {
            account,
            max_concurrency: 0,
            slots: 0,
            gate: Gate::Closed,
            in_flight: 0,
            reserved: 0,
            asked: 0,
            queue: LaneQueue::default(),
            next_due_us: None,
            mean_duration_us: None,
        }
    }
}
