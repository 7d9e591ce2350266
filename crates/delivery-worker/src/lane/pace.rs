//! How fast a lane may start requests: its rate per second.

/// The longest lateness of a start that the next one may make good, so that a
/// timer that is a little late does not slow the lane down.
const LONGEST_GRACE_US: i64 = 10_000;

/// Spreads starts evenly: one per interval. A start that was late may be
/// followed sooner, by an interval and ten milliseconds at most, so that in no
/// second more than one request over the rate begins.
///
/// Times are microseconds by a clock that only goes forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    per_second: u32,
    /// When the next start is in time.
    next_us: i64,
}

impl Pace {
    /// A pace of which nothing is known yet; at least one per second.
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            per_second: per_second.max(1),
            next_us: i64::MIN,
        }
    }

    /// The same with another rate.
    #[must_use]
    pub(super) fn with_rate(self, per_second: u32) -> Self {
        Self {
            per_second: per_second.max(1),
            ..self
        }
    }

    /// How many requests may begin within a second.
    pub(super) fn per_second(&self) -> usize {
        usize::try_from(self.per_second).unwrap_or(usize::MAX)
    }

    /// Notes a start.
    pub(super) fn start(&mut self, clock_us: i64) {
        self.next_us = self.next_us.max(clock_us) + self.interval_us();
    }

    /// From when on a request may begin.
    pub(super) fn earliest_us(&self) -> i64 {
        self.next_us
            .saturating_sub(self.interval_us().min(LONGEST_GRACE_US))
    }

    fn interval_us(&self) -> i64 {
        i64::from(1_000_000_u32.div_ceil(self.per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When requests begin of a lane that always has some, where each start is
    /// as late as it says.
    fn starts(per_second: u32, lateness_us: &[i64]) -> Vec<i64> {
        let mut pace = Pace::new(per_second);
        let mut clock_us = 0;
        let late = lateness_us.iter();
        late.map(|late_us| {
            clock_us = pace.earliest_us().max(clock_us) + late_us;
            pace.start(clock_us);
            clock_us
        })
        .collect()
    }

    #[test]
    fn starts_are_an_interval_apart() {
        let starts = starts(4, &[0; 8]);
        let gaps: Vec<i64> = starts.windows(2).map(|two| two[1] - two[0]).collect();
        assert_eq!(
            gaps,
            [
                240_000, 250_000, 250_000, 250_000, 250_000, 250_000, 250_000
            ]
        );
    }

    #[test]
    fn a_start_that_is_a_little_late_slows_nothing_down() {
        let starts = starts(100, &[3_000; 101]);
        let took_us = starts[100] - starts[0];
        assert!(took_us <= 1_000_000, "{took_us}");
    }

    #[test]
    fn in_no_second_begins_more_than_the_rate_and_one() {
        for per_second in [1, 3, 10, 99, 1_000] {
            let late: Vec<i64> = (0..3_000).map(|place| place * 7_919 % 5_000).collect();
            let starts = starts(per_second, &late);
            for (place, first_us) in starts.iter().enumerate() {
                let end = starts.partition_point(|at_us| *at_us < first_us + 1_000_000);
                let most = usize::try_from(per_second).unwrap() + 1;
                assert!(end - place <= most, "{per_second} per second");
            }
        }
    }
}
