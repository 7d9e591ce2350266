//! What arrived so far, in numbers.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::signature::Verdict;

/// Counters that every connection adds to.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    received: AtomicU64,
    repeated: AtomicU64,
    valid: AtomicU64,
    invalid: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Requests read, repeats included.
    pub(crate) received: u64,
    /// Of these, the ones whose `webhook-id` had come before.
    pub(crate) repeated: u64,
    /// Of these, the ones with a valid signature.
    pub(crate) valid: u64,
    /// Of these, the ones with an invalid signature.
    pub(crate) invalid: u64,
}

impl Counts {
    pub(crate) fn add(&self, verdict: Verdict, is_repeat: bool) {
        self.received.fetch_add(1, Ordering::Relaxed);
        if is_repeat {
            self.repeated.fetch_add(1, Ordering::Relaxed);
        }
        match verdict {
            Verdict::Valid => &self.valid,
            Verdict::Invalid(_) => &self.invalid,
            Verdict::NoSecret | Verdict::Missing | Verdict::NotChecked => return,
        }
        .fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            received: self.received.load(Ordering::Relaxed),
            repeated: self.repeated.load(Ordering::Relaxed),
            valid: self.valid.load(Ordering::Relaxed),
            invalid: self.invalid.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            received,
            repeated,
            valid,
            invalid,
        } = self;
        write!(
            f,
            "received {received}, repeats {repeated}, signatures valid {valid}, invalid {invalid}"
        )
    }
}
