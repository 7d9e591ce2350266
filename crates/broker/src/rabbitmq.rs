//! RabbitMQ 3.10 and later, through lapin.
//!
//! A process has one connection for consuming and declaring and, once it publishes, another one for
//! that: a broker that is short of memory stops reading from connections that publish, and consuming
//! has to go on. Each is kept up for ever by a task of its own. lapin can reconnect by itself, but
//! gives up after a number of attempts, sleeps without a way to stop it, and knows nothing of
//! messages that must not overtake each other after a loss.

mod config;
mod connect;
mod consumer;
mod declare;
mod flight;
mod lane;
mod link;
mod properties;
mod publisher;
mod subscription;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use crate::broker::QueueDepth;
use crate::error::{BrokerTrouble, ConsumeError, DeclareError, PublishError};
use crate::topology::Topology;
use connect::Reason;
use declare::Declared;
use lane::Lane;
use link::Link;

pub use config::{InvalidBrokerUrl, RabbitMqConfig};
pub(crate) use consumer::Consumer;
pub(crate) use publisher::Publisher;
pub(crate) use subscription::Lease;

/// The one that every queue is bound to under its own name (AMQP 0-9-1, 3.1.3.1).
const DEFAULT_EXCHANGE: &str = "";

/// How long declaring waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// A RabbitMQ broker; see [`Broker::rabbitmq`](crate::Broker::rabbitmq).
#[derive(Debug, Clone)]
pub struct RabbitMq {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: Arc<RabbitMqConfig>,
    declared: Declared,
    consuming: Link,
    publishing: Mutex<Option<Publishing>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    life: Arc<Life>,
}

#[derive(Debug, Clone)]
struct Publishing {
    link: Link,
    lane: Arc<Lane>,
}

/// Ends the connections when the last broker, publisher and consumer are dropped, or earlier.
#[derive(Debug)]
struct Life {
    token: CancellationToken,
}

impl RabbitMq {
    pub(crate) fn connect(config: RabbitMqConfig) -> Self {
        let config = Arc::new(config);
        let declared = Declared::default();
        let token = CancellationToken::new();
        let (consuming, keeper) = Link::open(
            Arc::clone(&config),
            "consuming",
            declared.clone(),
            token.clone(),
        );
        let shared = Shared {
            config,
            declared,
            consuming,
            publishing: Mutex::default(),
            tasks: Mutex::new(vec![keeper]),
            life: Arc::new(Life { token }),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Whoever publishes or consumes meanwhile waits for the connection, which begins by declaring
    /// what is remembered here.
    pub(crate) async fn declare(&self, topology: &Topology) -> Result<(), DeclareError> {
        let shared = &self.shared;
        if shared.life.is_over() {
            return Err(DeclareError::Closed);
        }
        let is_new = shared.declared.remember(topology);
        let declared = shared.declare(topology).await;
        let is_refused = declared.as_ref().is_err_and(|error| !error.is_retryable());
        if is_new && is_refused {
            shared.declared.forget(topology);
        }
        declared
    }

    pub(crate) fn publisher(&self, exchange: &str) -> Result<Publisher, PublishError> {
        let shared = &self.shared;
        if !shared.life.is_over() && !shared.declared.has_exchange(exchange) {
            return Err(PublishError::UnknownExchange {
                exchange: exchange.to_owned(),
            });
        }
        self.publisher_to(exchange)
    }

    pub(crate) fn queue_publisher(&self) -> Result<Publisher, PublishError> {
        self.publisher_to(DEFAULT_EXCHANGE)
    }

    fn publisher_to(&self, exchange: &str) -> Result<Publisher, PublishError> {
        let shared = &self.shared;
        if shared.life.is_over() {
            return Err(PublishError::Closed);
        }
        let Publishing { link, lane } = shared.publishing();
        Ok(Publisher::new(
            exchange,
            lane,
            link,
            Arc::clone(&shared.life),
        ))
    }

    pub(crate) fn consumer(&self, queue: &str, prefetch: u16) -> Result<Consumer, ConsumeError> {
        let shared = &self.shared;
        if shared.life.is_over() {
            return Err(ConsumeError::Closed);
        }
        if !shared.declared.has_queue(queue) {
            return Err(ConsumeError::UnknownQueue {
                queue: queue.to_owned(),
            });
        }
        Ok(Consumer::attach(
            queue,
            prefetch,
            shared.consuming.clone(),
            shared.declared.clone(),
            Arc::clone(&shared.life),
        ))
    }

    pub(crate) fn check(&self) -> Result<(), BrokerTrouble> {
        let shared = &self.shared;
        if shared.life.is_over() {
            return Err(BrokerTrouble::Closed);
        }
        shared.consuming.now().map_err(BrokerTrouble::from)?;
        if let Some(publishing) = &*lock(&shared.publishing) {
            let up = publishing.link.now()?;
            if let Some(reason) = up.blocked() {
                return Err(BrokerTrouble::Blocked { reason });
            }
        }
        Ok(())
    }

    pub(crate) async fn queue_depths(&self) -> Result<Vec<QueueDepth>, ConsumeError> {
        let shared = &self.shared;
        if shared.life.is_over() {
            return Err(ConsumeError::Closed);
        }
        let lost = |reason: Reason| ConsumeError::ConnectionLost {
            source: Box::new(reason),
        };
        let up = shared.consuming.now().map_err(lost)?;
        declare::queue_depths(&up.connection, shared.declared.queue_names())
            .await
            .map_err(|error| lost(error.into()))
    }

    pub(crate) async fn close(&self) {
        self.shared.life.token.cancel();
        let tasks = std::mem::take(&mut *lock(&self.shared.tasks));
        for task in tasks {
            // A keeper that panicked has ended as well.
            drop(task.await);
        }
    }
}

impl Shared {
    async fn declare(&self, topology: &Topology) -> Result<(), DeclareError> {
        let up = self
            .consuming
            .clone()
            .up_for(topology, PATIENCE)
            .await
            .map_err(|_closed| DeclareError::Closed)?
            .map_err(|reason| match reason.refusal() {
                Some(refusal) => refusal.clone().into(),
                None => DeclareError::ConnectionLost {
                    source: Box::new(reason),
                },
            })?;
        self.declared.settled().await;
        Ok(declare::declare(&up.connection, topology).await?)
    }

    /// The publishing half, opened by the first who wants it.
    fn publishing(&self) -> Publishing {
        let mut publishing = lock(&self.publishing);
        publishing
            .get_or_insert_with(|| {
                let (link, keeper) = Link::open(
                    Arc::clone(&self.config),
                    "publishing",
                    self.declared.clone(),
                    self.life.token.clone(),
                );
                let (lane, driver) =
                    Lane::open(link.clone(), self.declared.clone(), self.life.token.clone());
                lock(&self.tasks).extend([keeper, driver]);
                Publishing { link, lane }
            })
            .clone()
    }
}

impl Life {
    fn is_over(&self) -> bool {
        self.token.is_cancelled()
    }

    fn over(&self) -> WaitForCancellationFuture<'_> {
        self.token.cancelled()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

impl From<Reason> for BrokerTrouble {
    fn from(reason: Reason) -> Self {
        if reason.is_login_refused() {
            Self::LoginRefused
        } else {
            Self::NotConnected {
                reason: reason.to_string(),
            }
        }
    }
}

/// Locks even after a panic elsewhere: nothing here can panic halfway through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
