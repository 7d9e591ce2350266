//! All lanes of a worker.

use std::collections::{BTreeSet, HashMap};

use events::AccountId;

use super::rotation::Rotation;
use super::share::Crew;
use super::single::Lane;
use super::{Gate, LaneLimits, LaneTerms, RecordKey, Stop};
use crate::domain::webhook::WebhookId;

/// All lanes of one worker; `J` is what it takes to send one delivery.
#[derive(Debug)]
pub(crate) struct Lanes<J> {
    pub(super) limits: LaneLimits,
    pub(super) lanes: HashMap<WebhookId, Lane<J>>,
    /// Lanes that can start something, by account.
    pub(super) startable: Rotation,
    /// Those of quick receivers once more.
    pub(super) quick: Rotation,
    /// Lanes with room, by when they have work.
    pub(super) due: BTreeSet<(i64, WebhookId)>,
    /// Lanes that open by themselves.
    pub(super) opening: BTreeSet<(i64, WebhookId)>,
    /// Lanes whose rate lets nothing start, by when it does.
    pub(super) paced: BTreeSet<(i64, WebhookId)>,
    /// The earliest of those times that its keeper was told.
    pub(super) told_start_us: Option<i64>,
    pub(super) with_open_breaker: usize,
    pub(super) last_asked: AccountId,
    pub(super) crew: Crew,
    pub(super) in_flight: usize,
    pub(super) queued: usize,
    pub(super) unrecorded: usize,
    pub(super) stops: u8,
}

impl<J> Lanes<J> {
    pub(crate) fn new(limits: LaneLimits) -> Self {
        Self {
            limits,
            lanes: HashMap::new(),
            startable: Rotation::default(),
            quick: Rotation::default(),
            due: BTreeSet::new(),
            opening: BTreeSet::new(),
            paced: BTreeSet::new(),
            told_start_us: None,
            with_open_breaker: 0,
            last_asked: AccountId(i64::MIN),
            crew: Crew::default(),
            in_flight: 0,
            queued: 0,
            unrecorded: 0,
            stops: 0,
        }
    }

    /// Adds a lane, or sets its terms. What a lane had queued that is not this
    /// worker's any more comes back.
    pub(crate) fn set_lane(
        &mut self,
        webhook: WebhookId,
        account: AccountId,
        terms: LaneTerms,
        now_us: i64,
    ) -> Vec<J> {
        let lane = self
            .lanes
            .entry(webhook)
            .or_insert_with(|| Lane::new(account));
        lane.terms = terms;
        lane.set_rate(webhook, &mut self.paced);
        self.divide(webhook, now_us)
    }

    /// Sets which workers share each lane's slots. What lanes had queued that
    /// are not this worker's any more comes back.
    pub(crate) fn set_crew(&mut self, crew: Crew, now_us: i64) -> Vec<J> {
        if self.crew == crew {
            return Vec::new();
        }
        self.crew = crew;
        let webhooks: Vec<WebhookId> = self.lanes.keys().copied().collect();
        webhooks
            .into_iter()
            .flat_map(|webhook| self.divide(webhook, now_us))
            .collect()
    }

    /// Whether other workers have a share of them.
    pub(crate) fn are_shared(&self) -> bool {
        !self.crew.is_alone()
    }

    /// Works out this worker's share of a lane.
    pub(super) fn divide(&mut self, webhook: WebhookId, now_us: i64) -> Vec<J> {
        let Some(lane) = self.lanes.get_mut(&webhook) else {
            return Vec::new();
        };
        lane.slots = lane.share(webhook, &self.crew);
        let mut given_up = Vec::new();
        if !lane.keeps_its_queue() {
            given_up = lane.queue.clear();
        }
        if !given_up.is_empty() {
            self.queued -= given_up.len();
            lane.set_next_due(webhook, Some(now_us), &mut self.due);
        }
        self.settle(webhook);
        given_up
    }

    /// Removes the lane of a webhook that was deleted, once nothing of it is
    /// under way; until then it is closed. What it had queued comes back.
    pub(crate) fn remove_lane(&mut self, webhook: WebhookId, now_us: i64) -> Vec<J> {
        let given_up = self.set_gate(webhook, Gate::Closed, now_us);
        if let Some(lane) = self.lanes.get(&webhook)
            && lane.in_flight + lane.reserved + lane.asked == 0
        {
            if let Some(due_us) = lane.next_due_us {
                self.due.remove(&(due_us, webhook));
            }
            if let Some(at_us) = lane.paced_until_us {
                self.paced.remove(&(at_us, webhook));
            }
            self.lanes.remove(&webhook);
        }
        given_up
    }

    /// Whether a delivery that is about to be inserted can start at once, in
    /// which case a place is kept for it. Not while older ones wait.
    pub(crate) fn reserve(&mut self, webhook: WebhookId, now_us: i64) -> bool {
        if self.stops != 0 || self.queued >= self.limits.max_queued {
            return false;
        }
        let Some(lane) = self.lanes.get_mut(&webhook) else {
            return false;
        };
        if lane.has_backlog(now_us) || lane.room() == 0 {
            return false;
        }
        lane.reserved += 1;
        self.settle(webhook);
        true
    }

