//! Counts requests in flight, so that the server can stop as soon as there are none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

/// The requests in flight of one server; clones share them.
#[derive(Debug, Clone)]
pub(super) struct Drain {
    in_flight: Arc<watch::Sender<usize>>,
    stopping: Arc<AtomicBool>,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            in_flight: Arc::new(watch::Sender::new(0)),
            stopping: Arc::default(),
        }
    }
}

/// One request in flight.
#[derive(Debug)]
pub(super) struct InFlight(Arc<watch::Sender<usize>>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Drain {
    /// Counts a request until the guard is dropped.
    pub(super) fn enter(&self) -> InFlight {
        self.in_flight.send_modify(|count| *count += 1);
        InFlight(Arc::clone(&self.in_flight))
    }

    /// Whether the server has begun to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Waits until nothing is in flight; answers whether that came within `patience`.
    pub(super) async fn finish(&self, patience: Duration) -> bool {
        self.stopping.store(true, Ordering::Relaxed);
        let mut count = self.in_flight.subscribe();
        let empty = count.wait_for(|count| *count == 0);
        tokio::time::timeout(patience, empty).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_waits_for_what_is_in_flight() {
        let drain = Drain::default();
        let first = drain.enter();
        let second = drain.enter();
        assert!(!drain.finish(Duration::from_secs(4)).await);
        assert!(drain.is_stopping());
        let waiting = tokio::spawn({
            let drain = drain.clone();
            async move { drain.finish(Duration::from_secs(4)).await }
        });
        drop(first);
        drop(second);
        assert!(waiting.await.unwrap());
    }
}
