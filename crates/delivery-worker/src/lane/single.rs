//! One lane: its slots, its queue, and how much it wants.

use std::collections::BTreeSet;

use events::AccountId;

use super::pace::Pace;
use super::queue::LaneQueue;
use super::unrecorded::Unrecorded;
use super::{Crew, Gate, LaneTerms, OpenLimits};
use crate::domain::webhook::WebhookId;

/// The farthest that a queue may reach ahead: what takes about a second.
const AHEAD_US: i64 = 1_000_000;
const MAX_AHEAD: usize = 256;
/// A receiver that takes this long is not quick.
const QUICK_US: i64 = 250_000;
/// How many deliveries may wait for another one of their record.
const MAX_WAITING: usize = 256;
/// How many times as much may be open while outcomes are recorded in time.
const MORE_IF_IN_TIME: usize = 4;

/// The state of one webhook's deliveries in this worker.
#[derive(Debug)]
pub(super) struct Lane<J> {
    pub(super) account: AccountId,
    pub(super) terms: LaneTerms,
    /// This worker's share of the slots.
    pub(super) slots: usize,
    pub(super) gate: Gate,
    /// The newest state of the lane's row that was seen here.
    pub(super) revision: i64,
    pace: Option<Pace>,
    /// Nothing starts before, for the sake of the rate.
    pub(super) paced_until_us: Option<i64>,
    pub(super) in_flight: usize,
    /// Outcomes that are not on record.
    pub(super) unrecorded: Unrecorded,
    pub(super) reserved: usize,
    pub(super) asked: usize,
    pub(super) queue: LaneQueue<J>,
    /// When the earliest delivery that nobody has claimed is due, as far as is
    /// known here.
    pub(super) next_due_us: Option<i64>,
    pub(super) mean_duration_us: Option<i64>,
}

impl<J> Lane<J> {
    /// Whether something could be sent now.
    pub(super) fn wants_its_turn(&self) -> bool {
        let is_free = match self.gate {
            Gate::Open => true,
            Gate::HalfOpen => self.open() == 0,
            Gate::ClosedUntil { .. } | Gate::Closed => false,
        };
        is_free
            && self.in_flight < self.slots
            && self.queue.has_ready()
            && self.paced_until_us.is_none()
    }

    /// Whether its receiver gives a slot back soon, as far as is known. Receivers
    /// that do not would sooner or later have all of them, and everybody else would
    /// wait for as long as they take.
    pub(super) fn is_quick(&self) -> bool {
        match self.mean_duration_us {
            Some(mean_us) => mean_us <= QUICK_US,
            None => self.in_flight == 0,
        }
    }

    /// Whether one more may be sent without too much coming twice after a crash.
    ///
    /// Outcomes gather while others are being committed; the faster a lane is, the
    /// more of them. A bound on their number alone would slow fast lanes down, or be
    /// of no use to others.
    pub(super) fn may_open_one_more(&self, limits: OpenLimits, clock_us: i64) -> bool {
        let most = limits.least.max(2 * self.slots);
        let open = self.open();
        open < most
            || (open < most * MORE_IF_IN_TIME
                && self.unrecorded.age_us(clock_us) <= limits.usual_wait_us)
    }

    /// How many deliveries would be repeated after a crash.
    fn open(&self) -> usize {
        self.in_flight + self.unrecorded.count()
    }

    /// This worker's share of the slots.
    pub(super) fn share(&self, webhook: WebhookId, crew: &Crew) -> usize {
        let slots = self.terms.max_concurrency;
        match self.gate {
            Gate::HalfOpen => slots.min(1) * usize::from(crew.is_first(webhook)),
            _ if self.terms.is_exclusive => slots * usize::from(crew.is_first(webhook)),
            _ => crew.slots(webhook, slots),
        }
    }

    /// Takes the rate over from the terms.
    pub(super) fn set_rate(&mut self, webhook: WebhookId, paced: &mut BTreeSet<(i64, WebhookId)>) {
        self.pace = self.terms.rate_per_second.map(|rate| match self.pace {
            Some(pace) => pace.with_rate(rate),
            None => Pace::new(rate),
        });
        if let Some(old_us) = self.paced_until_us.take() {
            paced.remove(&(old_us, webhook));
        }
        self.wait_for_pace(webhook, paced);
    }

    /// Notes a start, after which the rate may let nothing start for a while.
    pub(super) fn pace_out(
        &mut self,
        webhook: WebhookId,
        clock_us: i64,
        paced: &mut BTreeSet<(i64, WebhookId)>,
    ) {
        if let Some(pace) = &mut self.pace {
            pace.start(clock_us);
            self.wait_for_pace(webhook, paced);
        }
    }

    fn wait_for_pace(&mut self, webhook: WebhookId, paced: &mut BTreeSet<(i64, WebhookId)>) {
        self.paced_until_us = self.pace.map(|pace| pace.earliest_us());
        if let Some(at_us) = self.paced_until_us {
            paced.insert((at_us, webhook));
        }
    }

    /// Whether what the lane holds will be sent from here.
    pub(super) fn keeps_its_queue(&self) -> bool {
        self.gate.lets_through() && self.slots > 0
    }

    /// How many deliveries the lane should hold, under way and queued.
    pub(super) fn target(&self) -> usize {
        let slots = self.slots;
        if self.gate == Gate::HalfOpen {
            return slots;
        }
        let ahead = self.mean_duration_us.map_or(0, |mean_us| {
            let each = usize::try_from(AHEAD_US / mean_us.max(1)).unwrap_or(0);
            (slots * each).min(MAX_AHEAD)
        });
        slots + ahead
    }

    pub(super) fn room(&self) -> usize {
        if !self.gate.lets_through() || self.queue.waiting() >= MAX_WAITING {
            return 0;
        }
        let waiting = self.reserved + self.asked + self.queue.ready();
        let under_way = match self.gate {
            Gate::HalfOpen => self.open(),
            _ => self.in_flight,
        };
        let room = self.target().saturating_sub(under_way + waiting);
        room.min(self.most_waiting().saturating_sub(waiting))
    }

    /// How many may wait: what its rate lets start within a second.
    fn most_waiting(&self) -> usize {
        self.pace.map_or(usize::MAX, |pace| pace.per_second())
    }

    /// Whether it is worth asking: a claim for many costs little more than one.
    pub(super) fn wants_work(&self) -> bool {
        let room = self.room();
        room > 0 && (!self.queue.has_ready() || room * 2 >= self.target().min(self.most_waiting()))
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
            terms: LaneTerms::default(),
            slots: 0,
            gate: Gate::Closed,
            revision: 0,
            pace: None,
            paced_until_us: None,
            in_flight: 0,
            unrecorded: Unrecorded::default(),
            reserved: 0,
            asked: 0,
            queue: LaneQueue::default(),
            next_due_us: None,
            mean_duration_us: None,
        }
    }
}