    /// Gives a kept place back.
    pub(crate) fn cancel_reservation(&mut self, webhook: WebhookId) {
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.reserved = lane.reserved.saturating_sub(1);
        }
        self.settle(webhook);
    }

    /// Puts a claimed delivery into the place kept for it. If its lane has
    /// been closed meanwhile, it comes back.
    pub(crate) fn fill_reservation(
        &mut self,
        webhook: WebhookId,
        record: Option<RecordKey>,
        job: J,
        now_us: i64,
    ) -> Option<J> {
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.reserved = lane.reserved.saturating_sub(1);
        }
        self.enqueue(webhook, record, job, now_us)
    }

    /// The job comes back if its lane will not send it.
    pub(super) fn enqueue(
        &mut self,
        webhook: WebhookId,
        record: Option<RecordKey>,
        job: J,
        now_us: i64,
    ) -> Option<J> {
        let Some(lane) = self.lanes.get_mut(&webhook) else {
            return Some(job);
        };
        if !lane.keeps_its_queue() {
            lane.set_next_due(webhook, Some(now_us), &mut self.due);
            return Some(job);
        }
        lane.queue.push(record, job);
        self.queued += 1;
        self.settle(webhook);
        None
    }

    /// Frees a slot. `duration_us` is how long the receiver took, if it was
    /// asked. The outcome counts as unrecorded until [`Self::recorded`].
    pub(crate) fn finish(
        &mut self,
        webhook: WebhookId,
        record: Option<RecordKey>,
        duration_us: Option<i64>,
        clock_us: i64,
    ) {
        self.in_flight -= 1;
        self.unrecorded += 1;
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.in_flight -= 1;
            lane.unrecorded.add(clock_us);
            lane.queue.release(record);
            if let Some(took_us) = duration_us {
                lane.mean_duration_us = Some(match lane.mean_duration_us {
                    Some(mean_us) => mean_us + (took_us - mean_us) / 8,
                    None => took_us,
                });
            }
        }
        self.settle(webhook);
    }

    /// Notes that an outcome has to be recorded besides those that
    /// [`Self::finish`] counted.
    pub(crate) fn owe(&mut self, webhook: WebhookId, clock_us: i64) {
        self.unrecorded += 1;
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.unrecorded.add(clock_us);
        }
    }

    /// Notes that so many outcomes of a lane are safe. Returns whether more may
    /// be claimed by that.
    pub(crate) fn recorded(&mut self, webhook: WebhookId, count: usize) -> bool {
        let were_too_many = self.unrecorded >= self.limits.max_unrecorded;
        self.unrecorded = self.unrecorded.saturating_sub(count);
        let Some(lane) = self.lanes.get_mut(&webhook) else {
            return were_too_many;
        };
        lane.unrecorded.take(count);
        let is_half_open = lane.gate == Gate::HalfOpen;
        self.settle(webhook);
        were_too_many || is_half_open
    }

    /// Whether anything may be able to start that has not.
    pub(crate) fn have_startable(&self) -> bool {
        self.stops == 0 && !self.startable.is_empty()
    }

    /// Nothing starts while any reason holds. Returns whether this one did
    /// already.
    pub(crate) fn stop(&mut self, reason: Stop) -> bool {
        let held = self.is_stopped_by(reason);
        self.stops |= 1 << reason as u8;
        held
    }

    /// Takes a reason back.
    pub(crate) fn resume(&mut self, reason: Stop) {
        self.stops &= !(1 << reason as u8);
    }

    /// Whether this reason holds.
    pub(crate) fn is_stopped_by(&self, reason: Stop) -> bool {
        self.stops & (1 << reason as u8) != 0
    }

    /// Forgets everything queued, whose claims are no longer this worker's.
    pub(crate) fn forget_queued(&mut self, now_us: i64) {
        let webhooks: Vec<WebhookId> = self.lanes.keys().copied().collect();
        for webhook in webhooks {
            if let Some(lane) = self.lanes.get_mut(&webhook) {
                let forgotten = lane.queue.clear();
                if !forgotten.is_empty() {
                    self.queued -= forgotten.len();
                    lane.set_next_due(webhook, Some(now_us), &mut self.due);
                }
            }
            self.settle(webhook);
        }
    }

    /// Requests under way.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Claimed deliveries that wait.
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    /// Whether nothing is under way and every outcome is safe.
    pub(crate) fn is_quiet(&self) -> bool {
        self.in_flight == 0 && self.unrecorded == 0
    }

    /// When there will be something to do if nothing else happens.
    pub(crate) fn next_wake_us(&self) -> Option<i64> {
        let due = self.due.first().map(|(due_us, _)| *due_us);
        let opening = self.opening.first().map(|(until_us, _)| *until_us);
        due.into_iter().chain(opening).min()
    }

    /// Brings the indexes in line with one lane.
    pub(super) fn settle(&mut self, webhook: WebhookId) {
        let Some(lane) = self.lanes.get(&webhook) else {
            return;
        };
        if lane.wants_its_turn() {
            self.startable.add(lane.account, webhook);
            if lane.is_quick() {
                self.quick.add(lane.account, webhook);
            }
        }
        if let Some(due_us) = lane.next_due_us {
            if lane.wants_work() {
                self.due.insert((due_us, webhook));
            } else {
                self.due.remove(&(due_us, webhook));
            }
        }
    }
}
