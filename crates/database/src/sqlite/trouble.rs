//! Whether the file took writes lately.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a failed write counts. A disk that is full takes a small change now
/// and then, and without this the next check would find all well.
const REMEMBERED: Duration = Duration::from_secs(10);

/// The last write that the file did not take; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<(Instant, String)>>>);

impl Trouble {
    /// Remembers a failed write; `true` if there was none just before, so that
    /// a disk which stays full is told of once.
    pub(super) fn note(&self, what: String) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.replace((Instant::now(), what)).is_none()
    }

    /// A write was kept; `true` if that ends a time in which some were not.
    pub(super) fn kept(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.take_if(|(at, _)| at.elapsed() >= REMEMBERED).is_some()
    }

    /// What went wrong, if it was only just now.
    pub(super) fn recent(&self) -> Option<String> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .filter(|(at, _)| at.elapsed() < REMEMBERED)
            .map(|(_, what)| what.clone())
    }
}
