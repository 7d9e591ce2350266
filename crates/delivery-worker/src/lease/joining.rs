//! Joining other workers: nothing is sent until they have made room.
//!
//! Who was there before divides each webhook's slots by the workers that it
//! counted at its last heartbeat, and may have as many requests under way. So
//! a worker that enters waits until every other one has counted it, and then
//! as long as a request takes. Who entered later has counted it from the start, and
//! who is dead has nothing under way once its lease has ended.

use std::collections::HashMap;
use std::time::Duration;

use crate::engine::micros;
use crate::send::TIME_LIMIT;
use crate::store::workers::{Heartbeat, OtherWorker};

/// How long requests may still be under way that were started before their
/// worker counted this one.
const OTHERS_FINISH: Duration = TIME_LIMIT.saturating_add(Duration::from_millis(500));
/// How long a worker whose lease had ended waits, unless it is alone: what kept
/// it from the database may have kept others, which first record what they did.
const OTHERS_RECORD: Duration = Duration::from_secs(2);

/// How far a worker has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Joining {
    entered_at_us: i64,
    not_before_us: i64,
    /// When it was first seen of each other worker that it had counted this one.
    counted_at_us: HashMap<Vec<u8>, i64>,
}

impl Joining {
    /// From the first heartbeat on; `after_loss` says that an earlier lease of
    /// this process had ended.
    pub(super) fn new(entered: &Heartbeat, after_loss: bool) -> Self {
        let pause_us = if after_loss { micros(OTHERS_RECORD) } else { 0 };
        Self {
            entered_at_us: entered.now_us,
            not_before_us: entered.now_us + pause_us,
            counted_at_us: HashMap::new(),
        }
    }

    /// Whether the worker may send by now.
    pub(super) fn is_over(&mut self, heartbeat: &Heartbeat) -> bool {
        // All are looked at, so that none is waited for longer than it takes.
        let waited_for = heartbeat
            .others
            .iter()
            .filter(|other| !self.has_made_room(other, heartbeat.now_us))
            .count();
        waited_for == 0 && heartbeat.now_us >= self.not_before_us
    }

    /// Whether all that a worker has under way was started when it had counted this one.
    fn has_made_room(&mut self, other: &OtherWorker, now_us: i64) -> bool {
        // One of the same moment may have come before: SQLite's clock has milliseconds.
        if other.started_at_us > self.entered_at_us {
            return true;
        }
        if other.renewed_at_us <= self.entered_at_us {
            return false;
        }
        let counted_at_us = self.counted_at_us.entry(other.id.clone());
        now_us - *counted_at_us.or_insert(now_us) >= micros(OTHERS_FINISH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    /// The others are there since long ago; their last heartbeats are given.
    fn heartbeat(now_us: i64, others: &[i64]) -> Heartbeat {
        Heartbeat {
            now_us,
            lease_until_us: Some(now_us + 8 * SECOND),
            others: (0..)
                .zip(others)
                .map(|(id, &renewed_at_us)| OtherWorker {
                    id: vec![id],
                    started_at_us: 0,
                    lease_until_us: renewed_at_us + 8 * SECOND,
                    renewed_at_us,
                })
                .collect(),
        }
    }

    #[test]
    fn nobody_is_waited_for_where_nobody_is() {
        let first = heartbeat(100 * SECOND, &[]);
        assert!(Joining::new(&first, false).is_over(&first));
    }

    #[test]
    fn each_must_have_counted_it_and_have_had_time_to_finish() {
        let entered = heartbeat(100 * SECOND, &[99 * SECOND, 98 * SECOND]);
        let mut joining = Joining::new(&entered, false);
        assert!(!joining.is_over(&entered));
        assert!(!joining.is_over(&heartbeat(101 * SECOND, &[101 * SECOND, 98 * SECOND])));
        assert!(!joining.is_over(&heartbeat(103 * SECOND, &[103 * SECOND, 102 * SECOND])));
        assert!(!joining.is_over(&heartbeat(106 * SECOND, &[105 * SECOND, 106 * SECOND])));
        assert!(joining.is_over(&heartbeat(107 * SECOND, &[107 * SECOND, 106 * SECOND])));
    }

    #[test]
    fn one_that_is_dead_holds_up_no_longer_than_its_lease() {
        // The first answers, the second is dead.
        let entered = heartbeat(100 * SECOND, &[99 * SECOND, 99 * SECOND]);
        let mut joining = Joining::new(&entered, false);
        for second in 101..107 {
            let now_us = second * SECOND;
            assert!(!joining.is_over(&heartbeat(now_us, &[now_us, 99 * SECOND])));
        }
        assert!(joining.is_over(&heartbeat(107 * SECOND, &[106 * SECOND])));
    }

    #[test]
    fn who_entered_later_is_not_waited_for() {
        let entered = heartbeat(100 * SECOND, &[99 * SECOND]);
        let mut joining = Joining::new(&entered, false);
        let mut later = heartbeat(107 * SECOND, &[106 * SECOND]);
        later.others[0].started_at_us = 106 * SECOND;
        assert!(joining.is_over(&later));
        // At the same time is not later.
        let mut joining = Joining::new(&entered, false);
        later.others[0].started_at_us = 100 * SECOND;
        assert!(!joining.is_over(&later));
    }

    #[test]
    fn one_that_never_answers_is_waited_for_until_its_lease_has_ended() {
        let entered = heartbeat(100 * SECOND, &[99 * SECOND]);
        let mut joining = Joining::new(&entered, false);
        assert!(!joining.is_over(&heartbeat(106 * SECOND, &[99 * SECOND])));
        assert!(joining.is_over(&heartbeat(107 * SECOND, &[])));
    }

    #[test]
    fn after_a_loss_others_have_a_moment_to_record() {
        let entered = heartbeat(100 * SECOND, &[]);
        let mut joining = Joining::new(&entered, true);
        assert!(!joining.is_over(&heartbeat(101 * SECOND, &[])));
        assert!(joining.is_over(&heartbeat(102 * SECOND, &[])));
    }
}
