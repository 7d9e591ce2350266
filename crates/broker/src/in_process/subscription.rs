//! One consumer's hold on a queue.

use std::sync::Arc;

use super::message_queue::{LeaseId, MessageQueue};
use crate::error::ConsumeError;
use crate::message::IncomingMessage;

#[derive(Debug)]
pub(crate) struct Consumer {
    queue: Arc<MessageQueue>,
    prefetch: usize,
    /// The latest lease; it may have been given back since.
    lease: Option<LeaseId>,
}

impl Consumer {
    pub(super) fn attach(queue: Arc<MessageQueue>, prefetch: u16) -> Self {
        queue.attach();
        let prefetch = if prefetch == 0 {
            usize::MAX
        } else {
            usize::from(prefetch)
        };
        Self {
            queue,
            prefetch,
            lease: None,
        }
    }

    pub(crate) async fn receive(
        &mut self,
        max_messages: usize,
        max_bytes: usize,
    ) -> Result<(Vec<IncomingMessage>, Lease), ConsumeError> {
        if self.lease.is_some_and(|lease| self.queue.is_leased(lease)) {
            return Err(ConsumeError::BatchOutstanding);
        }
        let (id, messages) = self
            .queue
            .lease(max_messages.min(self.prefetch), max_bytes)
            .await?;
        self.lease = Some(id);
        Ok((
            messages,
            Lease {
                queue: Arc::clone(&self.queue),
                id,
            },
        ))
    }

    pub(crate) fn ack(&mut self, lease: &Lease) -> Result<(), ConsumeError> {
        if !Arc::ptr_eq(&self.queue, &lease.queue) || self.lease != Some(lease.id) {
            return Err(ConsumeError::ForeignBatch);
        }
        self.lease = None;
        self.queue.ack(lease.id)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        if let Some(lease) = self.lease {
            self.queue.give_back(lease);
        }
        self.queue.detach();
    }
}

/// A batch's claim on its messages; gives them back when it is dropped and they were not acked.
#[derive(Debug)]
pub(crate) struct Lease {
    queue: Arc<MessageQueue>,
    id: LeaseId,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.queue.give_back(self.id);
    }
}
