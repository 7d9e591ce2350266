//! What the senders of leads were promised: every post that was answered with 2xx.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A post that was answered with 2xx.
#[derive(Debug, Clone)]
pub(crate) struct Promise {
    /// What no other lead has: in its name and its `utmTerm`.
    pub(crate) mark: String,
    /// Its phone, as it is answered.
    pub(crate) phone: String,
    /// By which a post that is repeated is known: then there is one lead, whatever
    /// became of the earlier tries.
    pub(crate) has_remote_id: bool,
    /// The lead's id; none where the answer was 202.
    pub(crate) lead: Option<u64>,
    /// Tries before the one that was answered, each of which may have made a lead.
    pub(crate) earlier_tries: usize,
    /// When the answer had arrived.
    pub(crate) at: Instant,
}

/// All that the senders saw.
#[derive(Debug, Default)]
pub(crate) struct Book {
    inner: Mutex<Seen>,
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// In the order of the answers.
    pub(crate) promises: Vec<Promise>,
    /// Posts that were known when they were sent again.
    pub(crate) had_happened: u64,
    /// Posts answered with 202: kept, and no lead yet.
    pub(crate) kept_only: u64,
}

impl Book {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Seen> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.lock().promises.len() as u64
    }

    /// Whether a post was accepted after that moment.
    pub(crate) fn has_accepted_since(&self, moment: Instant) -> bool {
        let seen = self.lock();
        seen.promises.last().is_some_and(|last| last.at > moment)
    }
}
