//! Making a topology exist on RabbitMQ, and asking how full it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ErrorKind, ExchangeKind};
use tokio::time::Instant;

use super::connect::Reason;
use crate::broker::QueueDepth;
use crate::error::DeclareError;
use crate::topology::{Queue, Topology};

const DURABLE_EXCHANGE: ExchangeDeclareOptions = ExchangeDeclareOptions {
    passive: false,
    durable: true,
    auto_delete: false,
    internal: false,
    nowait: false,
};

/// Between learning that a queue is gone and declaring it again: a RabbitMQ that has not told all
/// its consumers yet takes them for those of the new queue, which then hands out to nobody.
const SETTLING: Duration = Duration::from_millis(2_500);

/// Why a topology was not declared.
#[derive(Debug)]
pub(super) enum NotDeclared {
    Lost(Reason),
    Refused(Refusal),
}

/// What an operator has to settle first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    Queue {
        queue: String,
        difference: String,
    },
    Exchange {
        exchange: String,
        difference: String,
    },
    Forbidden {
        reason: String,
    },
}

impl From<lapin::Error> for NotDeclared {
    fn from(error: lapin::Error) -> Self {
        Self::Lost(error.into())
    }
}

impl From<NotDeclared> for DeclareError {
    fn from(error: NotDeclared) -> Self {
        match error {
            NotDeclared::Lost(reason) => Self::ConnectionLost {
                source: Box::new(reason),
            },
            NotDeclared::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<Refusal> for DeclareError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Queue { queue, difference } => Self::Conflict { queue, difference },
            Refusal::Exchange {
                exchange,
                difference,
            } => Self::ExchangeConflict {
                exchange,
                difference,
            },
            Refusal::Forbidden { reason } => Self::Refused { reason },
        }
    }
}

impl Refusal {
    /// Whether it may be due to this topology.
    pub(super) fn concerns(&self, topology: &Topology) -> bool {
        match self {
            Self::Queue { queue, .. } => topology.queues.iter().any(|known| known.name == *queue),
            Self::Exchange { exchange, .. } => topology.exchange == *exchange,
            Self::Forbidden { .. } => true,
        }
    }
}

/// What this process has declared, so that it can be declared again after a reconnect: the broker
/// may have lost it, or be another one. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    topologies: Vec<Topology>,
    /// Nothing is declared before, since a queue is gone.
    settled_at: Option<Instant>,
}

impl Declared {
    /// Whether it is new.
    pub(super) fn remember(&self, topology: &Topology) -> bool {
        let mut known = self.lock();
        let is_new = !known.topologies.contains(topology);
        if is_new {
            known.topologies.push(topology.clone());
        }
        is_new
    }

    pub(super) fn forget(&self, topology: &Topology) {
        let mut known = self.lock();
        known.topologies.retain(|known| known != topology);
    }

    pub(super) fn has_exchange(&self, exchange: &str) -> bool {
        let known = self.lock();
        known
            .topologies
            .iter()
            .any(|known| known.exchange == exchange)
    }

    pub(super) fn has_queue(&self, queue: &str) -> bool {
        self.lock()
            .topologies
            .iter()
            .flat_map(|known| &known.queues)
            .any(|known| known.name == queue)
    }

    fn all(&self) -> Vec<Topology> {
        self.lock().topologies.clone()
    }

    /// Notes that a queue is gone; what is declared from now on waits until all know.
    pub(super) fn found_gone(&self) {
        let now = Instant::now();
        let mut known = self.lock();
        if known.settled_at.is_none_or(|settled_at| settled_at <= now) {
            known.settled_at = Some(now + SETTLING);
        }
    }

    /// Whether a queue was found to be gone just now.
    pub(super) fn is_settling(&self) -> bool {
        let settled_at = self.lock().settled_at;
        settled_at.is_some_and(|settled_at| settled_at > Instant::now())
    }

    /// Waits until what is gone can be declared again.
    pub(super) async fn settled(&self) {
        let settled_at = self.lock().settled_at;
        if let Some(settled_at) = settled_at {
            tokio::time::sleep_until(settled_at).await;
        }
    }

