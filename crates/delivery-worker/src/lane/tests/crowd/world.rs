//! A database, workers and receivers, as far as lanes have to do with them.

mod timers;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::super::*;
use super::model::Model;
use crate::config::BreakerConfig;
use crate::retry::Health;

pub(super) const SECOND: i64 = 1_000_000;
/// The longest that a request takes.
pub(super) const REQUEST_US: i64 = SECOND / 2;
pub(super) const POLL_EVERY_US: i64 = SECOND / 5;

/// How long outcomes wait for their commit where all is well.
pub(super) const USUAL_WAIT_US: i64 = SECOND / 4;

pub(super) const BREAKER: BreakerConfig = BreakerConfig {
    failures: 3,
    first_pause: Duration::from_secs(1),
    longest_pause: Duration::from_secs(4),
};

const LIMITS: LaneLimits = LaneLimits {
    max_in_flight: 64,
    kept_for_quick: 0,
    max_queued: 64,
    max_unrecorded: 1_000,
    open: OpenLimits {
        least: 4,
        usual_wait_us: USUAL_WAIT_US,
    },
};

/// Account, slots, rate, and whether the lane is one worker's at a time.
pub(super) const LANES: [(i64, usize, Option<u32>, bool); 5] = [
    (1, 1, None, false),
    (1, 3, None, false),
    (2, 4, Some(10), true),
    (3, 2, None, true),
    (2, 16, Some(50), true),
];

pub(super) fn webhook(lane: usize) -> WebhookId {
    WebhookId(i64::try_from(lane).unwrap())
}

pub(super) fn lane_of(webhook: WebhookId) -> usize {
    usize::try_from(webhook.0).unwrap()
}

/// A lane's row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Row {
    pub(super) breaker: Breaker,
    pub(super) paused_until_us: Option<i64>,
    pub(super) revision: i64,
}

