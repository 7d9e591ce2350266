//! What must hold, worked out the slow way from all that happened.

use std::collections::VecDeque;

use super::world::{
    BREAKER, Came, LANES, POLL_EVERY_US, Phase, SECOND, USUAL_WAIT_US, World, webhook,
};

/// What happened so far.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// Starts within the last second, with their workers.
    starts: [VecDeque<(i64, usize)>; LANES.len()],
    failures_in_a_row: [u32; LANES.len()],
    /// How long each lane was opened for since it was closed, in seconds.
    pauses: [Vec<i64>; LANES.len()],
    /// When each lane's breaker was opened or prolonged last.
    opened_us: [i64; LANES.len()],
}

/// What an account's turn was decided by.
#[derive(Debug)]
pub(super) struct Turn {
    account: i64,
    /// Accounts that could have had it.
    others: Vec<i64>,
}

impl World {
    fn under_way(&self, lane: usize) -> impl Iterator<Item = (usize, usize)> {
        self.workers
            .iter()
            .enumerate()
            .flat_map(move |(worker, of)| {
                of.under_way
                    .iter()
                    .map(|(job, _)| *job)
                    .filter(move |job| self.deliveries[*job].lane == lane)
                    .map(move |job| (worker, job))
            })
    }

    fn unrecorded(&self, worker: usize, lane: usize) -> usize {
        self.waiting_since(worker, lane).count()
    }

    /// When outcomes came that are not on record.
    fn waiting_since(&self, worker: usize, lane: usize) -> impl Iterator<Item = i64> {
        let outcomes = self.workers[worker].outcomes.iter();
        outcomes
            .filter(move |(job, _, _)| self.deliveries[*job].lane == lane)
            .map(|(_, _, since_us)| *since_us)
    }

    /// Whether a worker may start one more of a lane without too much coming twice
    /// after a crash, if an outcome may wait for so long.
    fn may_open_one_more(&self, worker: usize, lane: usize, usual_wait_us: i64) -> bool {
        let (_, cap, _, is_exclusive) = LANES[lane];
        let me = &self.workers[worker];
        let slots = match is_exclusive {
            true => cap,
            false => me.crew.slots(webhook(lane), cap),
        };
        let here = self.under_way(lane).filter(|(other, _)| *other == worker);
        let open = here.count() + self.unrecorded(worker, lane);
        let mut waiting = self.waiting_since(worker, lane);
        let are_in_time = waiting.all(|since_us| self.now_us - since_us <= usual_wait_us);
        let most = (2 * slots).max(4);
        open < most || (are_in_time && open < 4 * most)
    }

    /// A delivery is about to be sent.
    pub(super) fn check_start(&mut self, worker: usize, lane: usize, job: usize) {
        let (_, cap, rate, is_exclusive) = LANES[lane];
        let now_us = self.now_us;
        let delivery = self.deliveries[job];
        assert_eq!(self.workers[worker].phase, Phase::Live);
        assert!(!delivery.is_done && delivery.worker == Some(worker));
        let under_way: Vec<(usize, usize)> = self.under_way(lane).collect();
        assert!(under_way.len() < cap, "more than {cap} at once");
        assert!(self.may_open_one_more(worker, lane, USUAL_WAIT_US));
        assert!(
            under_way
                .iter()
                .all(|(_, other)| self.deliveries[*other].record != delivery.record),
            "two of one record at once"
        );
        if is_exclusive {
            assert!(
                under_way.iter().all(|(other, _)| *other == worker),
                "two workers at once"
            );
        }
        let known = self.workers[worker].known[lane];
        let held_until_us = known.paused_until_us.max(known.breaker.open_until_us);
        assert!(held_until_us.is_none_or(|until_us| until_us <= now_us));
        if let Some(until_us) = self.rows[lane].breaker.open_until_us {
            if until_us > now_us {
                let since_us = now_us - self.model.opened_us[lane];
                assert!(since_us <= POLL_EVERY_US, "an open lane starts something");
            } else {
                assert_eq!(under_way, [], "half open means one at a time");
                assert_eq!(self.unrecorded(worker, lane), 0);
            }
        }
        self.check_rate(worker, lane, rate);
    }