    /// Sorted, each once.
    pub(super) fn queue_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .lock()
            .topologies
            .iter()
            .flat_map(|known| &known.queues)
            .map(|queue| queue.name.clone())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Declares everything that this process has ever declared, but not while a queue's end settles.
pub(super) async fn declare_all(
    connection: &Connection,
    declared: &Declared,
) -> Result<(), NotDeclared> {
    declared.settled().await;
    for topology in declared.all() {
        declare(connection, &topology).await?;
    }
    Ok(())
}

/// Declares on a channel of its own: a refusal ends the channel.
pub(super) async fn declare(
    connection: &Connection,
    topology: &Topology,
) -> Result<(), NotDeclared> {
    let channel = connection.create_channel().await?;
    let exchange = topology.exchange.as_str();
    channel
        .exchange_declare(
            exchange.into(),
            ExchangeKind::Topic,
            DURABLE_EXCHANGE,
            FieldTable::default(),
        )
        .await
        .map_err(|error| refusal(error, Declaring::Exchange(exchange)))?;
    for queue in &topology.queues {
        declare_queue(&channel, exchange, queue).await?;
    }
    // What is declared stays declared even if the goodbye goes wrong.
    drop(channel.close(200, "declared".into()).await);
    Ok(())
}

async fn declare_queue(
    channel: &Channel,
    exchange: &str,
    queue: &Queue,
) -> Result<(), NotDeclared> {
    let name = queue.name.as_str();
    channel
        .queue_declare(
            name.into(),
            QueueDeclareOptions::durable(),
            arguments(queue),
        )
        .await
        .map_err(|error| refusal(error, Declaring::Queue(name)))?;
    for pattern in &queue.bindings {
        channel
            .queue_bind(
                name.into(),
                exchange.into(),
                pattern.as_str().into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await
            .map_err(|error| refusal(error, Declaring::Queue(name)))?;
    }
    Ok(())
}

fn arguments(queue: &Queue) -> FieldTable {
    let mut arguments = FieldTable::default();
    let mut set = |name: &str, value: AMQPValue| {
        arguments.insert(name.into(), value);
    };
    set("x-queue-type", AMQPValue::LongString("quorum".into()));
    // The other choice drops the oldest messages.
    set("x-overflow", AMQPValue::LongString("reject-publish".into()));
    for (name, limit) in [
        ("x-max-length", queue.max_length),
        ("x-delivery-limit", queue.delivery_limit),
    ] {
        if let Some(limit) = limit {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            set(name, AMQPValue::LongLongInt(limit));
        }
    }
    arguments
}

/// Asks for every queue by name. One that was deleted is left out.
pub(super) async fn queue_depths(
    connection: &Connection,
    names: Vec<String>,
) -> lapin::Result<Vec<QueueDepth>> {
    let mut channel = connection.create_channel().await?;
    let mut depths = Vec::with_capacity(names.len());
    for name in names {
        let passive = QueueDeclareOptions::durable().passive();
        match channel
            .queue_declare(name.as_str().into(), passive, FieldTable::default())
            .await
        {
            Ok(found) => depths.push(QueueDepth {
                queue: name,
                messages: found.message_count().into(),
                consumers: found.consumer_count().into(),
            }),
            // The answer that there is none ends the channel.
            Err(error) if soft_error(&error) == Some(&AMQPSoftError::NOTFOUND) => {
                channel = connection.create_channel().await?;
            }
            Err(error) => return Err(error),
        }
    }
    drop(channel.close(200, "asked".into()).await);
    Ok(depths)
}

#[derive(Clone, Copy)]
enum Declaring<'a> {
    Exchange(&'a str),
    Queue(&'a str),
}

fn refusal(error: lapin::Error, declaring: Declaring<'_>) -> NotDeclared {
    let difference = Reason::from(&error).to_string();
    let refusal = match (soft_error(&error), declaring) {
        (Some(AMQPSoftError::PRECONDITIONFAILED), Declaring::Queue(queue)) => Refusal::Queue {
            queue: queue.to_owned(),
            difference,
        },
        (Some(AMQPSoftError::PRECONDITIONFAILED), Declaring::Exchange(exchange)) => {
            Refusal::Exchange {
                exchange: exchange.to_owned(),
                difference,
            }
        }
        (Some(AMQPSoftError::ACCESSREFUSED), _) => Refusal::Forbidden { reason: difference },
        _ => return error.into(),
    };
    NotDeclared::Refused(refusal)
}

fn soft_error(error: &lapin::Error) -> Option<&AMQPSoftError> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => match error.kind() {
            AMQPErrorKind::Soft(soft) => Some(soft),
            AMQPErrorKind::Hard(_) => None,
        },
        _ => None,
    }
}
