//! The choice of broker, made once in the wiring.

use crate::consumer::Consumer;
use crate::error::{BrokerTrouble, ConsumeError, DeclareError, PublishError};
use crate::in_process::{InProcess, InProcessLimits};
use crate::publisher::Publisher;
use crate::rabbitmq::{RabbitMq, RabbitMqConfig};
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
    /// A RabbitMQ server, for services that run apart.
    RabbitMq(RabbitMq),
}

/// How much waits in one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDepth {
    /// The queue's name.
    pub queue: String,
    /// Messages that no consumer holds at the moment; what RabbitMQ has sent ahead counts as held.
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

    /// Begins to connect to a RabbitMQ server and returns at once. Whatever happens to the server,
    /// it is connected to again for ever, with pauses of 100 ms to 5 s.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn rabbitmq(config: RabbitMqConfig) -> Self {
        Self::RabbitMq(RabbitMq::connect(config))
    }

    /// Makes everything in `topology` exist. What exists already stays, with its messages;
    /// bindings are only ever added.
    /// RabbitMQ: after a lost connection it is declared again before anything is published; and a
    /// call that fails with [`DeclareError::ConnectionLost`] is made good once there is a connection.
    ///
    /// # Errors
    /// [`DeclareError::Conflict`] when a queue exists with another `max_length` or
    /// `delivery_limit`, [`DeclareError::Invalid`] when no broker could hold the topology,
    /// [`DeclareError::ConnectionLost`] when there is no connection within 5 s.
    pub async fn declare(&self, topology: &Topology) -> Result<(), DeclareError> {
        topology.check()?;
        match self {
            Self::InProcess(broker) => broker.declare(topology),
            Self::RabbitMq(broker) => broker.declare(topology).await,
        }
    }

    /// Opens a publisher to an exchange that was declared through this broker or a clone. Publishers are cheap to clone.
    ///
    /// # Errors
    /// [`PublishError::UnknownExchange`] when the exchange was not declared.
    pub async fn publisher(&self, exchange: &str) -> Result<Publisher, PublishError> {
        match self {
            Self::InProcess(broker) => broker.publisher(exchange).map(Publisher::in_process),
            Self::RabbitMq(broker) => broker.publisher(exchange).map(Publisher::rabbitmq),
        }
    }

    /// Opens a publisher whose messages each go to the one queue that their routing key names, to
    /// nobody else. A queue that is not there makes a message unroutable.
    ///
    /// # Errors
    /// [`PublishError::Closed`].
    pub async fn queue_publisher(&self) -> Result<Publisher, PublishError> {
        match self {
            Self::InProcess(broker) => broker.queue_publisher().map(Publisher::in_process),
            Self::RabbitMq(broker) => broker.queue_publisher().map(Publisher::rabbitmq),
        }
    }

    /// Attaches a consumer to a queue that was declared through this broker or a clone. Consumers on one queue compete for its messages.
    ///
    /// `prefetch` is how many messages it may hold un-acked, and so the largest batch; 0 = no limit.
    /// RabbitMQ sends a consumer that many ahead of its asking, and other consumers do not get them
    /// before this one has acked, or is dropped.
    ///
    /// # Errors
    /// [`ConsumeError::UnknownQueue`] when the queue was not declared.
    pub async fn consumer(&self, queue: &str, prefetch: u16) -> Result<Consumer, ConsumeError> {
        match self {
            Self::InProcess(broker) => broker.consumer(queue, prefetch).map(Consumer::in_process),
            Self::RabbitMq(broker) => broker.consumer(queue, prefetch).map(Consumer::rabbitmq),
        }
    }

    /// Says whether publishing and consuming can be expected to work now, for readiness probes.
    ///
    /// # Errors
    /// Why not, in words for an operator.
    pub fn check(&self) -> Result<(), BrokerTrouble> {
        match self {
            Self::InProcess(broker) => broker.check(),
            Self::RabbitMq(broker) => broker.check(),
        }
    }

    /// Lists what waits in each declared queue, by name, for metrics and scaling.
    ///
    /// # Errors
    /// [`ConsumeError::Closed`] after [`close`](Self::close), [`ConsumeError::ConnectionLost`] when
    /// there is no connection.
    pub async fn queue_depths(&self) -> Result<Vec<QueueDepth>, ConsumeError> {
        match self {
            Self::InProcess(broker) => broker.queue_depths(),
            Self::RabbitMq(broker) => broker.queue_depths().await,
        }
    }

    /// Ends it for every clone, publisher and consumer: publishes fail with
    /// [`PublishError::Closed`], pending confirmations and waits too. What was not acked is for the
    /// producers' outboxes to send again. Closing twice is closing once.
    pub async fn close(&self) {
        match self {
            Self::InProcess(broker) => broker.close(),
            Self::RabbitMq(broker) => broker.close().await,
        }
    }
}
