//! What happens in a schedule, step by step.

use super::super::*;
use super::world::{Came, LANES, Phase, REQUEST_US, SECOND, World, lane_of, webhook};

const RECORDS: i64 = 4;
const MOST_RUNNING: usize = 3;
const MOST_EVER: usize = 6;

impl World {
    /// One thing happens.
    pub(super) fn step(&mut self) {
        let running = self.running();
        let worker = running[self.rng.usize(..running.len())];
        match self.rng.u32(..100) {
            0..20 => (0..self.rng.usize(1..4)).for_each(|_| self.insert(worker)),
            20..40 => self.claim(worker),
            40..60 => self.pump(worker),
            60..73 => self.answer(worker),
            73..83 => self.record(worker),
            83..94 => {
                let us = self.rng.i64(0..SECOND / 4);
                self.wait(us);
            }
            94..95 => self.wait(2 * SECOND),
            95 => self.workers[worker].reading = Some(self.rows),
            96 => {
                if let Some(rows) = self.workers[worker].reading.take() {
                    self.learn(worker, rows);
                }
            }
            97 => {
                if running.len() < MOST_RUNNING && self.workers.len() < MOST_EVER {
                    self.join();
                }
            }
            98 => {
                if running.len() > 1 {
                    self.workers[worker].phase = Phase::Dead;
                }
            }
            _ => {
                if running.len() > 1 {
                    self.leave(worker);
                }
            }
        }
    }

    /// An event that fires a webhook is taken in.
    fn insert(&mut self, worker: usize) {
        let lane = self.rng.usize(..LANES.len());
        let record = self.rng.i64(0..RECORDS);
        let job = self.new_delivery(lane, record);
        let delivery = self.deliveries[job];
        let now_us = self.now_us;
        let is_others = self.is_record_of_others(worker, lane, record);
        let lanes = &mut self.workers[worker].lanes;
        let has_place = lanes.reserve(webhook(lane), now_us);
        if has_place && !is_others {
            self.deliveries[job].worker = Some(worker);
            let refused = lanes.fill_reservation(webhook(lane), delivery.key(), job, now_us);
            self.release(worker, Vec::from_iter(refused));
            return;
        }
        if has_place {
            lanes.cancel_reservation(webhook(lane));
        }
        lanes.note_due(webhook(lane), now_us);
    }

    fn is_record_of_others(&self, worker: usize, lane: usize, record: i64) -> bool {
        self.deliveries.iter().any(|other| {
            (other.lane, other.record) == (lane, record)
                && !other.is_done
                && other.worker != Some(worker)
                && !self.is_free(other)
        })
    }

    pub(super) fn claim(&mut self, worker: usize) {
        let now_us = self.now_us;
        for ask in self.workers[worker].lanes.ask(now_us, 2, 16) {
            let lane = lane_of(ask.webhook);
            let mut jobs = Vec::new();
            let mut next_due_us = None;
            for job in 0..self.deliveries.len() {
                let delivery = self.deliveries[job];
                if delivery.lane != lane || delivery.is_done {
                    continue;
                }
                if delivery.due_us > now_us {
                    next_due_us = Some(
                        next_due_us.map_or(delivery.due_us, |at: i64| at.min(delivery.due_us)),
                    );
                } else if jobs.len() < ask.limit
                    && self.is_free(&delivery)
                    && !self.is_record_of_others(worker, lane, delivery.record)
                {
                    jobs.push((delivery.key(), job));
                }
            }
            for (_, job) in &jobs {
                self.deliveries[*job].worker = Some(worker);
            }
            let lanes = &mut self.workers[worker].lanes;
            let refused = lanes.claimed(ask, jobs, next_due_us, now_us);
            self.release(worker, refused);
        }
    }

    /// Starts all that may start.
    pub(super) fn pump(&mut self, worker: usize) {
        let mut last_turn = None;
        while let Some((started, job)) = self.workers[worker].lanes.start(self.now_us) {
            let lane = lane_of(started);
            assert_eq!(self.deliveries[job].lane, lane);
            last_turn = Some(self.check_turn(worker, lane, last_turn));
            self.check_start(worker, lane, job);
            self.workers[worker].under_way.push((job, self.now_us));
        }
        self.check_nothing_left(worker);
    }

