//! Joining other workers: nothing is sent until they have made room.
//!
//! Who was there before divides each webhook's slots by the workers that it
//! counted at its last heartbeat, and may have as many requests under way. So
//! a worker that enters waits until every other one has counted it, and then
//! as long as a request takes.

use std::time::Duration;

use crate::engine::micros;
use crate::send::TIME_LIMIT;
use crate::store::workers::Heartbeat;

/// How long requests may still be under way that were started before their
/// worker counted this one.
const OTHERS_FINISH: Duration = TIME_LIMIT.saturating_add(Duration::from_millis(500));
/// How long a worker whose lease had ended waits, unless it is alone: what kept
/// it from the database may have kept others, which first record what they did.
const OTHERS_RECORD: Duration = Duration::from_secs(2);

/// How far a worker has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Joining {
    entered_at_us: i64,
    not_before_us: i64,
    counted_by_all_at_us: Option<i64>,
}

impl Joining {
    /// From the first heartbeat on; `after_loss` says that an earlier lease of
    /// this process had ended.
    pub(super) fn new(entered: &Heartbeat, after_loss: bool) -> Self {
        let pause_us = if after_loss { micros(OTHERS_RECORD) } else { 0 };
        Self {
            entered_at_us: entered.now_us,
            not_before_us: entered.now_us + pause_us,
            counted_by_all_at_us: None,
        }
    }

    /// Whether the worker may send by now.
    pub(super) fn is_over(&mut self, heartbeat: &Heartbeat) -> bool {
        if heartbeat.now_us < self.not_before_us {
            return false;
        }
        if heartbeat.others.is_empty() {
            // Who went had finished; who died has nothing under way once its
            // lease has ended.
            return true;
        }
        // One of the same moment may have come before: SQLite's clock has milliseconds.
        let is_counted = |renewed_at_us: i64| renewed_at_us > self.entered_at_us;
        if self.counted_by_all_at_us.is_none()
            && heartbeat
                .others
                .iter()
                .all(|other| is_counted(other.renewed_at_us))
        {
            self.counted_by_all_at_us = Some(heartbeat.now_us);
        }
        self.counted_by_all_at_us
            .is_some_and(|at_us| heartbeat.now_us - at_us >= micros(OTHERS_FINISH))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::workers::OtherWorker;

    const SECOND: i64 = 1_000_000;

    fn heartbeat(now_us: i64, others: &[i64]) -> Heartbeat {
        Heartbeat {
            now_us,
            lease_until_us: Some(now_us + 8 * SECOND),
            others: (0..)
                .zip(others)
                .map(|(id, &renewed_at_us)| OtherWorker {
                    id: vec![id],
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
    fn all_must_have_counted_it_and_have_had_time_to_finish() {
        let entered = heartbeat(100 * SECOND, &[99 * SECOND, 98 * SECOND]);
        let mut joining = Joining::new(&entered, false);
        assert!(!joining.is_over(&entered));
        assert!(!joining.is_over(&heartbeat(104 * SECOND, &[103 * SECOND, 98 * SECOND])));
        assert!(!joining.is_over(&heartbeat(105 * SECOND, &[103 * SECOND, 101 * SECOND])));
        assert!(!joining.is_over(&heartbeat(108 * SECOND, &[107 * SECOND, 107 * SECOND])));
        assert!(joining.is_over(&heartbeat(109 * SECOND, &[107 * SECOND, 107 * SECOND])));
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
