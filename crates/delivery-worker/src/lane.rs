//! Which delivery is sent next: the decisions, without clocks, tasks or tables.
//!
//! A webhook is a lane. A lane has so many slots, and never two deliveries of
//! one record in them; a lane that is slow or down takes nothing from the
//! others. What a lane has claimed and cannot start yet waits in its queue,
//! which is kept as short as the receiver is slow. Accounts take turns.
//!
//! Times are microseconds by the database's clock, given in by the caller.

mod queue;
mod rotation;

use std::collections::{BTreeSet, HashMap};

use events::AccountId;

use crate::domain::webhook::WebhookId;
use queue::LaneQueue;
use rotation::Rotation;

/// A record of one webhook's account; two deliveries of it are never under way
/// at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RecordKey {
    /// Which kind of record.
    pub(crate) component: Component,
    /// Its id.
    pub(crate) id: i64,
}

/// The three kinds of record that fire webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Component {
    /// An order.
    Order,
    /// A task.
    Task,
    /// A client.
    Client,
}

impl Component {
    /// The wire name (S0).
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Task => "task",
            Self::Client => "client",
        }
    }

    /// From the wire name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Order, Self::Task, Self::Client]
            .into_iter()
            .find(|component| component.as_str() == name)
    }
}

/// The bounds of one worker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaneLimits {
    /// Requests under way at once, over all lanes.
    pub(crate) max_in_flight: usize,
    /// Claimed deliveries that wait in memory, over all lanes.
    pub(crate) max_queued: usize,
    /// Outcomes that are not recorded yet; beyond that nothing starts.
    pub(crate) max_unrecorded: usize,
}

/// Why nothing may start at the moment. Several can hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Outcomes cannot be recorded.
    Recording,
    /// The worker's lease is not certain.
    Lease,
    /// Claims may exist that nobody here knows of.
    Doubt,
    /// The worker ends.
    Shutdown,
}

/// Whether a lane may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Yes.
    Open,
    /// Not before this time.
    ClosedUntil(i64),
    /// Not until somebody opens it.
    Closed,
}

/// A lane that has work and room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ask {
    /// The lane.
    pub(crate) webhook: WebhookId,
    /// How many deliveries it takes at most.
    pub(crate) limit: usize,
}

/// The farthest that a queue may reach ahead: what takes about a second.
const AHEAD_US: i64 = 1_000_000;
const MAX_AHEAD: usize = 256;
/// How many deliveries may wait for another one of their record.
const MAX_WAITING: usize = 256;
/// How many due lanes one look considers, so that it costs the same however
/// many there are.
const MAX_CONSIDERED: usize = 1_024;

/// All lanes of one worker; `J` is what it takes to send one delivery.
#[derive(Debug)]
pub(crate) struct Lanes<J> {
    limits: LaneLimits,
    lanes: HashMap<WebhookId, Lane<J>>,
    /// Lanes that can start something, by account.
    startable: Rotation,
    /// Lanes with room, by when they have work.
    due: BTreeSet<(i64, WebhookId)>,
    /// Lanes that open by themselves.
    opening: BTreeSet<(i64, WebhookId)>,
    last_asked: AccountId,
    live_workers: usize,
    in_flight: usize,
    queued: usize,
    unrecorded: usize,
    stops: u8,
}

#[derive(Debug)]
struct Lane<J> {
    account: AccountId,
    max_concurrency: usize,
    gate: Gate,
    in_flight: usize,
    reserved: usize,
    asked: usize,
    queue: LaneQueue<J>,
    /// When the earliest delivery that nobody has claimed is due, as far as is
    /// known here.
    next_due_us: Option<i64>,
    mean_duration_us: Option<i64>,
}

impl<J> Lane<J> {
    fn slots(&self, live_workers: usize) -> usize {
        self.max_concurrency.div_ceil(live_workers.max(1)).max(1)
    }

