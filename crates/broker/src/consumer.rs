//! Taking messages in batches that stay the broker's until they are acked.

use crate::error::ConsumeError;
use crate::in_process;
use crate::message::IncomingMessage;
use crate::rabbitmq;

/// Takes messages from one queue, one batch at a time.
///
/// Dropping it puts back what it holds.
#[derive(Debug)]
pub struct Consumer {
    source: Source,
}

#[derive(Debug)]
enum Source {
    InProcess(in_process::Consumer),
    RabbitMq(Box<rabbitmq::Consumer>),
}

impl Consumer {
    pub(crate) fn in_process(consumer: in_process::Consumer) -> Self {
        Self {
            source: Source::InProcess(consumer),
        }
    }

    pub(crate) fn rabbitmq(consumer: rabbitmq::Consumer) -> Self {
        Self {
            source: Source::RabbitMq(Box::new(consumer)),
        }
    }

    /// Waits for at least one message, then takes what is there, oldest first: at most
    /// `max_messages` (and the consumer's prefetch), and no more than `max_bytes` of bodies. The
    /// first message comes even if it alone is over either limit.
    ///
    /// Dropping the future before it is ready takes nothing.
    ///
    /// # Errors
    /// [`ConsumeError::BatchOutstanding`] while the previous batch is neither acked nor dropped;
    /// [`ConsumeError::Closed`]; [`ConsumeError::ConnectionLost`], after which calling again waits
    /// for the connection to come back.
    pub async fn receive(
        &mut self,
        max_messages: usize,
        max_bytes: usize,
    ) -> Result<Batch, ConsumeError> {
        match &mut self.source {
            Source::InProcess(consumer) => {
                let (messages, lease) = consumer.receive(max_messages, max_bytes).await?;
                Ok(Batch {
                    messages,
                    receipt: Receipt::InProcess(lease),
                })
            }
            Source::RabbitMq(consumer) => {
                let (messages, lease) = consumer.receive(max_messages, max_bytes).await?;
                Ok(Batch {
                    messages,
                    receipt: Receipt::RabbitMq(lease),
                })
            }
        }
    }

    /// Lets the broker forget the whole batch. To be called after the commit that makes its
    /// messages the caller's own.
    ///
    /// # Errors
    /// On any error the messages may come again; the caller's dedupe drops them.
    /// [`ConsumeError::ForeignBatch`] when another consumer took the batch,
    /// [`ConsumeError::Closed`], [`ConsumeError::ConnectionLost`].
    pub async fn ack(&mut self, batch: Batch) -> Result<(), ConsumeError> {
        match (&mut self.source, batch.receipt) {
            (Source::InProcess(consumer), Receipt::InProcess(lease)) => consumer.ack(&lease),
            (Source::RabbitMq(consumer), Receipt::RabbitMq(lease)) => consumer.ack(lease).await,
            (Source::InProcess(_), Receipt::RabbitMq(_))
            | (Source::RabbitMq(_), Receipt::InProcess(_)) => Err(ConsumeError::ForeignBatch),
        }
    }
}

/// Messages that a consumer holds and has not acked.
///
/// Dropped without [`Consumer::ack`], whatever the reason, its messages go back to the front of the
/// queue in their order.
#[derive(Debug)]
#[must_use = "a batch that is dropped without an ack is delivered again"]
pub struct Batch {
    messages: Vec<IncomingMessage>,
    receipt: Receipt,
}

#[derive(Debug)]
enum Receipt {
    InProcess(in_process::Lease),
    RabbitMq(rabbitmq::Lease),
}

impl Batch {
    /// The messages, oldest first; never empty unless they were taken out.
    #[must_use]
    pub fn messages(&self) -> &[IncomingMessage] {
        &self.messages
    }

    /// Moves the messages out, for work on another thread. The batch still stands for all of them:
    /// acking it acks them, dropping it brings them back.
    #[must_use]
    pub fn take_messages(&mut self) -> Vec<IncomingMessage> {
        std::mem::take(&mut self.messages)
    }
}
