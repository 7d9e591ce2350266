//! What can go wrong, told apart by what the caller can do about it.

use std::error::Error;

/// Why [`Broker::declare`](crate::Broker::declare) changed nothing it can vouch for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeclareError {
    /// The topology itself cannot exist on any broker; it is a mistake in the program.
    #[error("the topology is not valid: {reason}")]
    Invalid {
        /// What is wrong, and with which part.
        reason: String,
    },
    /// A queue of that name exists with other settings. An operator has to decide which are right.
    #[error("queue {queue} exists with other settings: {difference}")]
    Conflict {
        /// The queue that exists already.
        queue: String,
        /// Which setting differs, and how.
        difference: String,
    },
    /// An exchange of that name exists with another type. An operator has to decide which is right.
    #[error("exchange {exchange} exists with other settings: {difference}")]
    ExchangeConflict {
        /// The exchange that exists already.
        exchange: String,
        /// Which setting differs, and how.
        difference: String,
    },
    /// The broker's user may not declare this. An operator has to permit it.
    #[error("the broker refuses the declaration: {reason}")]
    Refused {
        /// What the broker said.
        reason: String,
    },
    /// The broker could not be reached; declaring again later may work.
    #[error("the connection to the broker was lost while declaring")]
    ConnectionLost {
        /// What the connection reported.
        source: Box<dyn Error + Send + Sync>,
    },
    /// [`Broker::close`](crate::Broker::close) was called; nothing will work any more.
    #[error("the broker is closed")]
    Closed,
}

impl DeclareError {
    /// Says whether the same call may work later with nothing else changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::ConnectionLost { .. })
    }
}

/// Why publishing or consuming cannot be expected to work at the moment. Its text is for operators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerTrouble {
    /// There is no connection; it is tried again for ever.
    #[error("not connected: {reason}")]
    NotConnected {
        /// Why the latest attempt failed, or why the connection ended.
        reason: String,
    },
    /// The broker does not know the user, or not by this password.
    #[error("login refused")]
    LoginRefused,
    /// The broker is short of a resource and takes no messages until it has it again.
    #[error("publishing is blocked: {reason}")]
    Blocked {
        /// Which resource.
        reason: String,
    },
    /// [`Broker::close`](crate::Broker::close) was called.
    #[error("closed")]
    Closed,
}

/// Why a message does not count as published. The broker may have handed it to some consumer all
/// the same, so publishing it again can repeat it, never lose it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// No queue is bound for this routing key. The message is wanted by nobody that the broker
    /// knows: declare the topology, then publish again.
    #[error("no queue is bound for routing key {routing_key}")]
    Unroutable {
        /// The key that no binding matches.
        routing_key: String,
    },
    /// A queue is full and refused the message; it fits once consumers have caught up.
    #[error("a queue refused the message because it is full")]
    Refused,
    /// The connection went away before the broker confirmed; publish again.
    #[error("the connection to the broker was lost before it confirmed")]
    ConnectionLost {
        /// What the connection reported.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The message can never be sent as it is.
    #[error("{property} takes {actual_bytes} bytes, more than the {limit_bytes} that fit")]
    TooLong {
        /// The property that is too long.
        property: &'static str,
        /// Its length.
        actual_bytes: usize,
        /// What the protocol has room for.
        limit_bytes: usize,
    },
    /// The exchange was never declared: a mistake in the start-up order.
    #[error("exchange {exchange} was not declared")]
    UnknownExchange {
        /// The name that was asked for.
        exchange: String,
    },
    /// [`Broker::close`](crate::Broker::close) was called; nothing will work any more.
    #[error("the broker is closed")]
    Closed,
}

impl PublishError {
    /// Says whether publishing the same message again may work with nothing else changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Refused | Self::ConnectionLost { .. })
    }

    /// Says whether the message came back because no queue wants it. Worth a retry only after the
    /// topology was declared again.
    #[must_use]
    pub fn is_unroutable(&self) -> bool {
        matches!(self, Self::Unroutable { .. })
    }

    /// Says whether the broker was closed on purpose, as on shutdown.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

/// Why nothing could be taken from, acked on, or learned about a queue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumeError {
    /// The queue was never declared: a mistake in the start-up order.
    #[error("queue {queue} was not declared")]
    UnknownQueue {
        /// The name that was asked for.
        queue: String,
    },
    /// The previous batch is neither acked nor dropped; a consumer holds one batch at a time.
    #[error("the previous batch is neither acked nor dropped")]
    BatchOutstanding,
    /// The batch came from another consumer. It goes back to its queue.
    #[error("the batch belongs to another consumer")]
    ForeignBatch,
    /// The connection went away. Batches taken over it come again; receiving may work later.
    #[error("the connection to the broker was lost")]
    ConnectionLost {
        /// What the connection reported.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The queue was deleted, and what was in it; receiving declares it again.
    #[error("queue {queue} is gone; it is declared again")]
    QueueGone {
        /// The queue that was deleted.
        queue: String,
        /// What the broker reported.
        source: Box<dyn Error + Send + Sync>,
    },
    /// [`Broker::close`](crate::Broker::close) was called; nothing will work any more.
    #[error("the broker is closed")]
    Closed,
}

impl ConsumeError {
    /// Says whether the same call may work later with nothing else changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::ConnectionLost { .. } | Self::QueueGone { .. })
    }

    /// Says whether the broker was closed on purpose, as on shutdown.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}
