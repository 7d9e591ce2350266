//! Sending messages, and learning when the sender may forget them.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::error::PublishError;
use crate::in_process;
use crate::message::OutgoingMessage;
use crate::rabbitmq;

/// Sends messages to one exchange. Clones share the way there; only messages that one task
/// publishes one after another keep their order.
#[derive(Debug, Clone)]
pub struct Publisher {
    route: Route,
}

#[derive(Debug, Clone)]
enum Route {
    InProcess(in_process::Publisher),
    RabbitMq(rabbitmq::Publisher),
}

impl Publisher {
    pub(crate) fn in_process(publisher: in_process::Publisher) -> Self {
        Self {
            route: Route::InProcess(publisher),
        }
    }

    pub(crate) fn rabbitmq(publisher: rabbitmq::Publisher) -> Self {
        Self {
            route: Route::RabbitMq(publisher),
        }
    }

    /// Hands a message over as soon as there is room for it. Confirmations are pipelined: publish
    /// the next message before this one's confirmation is there.
    ///
    /// Dropping the future before it is ready publishes nothing; dropping the confirmation takes
    /// nothing back.
    ///
    /// # Errors
    /// [`PublishError::Closed`], [`PublishError::TooLong`]; [`PublishError::ConnectionLost`] when
    /// there was no connection for 10 s, and once after a connection was lost with messages of this
    /// publisher or its clones on the way, so that a later message does not overtake one that has
    /// to be published again. What only the broker can tell, an unroutable message included, is the
    /// confirmation's result.
    pub async fn publish(&self, message: OutgoingMessage) -> Result<Confirmation, PublishError> {
        message.check()?;
        match &self.route {
            Route::InProcess(publisher) => publisher.publish(message).await,
            Route::RabbitMq(publisher) => publisher.publish(message).await,
        }
    }
}

/// Resolves when the message is safe without its sender, or never will be.
///
/// In process that is when every queue that it went to has seen it acked. On RabbitMQ it is when the
/// majority of the replicas of every such queue has it on disk.
#[derive(Debug)]
#[must_use = "a message counts as published only when its confirmation says so"]
pub struct Confirmation {
    outcome: oneshot::Receiver<Result<(), PublishError>>,
}

impl Confirmation {
    /// A confirmation to be settled later through the returned sender; dropping that settles it as
    /// [`PublishError::Closed`].
    pub(crate) fn pending() -> (oneshot::Sender<Result<(), PublishError>>, Self) {
        let (settle, outcome) = oneshot::channel();
        (settle, Self { outcome })
    }
}

impl Future for Confirmation {
    type Output = Result<(), PublishError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.outcome)
            .poll(context)
            .map(|settled| settled.unwrap_or(Err(PublishError::Closed)))
    }
}
