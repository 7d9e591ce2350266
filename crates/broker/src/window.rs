//! The room of one queue, in messages and in bytes.

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

/// Counts what a queue may still take. Publishers wait in line, so a large message is not passed by
/// small ones for ever.
#[derive(Debug)]
pub(crate) struct Window {
    messages: Semaphore,
    bytes: Semaphore,
    max_bytes: u32,
}

/// Room held for a message that is not in the queue yet; dropping it gives the room back.
#[derive(Debug)]
#[must_use]
pub(crate) struct Room<'a> {
    message: SemaphorePermit<'a>,
    bytes: SemaphorePermit<'a>,
}

impl Window {
    pub(crate) fn new(max_messages: u32, max_bytes: u32) -> Self {
        let (max_messages, max_bytes) = (max_messages.max(1), max_bytes.max(1));
        Self {
            messages: Semaphore::new(max_messages as usize),
            bytes: Semaphore::new(max_bytes as usize),
            max_bytes,
        }
    }

    /// Waits until a message with a body of `body_bytes` fits.
    pub(crate) async fn reserve(&self, body_bytes: usize) -> Result<Room<'_>, AcquireError> {
        let message = self.messages.acquire().await?;
        let bytes = self.bytes.acquire_many(self.cost(body_bytes)).await?;
        Ok(Room { message, bytes })
    }

    /// Makes the room of acked messages free again.
    pub(crate) fn release(&self, messages: usize, cost_bytes: usize) {
        self.messages.add_permits(messages);
        self.bytes.add_permits(cost_bytes);
    }

    /// Fails every wait, the present and the later ones.
    pub(crate) fn close(&self) {
        self.messages.close();
        self.bytes.close();
    }

    /// What a body takes of the window: an oversized one takes all of it.
    pub(crate) fn cost(&self, body_bytes: usize) -> u32 {
        u32::try_from(body_bytes)
            .unwrap_or(u32::MAX)
            .min(self.max_bytes)
    }
}

impl Room<'_> {
    /// Leaves the room to the queued message, until [`Window::release`].
    pub(crate) fn occupy(self) {
        self.message.forget();
        self.bytes.forget();
    }
}
