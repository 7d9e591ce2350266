//! What a lane sent that is not on record yet, and would come twice after a crash.

use std::collections::VecDeque;

/// Outcomes that are this close count as of one time.
const RUN_US: i64 = 1_000;

/// Outcomes that wait to be recorded, in the order they came: how many, and
/// since when. Times are microseconds by a clock that only goes forward.
#[derive(Debug, Default)]
pub(super) struct Unrecorded {
    count: usize,
    /// When outcomes came, and how many.
    runs: VecDeque<(i64, usize)>,
}

impl Unrecorded {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// One more came.
    pub(super) fn add(&mut self, clock_us: i64) {
        self.count += 1;
        match self.runs.back_mut() {
            Some((since_us, count)) if clock_us - *since_us < RUN_US => *count += 1,
            _ => self.runs.push_back((clock_us, 1)),
        }
    }

    /// So many are on record, or never will be: those that came first.
    pub(super) fn take(&mut self, count: usize) {
        self.count = self.count.saturating_sub(count);
        let mut left = count;
        while let Some((_, first)) = self.runs.front_mut() {
            if *first > left {
                *first -= left;
                return;
            }
            left -= *first;
            self.runs.pop_front();
        }
    }

    /// How long the one that came first has waited by now.
    pub(super) fn age_us(&self, clock_us: i64) -> i64 {
        let first = self.runs.front();
        first.map_or(0, |(since_us, _)| clock_us - since_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_go_first() {
        let mut unrecorded = Unrecorded::default();
        for clock_us in [100, 200, 1_050, 1_100, 7_000] {
            unrecorded.add(clock_us);
        }
        assert_eq!((unrecorded.count(), unrecorded.age_us(9_000)), (5, 8_900));
        unrecorded.take(2);
        assert_eq!(unrecorded.age_us(9_000), 8_900, "of one time");
        unrecorded.take(1);
        assert_eq!((unrecorded.count(), unrecorded.age_us(9_000)), (2, 7_900));
        unrecorded.take(1);
        assert_eq!((unrecorded.count(), unrecorded.age_us(9_000)), (1, 2_000));
        unrecorded.take(9);
        assert_eq!((unrecorded.count(), unrecorded.age_us(9_000)), (0, 0));
    }
}
