//! The choice of broker, made once in the wiring.

use crate::consumer::Consumer;
use crate::error::{ConsumeError, DeclareError, PublishError};
use crate::in_process::{InProcess, InProcessLimits};
use crate::publisher::Publisher;
use crate::topology::Topology;

/// A broker. Clones share it.
///
/// Only the wiring looks at the variant; all else goes through the methods, which promise the same
/// on each.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Broker {
    /// Queues in the memory of this process, for a single process that hosts every service.
    InProcess(InProcess),
}

/// How much waits in one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDepth {
    /// The queue's name.
    pub queue: String,
    /// Messages that no consumer holds at the moment.
    pub messages: u64,
    /// Consumers attached to it.
    pub consumers: u64,
}

impl Broker {
    /// Makes an empty in-process broker whose queues are bounded by `limits`.
    #[must_use]
    pub fn in_process(limits: InProcessLimits) -> Self {
        Self::InProcess(InProcess::new(limits))
    }

    /// Makes everything in `topology` exist. What exists already stays, with its messages;
    /// bindings are only ever added.
    ///
    /// # Errors
    /// [`DeclareError::Conflict`] when a queue exists with another `max_length` or
    /// `delivery_limit`, [`DeclareError::Invalid`] when no broker could hold the topology.
    pub async fn declare(&self, topology: &Topology) -> Result<(), DeclareError> {
        topology.check()?;
        match self {
            Self::InProcess(broker) => broker.declare(topology),
        }
    }

    /// Opens a publisher to a declared exchange. Publishers are cheap to clone.
    ///
    /// # Errors
    /// [`PublishError::UnknownExchange`] when the exchange was not declared.
    pub async fn publisher(&self, exchange: &str) -> Result<Publisher, PublishError> {
        match self {
            Self::InProcess(broker) => broker.publisher(exchange).map(Publisher::in_process),
        }
    }

    /// Attaches a consumer to a declared queue. Consumers on one queue compete for its messages.
    ///
    /// `prefetch` is how many messages it may hold un-acked, and so the largest batch; 0 = no limit.
    ///
    /// # Errors
    /// [`ConsumeError::UnknownQueue`] when the queue was not declared.
    pub async fn consumer(&self, queue: &str, prefetch: u16) -> Result<Consumer, ConsumeError> {
        match self {
            Self::InProcess(broker) => broker.consumer(queue, prefetch).map(Consumer::in_process),
        }
    }

    /// Says whether publishing and consuming can be expected to work now, for readiness probes.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        match self {
            Self::InProcess(broker) => broker.is_open(),
        }
    }

    /// Lists what waits in each declared queue, by name, for metrics and scaling.
    ///
    /// # Errors
    /// [`ConsumeError::Closed`] after [`close`](Self::close).
    pub async fn queue_depths(&self) -> Result<Vec<QueueDepth>, ConsumeError> {
        match self {
            Self::InProcess(broker) => broker.queue_depths(),
        }
    }

    /// Ends it for every clone, publisher and consumer: publishes fail with
    /// [`PublishError::Closed`], pending confirmations and waits too. What was not acked is for the
    /// producers' outboxes to send again. Closing twice is closing once.
    pub async fn close(&self) {
        match self {
            Self::InProcess(broker) => broker.close(),
        }
    }
}
