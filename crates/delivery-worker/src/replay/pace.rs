//! How much of a job is queued, and when. Pure.
//!
//! Live traffic waits behind at most [`Pace::window`] deliveries of a lane, however
//! many a job has to send: no more of them are due at a time, and none is queued
//! while as much live traffic is due. Deliveries that failed and wait for their next
//! attempt, or for others of their record, slow a job down once they are as many: it
//! then sends one a second, so that a few that never succeed do not end it.
//!
//! What is due goes out at once where a worker takes over from a dead one, beside what
//! is queued then. So a job with a rate has a smaller window: within one second no more
//! begins than its rate, one window and one slice.

/// Deliveries of one job that one webhook may have waiting, whatever they wait for.
pub(crate) const MAX_WAITING: i64 = 1_000;
/// How often one is queued while too many wait for another attempt.
const SLOW_PAUSE_US: i64 = 1_000_000;
/// Which part of a second's deliveries may be due at once where a rate is asked for.
const WINDOWS_PER_SECOND: i64 = 4;
/// The same at least, unless the rate is less: one is sent while the next is claimed.
const LEAST_PACED_WINDOW: i64 = 2;
/// How many times a lane's slots may be due at once, so that none is ever idle.
const WINDOW_SLOTS: i64 = 2;
const LEAST_WINDOW: i64 = 4;
/// Until a window that was filled is looked at again, at least.
const LEAST_PAUSE_US: i64 = 20_000;
/// The same, at most: where nothing moves.
const MOST_PAUSE_US: i64 = 1_000_000;
/// Into how many parts a second is divided where a rate is asked for.
const SLICES: i64 = 10;
const SECOND_US: i64 = 1_000_000;

/// How fast one lane of a job goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Requests to the webhook that may be under way at once.
    pub(crate) slots: usize,
    /// Deliveries to queue per second, at most.
    pub(crate) rate_per_second: Option<i64>,
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Deliveries of the lane that are due, live ones and of all jobs.
    pub(crate) due: i64,
    /// Deliveries of this job in the lane that are not over.
    pub(crate) of_job: i64,
    /// Those of them that are not due: they failed before, or others of their record
    /// come first.
    pub(crate) aside: i64,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// How many deliveries it queued.
    pub(crate) queued: i64,
    /// Whether it could have queued more.
    pub(crate) has_room: bool,
}

impl Pace {
    /// How many deliveries of the lane may be due at once.
    pub(crate) fn window(self) -> i64 {
        let slots = i64::try_from(self.slots).unwrap_or(i64::MAX);
        let window = slots.saturating_mul(WINDOW_SLOTS).max(LEAST_WINDOW);
        self.rate_per_second.map_or(window, |rate| {
            let of_rate = (rate / WINDOWS_PER_SECOND).max(LEAST_PACED_WINDOW);
            window.min(of_rate).min(rate.max(1))
        })
    }

    /// How many deliveries may be queued now, where the last one was `idle_us` ago.
    pub(crate) fn room(self, waiting: Waiting, idle_us: i64) -> i64 {
        let room = (self.window() - waiting.due).min(MAX_WAITING - waiting.of_job);
        let most = if waiting.aside >= self.window() {
            i64::from(idle_us >= SLOW_PAUSE_US)
        } else {
            self.rate_per_second
                .map_or(i64::MAX, |rate| (rate / SLICES).max(1))
        };
        room.clamp(0, most)
    }

