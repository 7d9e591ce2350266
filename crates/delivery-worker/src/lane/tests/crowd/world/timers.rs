//! What a worker does by itself as time goes by: heartbeats, readings of the
//! tables, and requests that take too long.

use super::*;

const BEAT_EVERY_US: i64 = 2 * SECOND / 5;
const LEASE_US: i64 = 8 * SECOND / 5;
const LEASE_OF_JOINING_US: i64 = 4 * SECOND / 5;
/// How long a worker is silent once another has counted it.
const OTHERS_FINISH_US: i64 = 3 * SECOND / 5;

impl Worker {
    fn next_beat_us(&self) -> i64 {
        match self.phase {
            Phase::Counted => self.renewed_us,
            _ => self.renewed_us + BEAT_EVERY_US,
        }
    }
}

impl World {
    /// A heartbeat: who is there, and whether the worker may begin.
    pub(super) fn beat(&mut self, worker: usize) {
        let now_us = self.now_us;
        let others: Vec<usize> = (0..self.workers.len())
            .filter(|&other| other != worker && self.workers[other].has_lease(now_us))
            .collect();
        let ids: Vec<[u8; 16]> = others.iter().map(|&it| self.workers[it].id).collect();
        let mut waited_for = 0;
        for &other in &others {
            waited_for += usize::from(!self.has_made_room(worker, other));
        }
        let me = &mut self.workers[worker];
        me.renewed_us = now_us;
        let crew = Crew::new(&me.id, ids.iter().map(<[u8; 16]>::as_slice));
        me.crew = crew.clone();
        let given_up = me.lanes.set_crew(crew, now_us);
        me.phase = match me.phase {
            Phase::Joining if others.is_empty() => Phase::Live,
            Phase::Joining if waited_for == 0 => Phase::Counted,
            Phase::Counted => Phase::Live,
            phase => phase,
        };
        me.lease_until_us = now_us
            + match me.phase {
                Phase::Live => LEASE_US,
                _ => LEASE_OF_JOINING_US,
            };
        if me.phase == Phase::Live {
            me.lanes.resume(Stop::Joining);
        }
        self.release(worker, given_up);
    }

    /// Whether all that another worker has under way was started when it had counted
    /// this one.
    fn has_made_room(&mut self, worker: usize, other: usize) -> bool {
        let now_us = self.now_us;
        let (entered_us, renewed_us) = (
            self.workers[other].entered_us,
            self.workers[other].renewed_us,
        );
        let me = &mut self.workers[worker];
        if entered_us > me.entered_us {
            return true;
        }
        renewed_us > me.entered_us
            && now_us - *me.counted_us.entry(other).or_insert(now_us) >= OTHERS_FINISH_US
    }

    /// Reads the rows and what is due.
    pub(super) fn poll(&mut self, worker: usize) {
        self.workers[worker].polled_us = self.now_us;
        self.learn(worker, self.rows);
        for job in 0..self.deliveries.len() {
            let delivery = self.deliveries[job];
            if !delivery.is_done && self.is_free(&delivery) {
                let lanes = &mut self.workers[worker].lanes;
                lanes.note_due(webhook(delivery.lane), delivery.due_us);
            }
        }
    }

    pub(super) fn next_event_us(&self, worker: usize) -> i64 {
        let me = &self.workers[worker];
        let ended = me.under_way.iter().map(|(_, began)| began + REQUEST_US);
        let ended_us = ended.min().unwrap_or(i64::MAX);
        if !me.is_running() {
            return ended_us;
        }
        ended_us
            .min(me.polled_us + POLL_EVERY_US)
            .min(me.next_beat_us())
    }

    pub(super) fn happen(&mut self, worker: usize) {
        let now_us = self.now_us;
        while let Some(place) = self.workers[worker]
            .under_way
            .iter()
            .position(|(_, began)| began + REQUEST_US <= now_us)
        {
            self.finish(worker, place, Came::Failed);
        }
        let me = &mut self.workers[worker];
        if !me.is_running() {
            return;
        }
        me.lanes.tick(now_us);
        let (polled_us, beat_us) = (me.polled_us, me.next_beat_us());
        if beat_us <= now_us {
            self.beat(worker);
        }
        if polled_us + POLL_EVERY_US <= now_us {
            self.poll(worker);
        }
    }
}