    /// A receiver answers.
    fn answer(&mut self, worker: usize) {
        let count = self.workers[worker].under_way.len();
        if count == 0 {
            return;
        }
        let place = self.rng.usize(..count);
        let (job, _) = self.workers[worker].under_way[place];
        // Some receivers are worse than others.
        let is_bad = self.deliveries[job].lane % 2 == 1;
        let came = match self.rng.u32(..100) {
            0..4 => Came::Pause,
            4..8 => Came::Final,
            8..50 => Came::Failed,
            50..75 if is_bad => Came::Failed,
            _ => Came::Arrived,
        };
        self.finish(worker, place, came);
    }

    /// Outcomes are written down, in the order of finishing.
    pub(super) fn record(&mut self, worker: usize) {
        let mut of_lane = [0; LANES.len()];
        let mut changed = [false; LANES.len()];
        while let Some((job, came, _)) = self.workers[worker].outcomes.pop_front() {
            let lane = self.deliveries[job].lane;
            of_lane[lane] += 1;
            changed[lane] |= self.take_down(worker, job, came);
        }
        for lane in 0..LANES.len() {
            if changed[lane] {
                // The worker that wrote it knows it first.
                let row = self.rows[lane];
                let me = &mut self.workers[worker];
                me.known[lane] = row;
                assert!(me.lanes.is_news(webhook(lane), row.revision));
                let given_up = me.lanes.set_gate(webhook(lane), row.gate(), self.now_us);
                self.release(worker, given_up);
            }
            let lanes = &mut self.workers[worker].lanes;
            lanes.recorded(webhook(lane), of_lane[lane]);
        }
    }

    /// Returns whether the lane's row changed.
    fn take_down(&mut self, worker: usize, job: usize, came: Came) -> bool {
        let now_us = self.now_us;
        let delivery = &mut self.deliveries[job];
        if delivery.worker != Some(worker) || delivery.is_done {
            return false;
        }
        delivery.worker = None;
        delivery.is_done = matches!(came, Came::Arrived | Came::Final);
        if matches!(came, Came::Failed | Came::Pause) {
            delivery.due_us = now_us + self.rng.i64(0..SECOND / 2);
            let lanes = &mut self.workers[worker].lanes;
            lanes.note_due(webhook(delivery.lane), delivery.due_us);
        }
        let lane = delivery.lane;
        let before = self.rows[lane];
        let row = &mut self.rows[lane];
        row.breaker = row
            .breaker
            .after(came.health(), now_us, &super::world::BREAKER);
        if came == Came::Pause {
            row.paused_until_us = row.paused_until_us.max(Some(now_us + REQUEST_US));
        }
        let is_changed = row.breaker.open_until_us != before.breaker.open_until_us
            || row.paused_until_us != before.paused_until_us;
        row.revision += i64::from(is_changed);
        self.check_breaker(lane, came);
        is_changed
    }

    fn leave(&mut self, worker: usize) {
        self.workers[worker].lanes.stop(Stop::Shutdown);
        while !self.workers[worker].under_way.is_empty() {
            self.finish(worker, 0, Came::Arrived);
        }
        while !self.workers[worker].outcomes.is_empty() {
            self.record(worker);
        }
        assert!(self.workers[worker].lanes.is_quiet());
        self.workers[worker].phase = Phase::Gone;
    }

    fn new_delivery(&mut self, lane: usize, record: i64) -> usize {
        self.deliveries.push(super::world::Delivery {
            lane,
            record,
            due_us: self.now_us,
            is_done: false,
            worker: None,
        });
        self.deliveries.len() - 1
    }

    /// From now on every request arrives; everything has to get through.
    pub(super) fn drain(&mut self) {
        let end_us = self.now_us + 60 * SECOND;
        while self.deliveries.iter().any(|delivery| !delivery.is_done) {
            assert!(self.now_us < end_us, "something never starts: {self:?}");
            for worker in self.running() {
                self.claim(worker);
                self.pump(worker);
                while !self.workers[worker].under_way.is_empty() {
                    self.finish(worker, 0, Came::Arrived);
                }
                self.record(worker);
            }
            self.wait(SECOND / 5);
        }
    }
}
