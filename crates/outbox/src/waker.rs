//! Tells the relay that something was committed.

use std::sync::Arc;

use tokio::sync::Notify;

/// Wakes the relay of the same process. Clones wake the same one.
#[derive(Debug, Clone, Default)]
pub struct Waker {
    notify: Arc<Notify>,
}

impl Waker {
    /// A waker; give it to the relay and to who writes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Call after the commit; many calls at once wake once.
    pub fn wake(&self) {
        self.notify.notify_one();
    }

    pub(crate) async fn woken(&self) {
        self.notify.notified().await;
    }
}
