//! Putting one message into every queue that wants it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::exchange::Exchange;
use super::{Shared, lock};
use crate::error::PublishError;
use crate::message::OutgoingMessage;
use crate::publisher::Confirmation;

#[derive(Debug, Clone)]
pub(crate) struct Publisher {
    shared: Arc<Shared>,
    exchange: Arc<Exchange>,
}

impl Publisher {
    pub(super) fn new(shared: Arc<Shared>, exchange: Arc<Exchange>) -> Self {
        Self { shared, exchange }
    }

    pub(crate) async fn publish(
        &self,
        message: OutgoingMessage,
    ) -> Result<Confirmation, PublishError> {
        if self.shared.is_closed() {
            return Err(PublishError::Closed);
        }
        let (settle, confirmation) = Confirmation::pending();
        let queues = self.exchange.route(&message.routing_key);
        let mut rooms = Vec::with_capacity(queues.len());
        for queue in &queues {
            let room = queue.window().reserve(message.body.len()).await;
            rooms.push(room.map_err(|_closed| PublishError::Closed)?);
        }
        let envelope = Arc::new(Envelope::new(message, queues.len(), settle));
        if queues.is_empty() {
            envelope.settle(Err(PublishError::Unroutable {
                routing_key: envelope.message.routing_key.clone(),
            }));
        }
        // Nothing waits from here on: a publish that is cancelled has reached no queue.
        for (queue, room) in queues.iter().zip(rooms) {
            queue.push(Arc::clone(&envelope))?;
            room.occupy();
        }
        Ok(confirmation)
    }
}

/// A message, shared by the queues that hold it, with its way to tell the sender.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) message: OutgoingMessage,
    /// Queues that have not seen it acked.
    owed: AtomicUsize,
    sender: Mutex<Option<oneshot::Sender<Result<(), PublishError>>>>,
}

impl Envelope {
    fn new(
        message: OutgoingMessage,
        queues: usize,
        sender: oneshot::Sender<Result<(), PublishError>>,
    ) -> Self {
        Self {
            message,
            owed: AtomicUsize::new(queues),
            sender: Mutex::new(Some(sender)),
        }
    }

    /// Notes the ack of one queue; the last one confirms.
    pub(super) fn acked(&self) {
        if self.owed.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.settle(Ok(()));
        }
    }

    /// Tells the sender once, if it still listens.
    pub(super) fn settle(&self, outcome: Result<(), PublishError>) {
        let sender = lock(&self.sender).take();
        if let Some(sender) = sender {
            // A sender that dropped its confirmation does not want to know.
            drop(sender.send(outcome));
        }
    }
}
