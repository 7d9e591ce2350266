//! How many calls a receiver is answering.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A count that all clones share.
#[derive(Debug, Clone, Default)]
pub(crate) struct UnderWay {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// One call, until it is answered or its sender has gone.
#[derive(Debug)]
pub(crate) struct Call(Arc<Counts>);

impl UnderWay {
    pub(crate) fn begin(&self) -> Call {
        let now = self.counts.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.counts.most.fetch_max(now, Ordering::Relaxed);
        Call(Arc::clone(&self.counts))
    }

    pub(crate) fn now(&self) -> usize {
        self.counts.now.load(Ordering::Relaxed)
    }

    /// At the same time, since the first one.
    pub(crate) fn most(&self) -> usize {
        self.counts.most.load(Ordering::Relaxed)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_calls_until_they_end() {
        let under_way = UnderWay::default();
        let first = under_way.begin();
        let second = under_way.clone().begin();
        drop(first);
        assert_eq!((under_way.now(), under_way.most()), (1, 2));
        drop(second);
        assert_eq!((under_way.now(), under_way.most()), (0, 2));
    }
}