    fn can_start(&self, live_workers: usize) -> bool {
        self.gate == Gate::Open
            && self.in_flight < self.slots(live_workers)
            && self.queue.has_ready()
    }

    /// How many deliveries the lane should hold, under way and queued.
    fn target(&self, live_workers: usize) -> usize {
        let slots = self.slots(live_workers);
        let ahead = self.mean_duration_us.map_or(0, |mean_us| {
            let each = usize::try_from(AHEAD_US / mean_us.max(1)).unwrap_or(0);
            (slots * each).min(MAX_AHEAD)
        });
        slots + ahead
    }

    fn room(&self, live_workers: usize) -> usize {
        if self.gate != Gate::Open || self.queue.waiting() >= MAX_WAITING {
            return 0;
        }
        let held = self.in_flight + self.reserved + self.asked + self.queue.ready();
        self.target(live_workers).saturating_sub(held)
    }

    /// Whether it is worth asking: a claim for many costs little more than one.
    fn wants_work(&self, live_workers: usize) -> bool {
        let room = self.room(live_workers);
        room > 0 && (!self.queue.has_ready() || room * 2 >= self.target(live_workers))
    }

    /// Sets the time; the index must not keep the lane under the old one.
    fn set_next_due(
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

    fn has_backlog(&self, now_us: i64) -> bool {
        self.asked > 0 || self.next_due_us.is_some_and(|due_us| due_us <= now_us)
    }
}

impl<J> Lanes<J> {
    pub(crate) fn new(limits: LaneLimits) -> Self {
        Self {
            limits,
            lanes: HashMap::new(),
            startable: Rotation::default(),
            due: BTreeSet::new(),
            opening: BTreeSet::new(),
            last_asked: AccountId(i64::MIN),
            live_workers: 1,
            in_flight: 0,
            queued: 0,
            unrecorded: 0,
            stops: 0,
        }
    }

    /// Adds a lane, or sets how many slots it has over all workers.
    pub(crate) fn set_lane(
        &mut self,
        webhook: WebhookId,
        account: AccountId,
        max_concurrency: usize,
    ) {
        self.lanes
            .entry(webhook)
            .and_modify(|lane| lane.max_concurrency = max_concurrency)
            .or_insert_with(|| Lane {
                account,
                max_concurrency,
                gate: Gate::Closed,
                in_flight: 0,
                reserved: 0,
                asked: 0,
                queue: LaneQueue::default(),
                next_due_us: None,
                mean_duration_us: None,
            });
        self.settle(webhook);
    }

    /// Opens or closes a lane. What a closed lane had queued comes back, for
    /// its claims to be given up.
    pub(crate) fn set_gate(&mut self, webhook: WebhookId, gate: Gate, now_us: i64) -> Vec<J> {
        let gate = match gate {
            Gate::ClosedUntil(until_us) if until_us <= now_us => Gate::Open,
            gate => gate,
        };
        let Some(lane) = self.lanes.get_mut(&webhook) else {
            return Vec::new();
        };
        if lane.gate == gate {
            return Vec::new();
        }
        if let Gate::ClosedUntil(until_us) = lane.gate {
            self.opening.remove(&(until_us, webhook));
        }
        lane.gate = gate;
        let mut given_up = Vec::new();
        match gate {
            Gate::Open => {}
            Gate::Closed => given_up = lane.queue.clear(),
            Gate::ClosedUntil(until_us) => {
                given_up = lane.queue.clear();
                self.opening.insert((until_us, webhook));
            }
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
            self.lanes.remove(&webhook);
        }
        given_up
    }

    /// Opens the lanes whose time has come.
    pub(crate) fn tick(&mut self, now_us: i64) {
        while let Some(&(until_us, webhook)) = self.opening.first() {
            if until_us > now_us {
                break;
            }
            self.opening.pop_first();
            if let Some(lane) = self.lanes.get_mut(&webhook) {
                lane.gate = Gate::Open;
            }
            self.settle(webhook);
        }
    }

