//! Spreads the load over the faults.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Gives turns to those who make the load. Who was held up catches up as fast as it is
/// answered.
#[derive(Debug)]
pub(crate) struct Pacer {
    start: Instant,
    gap: Duration,
    count: u64,
    turns: AtomicU64,
    end: End,
    faults_over: AtomicBool,
}

/// When there are no more turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// When the last fault is over, and not before so many requests were accepted.
    WithFaults,
    /// After so many turns.
    Count,
}

impl Pacer {
    /// `count` within about `time` from now on, and more as long as there are faults.
    pub(crate) fn spread(count: u64, time: Duration) -> Self {
        Self::new(count, time.div_f64(count.max(1) as f64), End::WithFaults)
    }

    /// `count` at once.
    pub(crate) fn burst(count: u64) -> Self {
        Self::new(count, Duration::ZERO, End::Count)
    }

    fn new(count: u64, gap: Duration, end: End) -> Self {
        Self {
            start: Instant::now(),
            gap,
            count,
            turns: AtomicU64::new(0),
            end,
            faults_over: AtomicBool::new(false),
        }
    }

    /// Waits for the next turn; its number, or nothing when there is no more to do.
    /// `accepted` is how many requests were, up to now.
    pub(crate) async fn turn(&self, accepted: u64) -> Option<u64> {
        let are_faults_over = self.faults_over.load(Ordering::Relaxed);
        if self.end == End::WithFaults && are_faults_over && accepted >= self.count {
            return None;
        }
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        if self.end == End::Count && turn >= self.count {
            return None;
        }
        let due = self.gap.as_secs_f64() * turn as f64;
        tokio::time::sleep_until(self.start + Duration::from_secs_f64(due)).await;
        Some(turn)
    }

    pub(crate) fn end_of_faults(&self) {
        self.faults_over.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_burst_has_as_many_turns_as_asked_for() {
        let pacer = Pacer::burst(2);
        let mut turns = Vec::new();
        while let Some(turn) = pacer.turn(0).await {
            turns.push(turn);
        }
        assert_eq!(turns, [0, 1]);
    }

    #[tokio::test]
    async fn a_spread_load_lasts_as_long_as_the_faults() {
        let pacer = Pacer::spread(2, Duration::ZERO);
        assert!(pacer.turn(5).await.is_some());
        pacer.end_of_faults();
        assert!(pacer.turn(1).await.is_some());
        assert!(pacer.turn(2).await.is_none());
    }
}
