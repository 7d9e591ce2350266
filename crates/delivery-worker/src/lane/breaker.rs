//! When a lane is left alone, and for how long: its circuit breaker.
//!
//! It opens after so many failures in a row, for a pause that grows each time.
//! When the pause has passed, the lane is half open: one request at a time,
//! until one arrives, which closes the breaker, or one fails, which opens it
//! again. All workers share it: it is kept with the lane in the database.

use std::time::Duration;

use crate::config::BreakerConfig;
use crate::retry::Health;

/// How a lane's requests went lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Breaker {
    /// Failures since the last success.
    pub(crate) failures: i64,
    /// How often it opened since the last success.
    pub(crate) openings: i64,
    /// Half open from then on; closed if `None`. Microseconds by the database's
    /// clock.
    pub(crate) open_until_us: Option<i64>,
}

impl Breaker {
    /// The breaker after a request.
    ///
    /// A failure while it is open is of a request that had started before, and
    /// makes it no longer.
    #[must_use]
    pub(crate) fn after(self, health: Health, now_us: i64, config: &BreakerConfig) -> Self {
        match health {
            Health::Unknown => self,
            Health::Success => Self::default(),
            Health::Failure => self.failed(now_us, config),
        }
    }

    fn failed(self, now_us: i64, config: &BreakerConfig) -> Self {
        let failures = self.failures.saturating_add(1);
        let opens = match self.open_until_us {
            None => failures >= i64::from(config.failures),
            Some(until_us) => until_us <= now_us,
        };
        if !opens {
            return Self { failures, ..self };
        }
        let pause_us = micros(pause(self.openings, config));
        Self {
            failures,
            openings: self.openings.saturating_add(1),
            open_until_us: Some(now_us.saturating_add(pause_us)),
        }
    }
}

/// How long it is open after so many openings.
fn pause(openings: i64, config: &BreakerConfig) -> Duration {
    let doubled = u32::try_from(openings)
        .ok()
        .and_then(|times| 2_u32.checked_pow(times))
        .unwrap_or(u32::MAX);
    config
        .first_pause
        .saturating_mul(doubled)
        .min(config.longest_pause)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn after(breaker: Breaker, health: Health, now_us: i64) -> Breaker {
        breaker.after(health, now_us, &BreakerConfig::default())
    }

    fn fail(breaker: Breaker, times: usize, now_us: i64) -> Breaker {
        (0..times).fold(breaker, |breaker, _| {
            after(breaker, Health::Failure, now_us)
        })
    }

    #[test]
    fn ten_failures_in_a_row_open_it_for_half_a_minute() {
        let nine = fail(Breaker::default(), 9, 0);
        assert_eq!((nine.failures, nine.open_until_us), (9, None));
        let ten = fail(nine, 1, 5);
        assert_eq!(ten.open_until_us, Some(30 * SECOND + 5));
    }

    #[test]
    fn a_success_in_between_starts_the_row_anew() {
        let nine = fail(Breaker::default(), 9, 0);
        let begun = after(nine, Health::Success, 1);
        assert_eq!(begun, Breaker::default());
        assert_eq!(fail(begun, 9, 2).open_until_us, None);
    }

    #[test]
    fn what_says_nothing_of_the_receiver_changes_nothing() {
        for failures in [0, 9, 10, 15] {
            let breaker = fail(Breaker::default(), failures, 0);
            assert_eq!(after(breaker, Health::Unknown, 40 * SECOND), breaker);
        }
    }

    #[test]
    fn each_failure_of_a_half_open_lane_opens_it_twice_as_long_up_to_five_minutes() {
        let mut breaker = fail(Breaker::default(), 10, 0);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            let now_us = breaker.open_until_us.unwrap();
            breaker = after(breaker, Health::Failure, now_us);
            pauses.push((breaker.open_until_us.unwrap() - now_us) / SECOND);
        }
        assert_eq!(pauses, [60, 120, 240, 300, 300, 300]);
        assert_eq!(breaker.failures, 16);
    }

    #[test]
    fn what_was_under_way_when_it_opened_makes_it_no_longer() {
        let opened = fail(Breaker::default(), 10, 0);
        let later = fail(opened, 5, 2 * SECOND);
        assert_eq!(later.open_until_us, opened.open_until_us);
        assert_eq!((later.failures, later.openings), (15, 1));
        assert_eq!(after(later, Health::Success, 3), Breaker::default());
    }

    #[test]
    fn any_number_of_openings_is_a_pause() {
        let breaker = Breaker {
            failures: i64::MAX,
            openings: i64::MAX,
            open_until_us: Some(0),
        };
        let again = after(breaker, Health::Failure, SECOND);
        assert_eq!(again.open_until_us, Some(301 * SECOND));
    }
}