    /// How many workers share each lane's slots.
    pub(crate) fn set_live_workers(&mut self, live_workers: usize) {
        if self.live_workers == live_workers {
            return;
        }
        self.live_workers = live_workers;
        let webhooks: Vec<WebhookId> = self.lanes.keys().copied().collect();
        for webhook in webhooks {
            self.settle(webhook);
        }
    }

    /// Whether a delivery that is about to be inserted can start at once, in
    /// which case a place is kept for it. Not while older ones wait.
    pub(crate) fn reserve(&mut self, webhook: WebhookId, now_us: i64) -> bool {
        if self.stops != 0 || self.queued >= self.limits.max_queued {
            return false;
        }
        let live_workers = self.live_workers;
        let Some(lane) = self.lanes.get_mut(&webhook) else {
            return false;
        };
        if lane.has_backlog(now_us) || lane.room(live_workers) == 0 {
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

    /// Notes that an unclaimed delivery is due at this time.
    pub(crate) fn note_due(&mut self, webhook: WebhookId, due_us: i64) {
        if let Some(lane) = self.lanes.get_mut(&webhook)
            && lane.next_due_us.is_none_or(|known_us| due_us < known_us)
        {
            lane.set_next_due(webhook, Some(due_us), &mut self.due);
            self.settle(webhook);
        }
    }

    /// The lanes to claim for, taking turns by account. Each must be answered
    /// by [`Self::claimed`] or [`Self::claim_failed`].
    pub(crate) fn ask(&mut self, now_us: i64, max_lanes: usize, max_rows: usize) -> Vec<Ask> {
        let mut asks = Vec::new();
        if self.stops != 0 {
            return asks;
        }
        let mut rows_left =
            max_rows.min(self.limits.max_queued.saturating_sub(self.queued));
        for webhook in self.due_in_turns(now_us) {
            if asks.len() == max_lanes || rows_left == 0 {
                break;
            }
            let live_workers = self.live_workers;
            let Some(lane) = self.lanes.get_mut(&webhook) else {
                continue;
            };
            let limit = lane.room(live_workers).min(rows_left);
            if limit == 0 {
                continue;
            }
            rows_left -= limit;
            lane.asked += limit;
            self.last_asked = lane.account;
            asks.push(Ask { webhook, limit });
            self.settle(webhook);
        }
        asks
    }

    /// Due lanes with room: one of each account, then the second of each, and
    /// so on, beginning after the account that was asked last.
    fn due_in_turns(&self, now_us: i64) -> Vec<WebhookId> {
        let mut turns: Vec<((usize, bool, AccountId), WebhookId)> = Vec::new();
        let mut of_account: HashMap<AccountId, usize> = HashMap::new();
        for &(due_us, webhook) in self.due.iter().take(MAX_CONSIDERED) {
            if due_us > now_us {
                break;
            }
            let Some(lane) = self.lanes.get(&webhook) else {
                continue;
            };
            let round = of_account.entry(lane.account).or_default();
            let had_its_turn = lane.account <= self.last_asked;
            turns.push(((*round, had_its_turn, lane.account), webhook));
            *round += 1;
        }
        turns.sort_unstable();
        turns.into_iter().map(|(_, webhook)| webhook).collect()
    }

    /// Answers an ask with what was claimed and when the next one is due that
    /// was not. What a lane cannot take, since it was closed meanwhile, comes
    /// back.
    pub(crate) fn claimed(
        &mut self,
        ask: Ask,
        jobs: Vec<(Option<RecordKey>, J)>,
        next_due_us: Option<i64>,
        now_us: i64,
    ) -> Vec<J> {
        if let Some(lane) = self.lanes.get_mut(&ask.webhook) {
            lane.asked -= ask.limit;
            let next_due_us = if jobs.len() >= ask.limit {
                Some(now_us)
            } else {
                next_due_us
            };
            lane.set_next_due(ask.webhook, next_due_us, &mut self.due);
        }
        let refused = jobs
            .into_iter()
            .filter_map(|(record, job)| self.enqueue(ask.webhook, record, job, now_us))
            .collect();
        self.settle(ask.webhook);
        refused
    }

    /// Answers an ask when nothing could be claimed: the lane is still due.
    pub(crate) fn claim_failed(&mut self, ask: Ask) {
        if let Some(lane) = self.lanes.get_mut(&ask.webhook) {
            lane.asked -= ask.limit;
        }
        self.settle(ask.webhook);
    }

    fn enqueue(
        &mut self,
        webhook: WebhookId,
        record: Option<RecordKey>,
        job: J,
        now_us: i64,
    ) -> Option<J> {
        let Some(lane) = self.lanes.get_mut(&webhook) else {
            return Some(job);
        };
        if lane.gate != Gate::Open {
            lane.set_next_due(webhook, Some(now_us), &mut self.due);
            return Some(job);
        }
        lane.queue.push(record, job);
        self.queued += 1;
        self.settle(webhook);
        None
    }

    /// Takes the next delivery to send; its slot is held until [`Self::finish`].
    pub(crate) fn start(&mut self) -> Option<(WebhookId, J)> {
        if self.stops != 0
            || self.in_flight >= self.limits.max_in_flight
            || self.unrecorded >= self.limits.max_unrecorded
        {
            return None;
        }
        loop {
            let webhook = self.startable.next()?;
            let live_workers = self.live_workers;
            let Some(lane) = self.lanes.get_mut(&webhook) else {
                continue;
            };
            if !lane.can_start(live_workers) {
                continue;
            }
            let Some(job) = lane.queue.pop() else {
                continue;
            };
            lane.in_flight += 1;
            self.in_flight += 1;
            self.queued -= 1;
            self.settle(webhook);
            return Some((webhook, job));
        }
    }

    /// Frees a slot. `duration_us` is how long the receiver took, if it was
    /// asked. The outcome counts as unrecorded until [`Self::recorded`].
    pub(crate) fn finish(
        &mut self,
        webhook: WebhookId,
        record: Option<RecordKey>,
        duration_us: Option<i64>,
    ) {
        self.in_flight -= 1;
        self.unrecorded += 1;
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.in_flight -= 1;
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

    /// Notes that so many outcomes have to be recorded besides those that
    /// [`Self::finish`] counted.
    pub(crate) fn owe(&mut self, count: usize) {
        self.unrecorded += count;
    }

    /// Notes that so many outcomes are safe.
    pub(crate) fn recorded(&mut self, count: usize) {
        self.unrecorded = self.unrecorded.saturating_sub(count);
    }

    /// Nothing starts while any reason holds.
    pub(crate) fn stop(&mut self, reason: Stop) {
        self.stops |= 1 << reason as u8;
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

    /// Whether a lane may send.
    pub(crate) fn is_open(&self, webhook: WebhookId) -> bool {
        self.lanes
            .get(&webhook)
            .is_some_and(|lane| lane.gate == Gate::Open)
    }

    /// When there will be something to do if nothing else happens.
    pub(crate) fn next_wake_us(&self) -> Option<i64> {
        let due = self.due.first().map(|(due_us, _)| *due_us);
        let opening = self.opening.first().map(|(until_us, _)| *until_us);
        due.into_iter().chain(opening).min()
    }

    /// Brings the indexes in line with one lane.
    fn settle(&mut self, webhook: WebhookId) {
        let Some(lane) = self.lanes.get(&webhook) else {
            return;
        };
        if lane.can_start(self.live_workers) {
            self.startable.add(lane.account, webhook);
        }
        if let Some(due_us) = lane.next_due_us {
            if lane.wants_work(self.live_workers) {
                self.due.insert((due_us, webhook));
            } else {
                self.due.remove(&(due_us, webhook));
            }
        }
    }
}

#[cfg(test)]
mod tests;
