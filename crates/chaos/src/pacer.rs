//! Spreads the changes over the faults.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::ledger::Ledger;

/// Gives the writers their turns. Who was held up catches up as fast as it is answered.
#[derive(Debug)]
pub(crate) struct Pacer {
    start: Instant,
    gap: Duration,
    changes: u64,
    turns: AtomicU64,
    /// The load goes on until the last fault is over.
    faults_over: AtomicBool,
}

impl Pacer {
    /// `changes` within about `time`, from now on.
    pub(crate) fn new(changes: u64, time: Duration) -> Self {
        Self {
            start: Instant::now(),
            gap: time.div_f64(changes.max(1) as f64),
            changes,
            turns: AtomicU64::new(0),
            faults_over: AtomicBool::new(false),
        }
    }

    /// Waits for the next turn; false when there is no more to do.
    pub(crate) async fn turn(&self, ledger: &Ledger) -> bool {
        if self.faults_over.load(Ordering::Relaxed) && ledger.accepted() >= self.changes {
            return false;
        }
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        let due = self.gap.as_secs_f64() * turn as f64;
        tokio::time::sleep_until(self.start + Duration::from_secs_f64(due)).await;
        true
    }

    pub(crate) fn end_of_faults(&self) {
        self.faults_over.store(true, Ordering::Relaxed);
    }
}