    /// In no second more than the rate and one, and one more where the lane
    /// changed hands.
    fn check_rate(&mut self, worker: usize, lane: usize, rate: Option<u32>) {
        let Some(rate) = rate else { return };
        let now_us = self.now_us;
        let starts = &mut self.model.starts[lane];
        starts.push_back((now_us, worker));
        starts.retain(|(at_us, _)| *at_us > now_us - SECOND);
        let mut hands: Vec<usize> = starts.iter().map(|(_, worker)| *worker).collect();
        hands.dedup();
        let most = usize::try_from(rate).unwrap() + hands.len();
        assert!(starts.len() <= most, "{rate} per second: {starts:?}");
    }

    /// Returns what the next turn is to be judged by.
    pub(super) fn check_turn(&self, worker: usize, lane: usize, last: Option<Turn>) -> Turn {
        let account = LANES[lane].0;
        let mut others: Vec<i64> = (0..LANES.len())
            .filter(|&other| LANES[other].0 != account && self.could_start(worker, other))
            .map(|other| LANES[other].0)
            .collect();
        others.sort_unstable();
        if let Some(last) = last
            && last.account == account
        {
            let passed_over: Vec<_> = others
                .iter()
                .filter(|it| last.others.contains(it))
                .collect();
            assert!(passed_over.is_empty(), "{passed_over:?} had no turn");
        }
        Turn { account, others }
    }

    /// Whether something of a lane has to start here now.
    fn could_start(&self, worker: usize, lane: usize) -> bool {
        let (_, cap, rate, is_exclusive) = LANES[lane];
        let me = &self.workers[worker];
        if me.phase != Phase::Live {
            return false;
        }
        let known = me.known[lane];
        let held_until_us = known.paused_until_us.max(known.breaker.open_until_us);
        if held_until_us.is_some_and(|until_us| until_us > self.now_us) {
            return false;
        }
        let here = || self.under_way(lane).filter(|(other, _)| *other == worker);
        let is_first = me.crew.slots(webhook(lane), 1) == 1;
        let slots = match () {
            () if known.breaker.open_until_us.is_some() => {
                let is_free = here().next().is_none() && self.unrecorded(worker, lane) == 0;
                usize::from(is_first && is_free)
            }
            () if is_exclusive => cap * usize::from(is_first),
            () => me.crew.slots(webhook(lane), cap),
        };
        let interval_us = rate.map_or(0, |rate| SECOND / i64::from(rate) + 1);
        let last_us = self.model.starts[lane]
            .back()
            .map_or(0, |(at_us, _)| *at_us);
        if here().count() >= slots || (rate.is_some() && last_us + interval_us > self.now_us) {
            return false;
        }
        // Outcomes within a millisecond count as of one time.
        if !self.may_open_one_more(worker, lane, USUAL_WAIT_US - 1_000) {
            return false;
        }
        let given_up = |job: usize| me.outcomes.iter().any(|(other, _, _)| *other == job);
        let is_busy = |record| here().any(|(_, job)| self.deliveries[job].record == record);
        self.deliveries.iter().enumerate().any(|(job, delivery)| {
            delivery.lane == lane
                && delivery.worker == Some(worker)
                && !delivery.is_done
                && !given_up(job)
                && !is_busy(delivery.record)
        })
    }

    /// Nothing starts any more at a worker.
    pub(super) fn check_nothing_left(&self, worker: usize) {
        for lane in 0..LANES.len() {
            assert!(
                !self.could_start(worker, lane),
                "something is left lying in lane {lane}"
            );
        }
    }

    /// The breaker after an outcome: open if enough failed in a row, for a
    /// pause that doubles.
    pub(super) fn check_breaker(&mut self, lane: usize, came: Came) {
        let model = &mut self.model;
        match came {
            Came::Arrived => {
                model.failures_in_a_row[lane] = 0;
                model.pauses[lane].clear();
            }
            Came::Failed => model.failures_in_a_row[lane] += 1,
            Came::Pause | Came::Final | Came::Released => {}
        }
        let breaker = self.rows[lane].breaker;
        let failures = model.failures_in_a_row[lane];
        assert_eq!(breaker.failures, i64::from(failures));
        let Some(until_us) = breaker.open_until_us else {
            assert!(failures < BREAKER.failures, "it did not open");
            return;
        };
        assert!(failures >= BREAKER.failures, "it did not close");
        let opened = usize::try_from(breaker.openings).unwrap();
        if opened > model.pauses[lane].len() {
            model.pauses[lane].push((until_us - self.now_us) / SECOND);
            model.opened_us[lane] = self.now_us;
        }
        let expected = [1, 2, 4].into_iter().chain(std::iter::repeat(4));
        assert!(model.pauses[lane].iter().copied().eq(expected.take(opened)));
    }
}