impl Row {
    pub(super) fn gate(&self) -> Gate {
        match self.paused_until_us.max(self.breaker.open_until_us) {
            Some(until_us) => Gate::ClosedUntil {
                until_us,
                half_open: self.breaker.open_until_us.is_some(),
            },
            None => Gate::Open,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    pub(super) lane: usize,
    pub(super) record: i64,
    pub(super) due_us: i64,
    pub(super) is_done: bool,
    pub(super) worker: Option<usize>,
}

impl Delivery {
    pub(super) fn key(&self) -> Option<RecordKey> {
        Some(RecordKey {
            component: Component::Task,
            id: self.record,
        })
    }
}

/// What came of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    Arrived,
    Failed,
    /// The receiver asks for a pause.
    Pause,
    /// An answer that ends the delivery and says nothing of the receiver.
    Final,
    Released,
}

impl Came {
    pub(super) fn health(self) -> Health {
        match self {
            Self::Arrived => Health::Success,
            Self::Failed => Health::Failure,
            Self::Pause | Self::Final | Self::Released => Health::Unknown,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Silent, with a short lease.
    Joining,
    /// Others have made room; the next heartbeat gives it a whole lease.
    Counted,
    Live,
    /// With claims until its lease ends.
    Dead,
    Gone,
}

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) id: [u8; 16],
    pub(super) lanes: Lanes<usize>,
    pub(super) crew: Crew,
    pub(super) phase: Phase,
    entered_us: i64,
    /// When others were first seen to have counted it.
    counted_us: BTreeMap<usize, i64>,
    lease_until_us: i64,
    pub(super) renewed_us: i64,
    polled_us: i64,
    /// Delivery, and when it began.
    pub(super) under_way: Vec<(usize, i64)>,
    /// With when they came.
    pub(super) outcomes: VecDeque<(usize, Came, i64)>,
    /// A reading of the rows that has not arrived.
    pub(super) reading: Option<[Row; LANES.len()]>,
    /// The newest state of each row that arrived.
    pub(super) known: [Row; LANES.len()],
}

impl Worker {
    pub(super) fn has_lease(&self, now_us: i64) -> bool {
        self.phase != Phase::Gone && self.lease_until_us > now_us
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Joining | Phase::Counted | Phase::Live)
    }
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) rng: fastrand::Rng,
    pub(super) now_us: i64,
    pub(super) workers: Vec<Worker>,
    pub(super) rows: [Row; LANES.len()],
    pub(super) deliveries: Vec<Delivery>,
    pub(super) model: Model,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut world = Self {
            rng: fastrand::Rng::with_seed(seed),
            now_us: SECOND,
            workers: Vec::new(),
            rows: [Row::default(); LANES.len()],
            deliveries: Vec::new(),
            model: Model::default(),
        };
        world.join();
        world
    }

    pub(super) fn running(&self) -> Vec<usize> {
        (0..self.workers.len())
            .filter(|&worker| self.workers[worker].is_running())
            .collect()
    }

    pub(super) fn join(&mut self) {
        let mut lanes = Lanes::new(LIMITS);
        for (lane, (account, max_concurrency, rate_per_second, is_exclusive)) in
            LANES.into_iter().enumerate()
        {
            let terms = LaneTerms {
                max_concurrency,
                rate_per_second,
                is_exclusive,
            };
            lanes.set_lane(webhook(lane), AccountId(account), terms, self.now_us);
        }
        lanes.stop(Stop::Joining);
        let worker = self.workers.len();
        self.workers.push(Worker {
            id: [u8::try_from(worker + 1).unwrap(); 16],
            lanes,
            crew: Crew::default(),
            phase: Phase::Joining,
            entered_us: self.now_us,
            counted_us: BTreeMap::new(),
            lease_until_us: self.now_us,
            renewed_us: self.now_us,
            polled_us: self.now_us,
            under_way: Vec::new(),
            outcomes: VecDeque::new(),
            reading: None,
            known: [Row::default(); LANES.len()],
        });
        self.beat(worker);
        self.learn(worker, self.rows);
        self.poll(worker);
    }

    pub(super) fn release(&mut self, worker: usize, jobs: Vec<usize>) {
        let me = &mut self.workers[worker];
        for job in jobs {
            me.lanes
                .owe(webhook(self.deliveries[job].lane), self.now_us);
            me.outcomes.push_back((job, Came::Released, self.now_us));
        }
    }

    /// A reading of the rows arrives.
    pub(super) fn learn(&mut self, worker: usize, rows: [Row; LANES.len()]) {
        for (lane, row) in rows.into_iter().enumerate() {
            let me = &mut self.workers[worker];
            if row.revision >= me.known[lane].revision {
                me.known[lane] = row;
            }
            if me.lanes.is_news(webhook(lane), row.revision) {
                let given_up = me.lanes.set_gate(webhook(lane), row.gate(), self.now_us);
                self.release(worker, given_up);
            }
        }
    }

    pub(super) fn is_free(&self, delivery: &Delivery) -> bool {
        delivery
            .worker
            .is_none_or(|holder| !self.workers[holder].has_lease(self.now_us))
    }

    /// Lets time pass, with all that happens by itself.
    pub(super) fn wait(&mut self, us: i64) {
        let end_us = self.now_us + us;
        loop {
            let next_us = (0..self.workers.len())
                .map(|worker| self.next_event_us(worker))
                .min()
                .unwrap_or(i64::MAX);
            if next_us > end_us {
                break;
            }
            self.now_us = self.now_us.max(next_us);
            for worker in 0..self.workers.len() {
                self.happen(worker);
            }
        }
        self.now_us = end_us;
        for worker in self.running() {
            self.workers[worker].lanes.tick(end_us);
        }
    }

    /// A request is over.
    pub(super) fn finish(&mut self, worker: usize, place: usize, came: Came) {
        let me = &mut self.workers[worker];
        let (job, began_us) = me.under_way.swap_remove(place);
        if me.is_running() {
            let delivery = self.deliveries[job];
            let took_us = self.now_us - began_us;
            me.lanes.finish(
                webhook(delivery.lane),
                delivery.key(),
                Some(took_us),
                self.now_us,
            );
            me.outcomes.push_back((job, came, self.now_us));
        }
    }
}