    /// When to go on after a step, where the last delivery before it was queued at
    /// `last_queued_us`.
    pub(crate) fn next_step_us(self, progress: Progress, now_us: i64, last_queued_us: i64) -> i64 {
        if progress.queued > 0 {
            let pause_us = match self.rate_per_second {
                Some(rate) => progress.queued * SECOND_US / rate.max(1),
                None if progress.has_room => 0,
                None => LEAST_PAUSE_US,
            };
            return now_us.saturating_add(pause_us);
        }
        if progress.has_room {
            return now_us;
        }
        // The longer nothing moves, the less often it is looked at.
        let idle_us = now_us.saturating_sub(last_queued_us);
        now_us.saturating_add((idle_us / 4).clamp(LEAST_PAUSE_US, MOST_PAUSE_US))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNLIMITED: Pace = Pace {
        slots: 16,
        rate_per_second: None,
    };

    /// Nothing of the job waits for anything but its turn.
    fn due(due: i64) -> Waiting {
        Waiting {
            due,
            of_job: due,
            aside: 0,
        }
    }

    #[test]
    fn live_traffic_leaves_less_room_or_none() {
        let room = |due, of_job| {
            let aside = 0;
            UNLIMITED.room(Waiting { due, of_job, aside }, 0)
        };
        assert_eq!(
            (room(0, 0), room(20, 3), room(32, 0), room(90_000, 0)),
            (32, 12, 0, 0)
        );
        assert_eq!((room(0, 990), room(0, 1_000), room(0, 2_000)), (10, 0, 0));
    }

    #[test]
    fn a_webhook_with_one_slot_still_goes_on() {
        let pace = Pace {
            slots: 1,
            rate_per_second: None,
        };
        assert_eq!(pace.room(due(1), 0), 3);
    }

    #[test]
    fn what_failed_slows_a_job_down_and_does_not_end_it() {
        let room = |aside, idle_us| {
            let waiting = Waiting {
                due: 0,
                of_job: aside,
                aside,
            };
            UNLIMITED.room(waiting, idle_us)
        };
        assert_eq!((room(31, 0), room(32, 0), room(500, 999_999)), (32, 0, 0));
        assert_eq!((room(32, 1_000_000), room(999, 5_000_000)), (1, 1));
        assert_eq!(room(1_000, 5_000_000), 0);
    }

    #[test]
    fn a_rate_makes_the_window_smaller() {
        let window = |rate| {
            let pace = Pace {
                slots: 16,
                rate_per_second: Some(rate),
            };
            pace.window()
        };
        let windows = [1, 2, 5, 20, 50, 100, 1_000].map(window);
        assert_eq!(windows, [1, 2, 2, 5, 12, 25, 32]);
    }

    #[test]
    fn where_nothing_moves_it_is_looked_at_less_and_less_often() {
        let full = Progress {
            queued: 0,
            has_room: false,
        };
        let pause = |idle_us| UNLIMITED.next_step_us(full, idle_us, 0) - idle_us;
        assert_eq!(pause(0), 20_000);
        assert_eq!(pause(400_000), 100_000);
        assert_eq!(pause(3_600_000_000), 1_000_000);
    }

    /// The most of `moments` within one second.
    fn most_in_a_second(moments: &[(i64, i64)]) -> i64 {
        let from = |(place, (from_us, _)): (usize, &(i64, i64))| {
            moments[place..]
                .iter()
                .take_while(|(at_us, _)| at_us - from_us < SECOND_US)
                .map(|(_, count)| count)
                .sum()
        };
        moments.iter().enumerate().map(from).max().unwrap_or(0)
    }

    proptest! {
        /// Whatever happens to what was queued: in no second is more queued than the
        /// rate and one slice of it, and in none more sent than that and one window,
        /// though workers die and what they had goes out at once.
        #[test]
        fn the_rate_is_kept(
            rate in 1_i64..=1_000,
            looks in prop::collection::vec((0_i64..200_000, prop::bool::ANY), 1..400),
        ) {
            let pace = Pace { slots: 16, rate_per_second: Some(rate) };
            let (mut next_us, mut last_us, mut waiting) = (0, 0, 0);
            let mut queued: Vec<(i64, i64)> = Vec::new();
            let mut sent: Vec<(i64, i64)> = Vec::new();
            for (late_us, is_sent) in looks {
                let now_us = next_us + late_us;
                let room = pace.room(due(waiting), now_us - last_us);
                let progress = Progress { queued: room, has_room: false };
                waiting += room;
                if room > 0 {
                    queued.push((now_us, room));
                    last_us = now_us;
                }
                if is_sent {
                    sent.push((now_us, waiting));
                    waiting = 0;
                }
                next_us = pace.next_step_us(progress, now_us, last_us);
                prop_assert!(next_us > now_us);
            }
            let most_queued = rate + (rate / SLICES).max(1);
            prop_assert!(most_in_a_second(&queued) <= most_queued);
            prop_assert!(most_in_a_second(&sent) <= most_queued + pace.window());
        }

        /// Never more than the window is due because of a job.
        #[test]
        fn the_window_is_kept(
            slots in 1_usize..=64,
            due in 0_i64..200,
            of_job in 0_i64..2_000,
            aside in 0_i64..2_000,
            idle_us in 0_i64..3_000_000,
        ) {
            let pace = Pace { slots, rate_per_second: None };
            let waiting = Waiting { due, of_job, aside };
            let room = pace.room(waiting, idle_us);
            prop_assert!(room >= 0);
            prop_assert!(room == 0 || due + room <= pace.window());
            prop_assert!(room == 0 || of_job + room <= MAX_WAITING);
            prop_assert!(aside < pace.window() || room <= 1);
        }
    }
}
