//! The broker inside one process: windows and queues in memory, nothing on a disk.
//!
//! It is on the path of every change in a single-process set-up, so it does nothing but move
//! pointers under short locks: no task of its own, no timer, no polling.

mod exchange;
mod message_queue;
pub(crate) mod pattern;
mod publisher;
mod subscription;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::broker::QueueDepth;
use crate::error::{BrokerTrouble, ConsumeError, DeclareError, PublishError};
use crate::topology::{Queue, Topology};
use exchange::Exchange;
use message_queue::MessageQueue;

pub(crate) use publisher::Publisher;
pub(crate) use subscription::{Consumer, Lease};

/// How much one in-process queue holds, un-acked messages included, before publishers wait.
///
/// A limit of 0 counts as 1. A message over `max_bytes` waits until the queue is empty and then
/// passes alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InProcessLimits {
    /// Messages per queue; a queue's own `max_length` lowers it.
    pub max_messages: u32,
    /// Bytes of bodies per queue.
    pub max_bytes: u32,
}

impl Default for InProcessLimits {
    /// Two full ingest batches of 5 000 rows (DESIGN 8), and four times the bytes of one.
    fn default() -> Self {
        Self {
            max_messages: 10_000,
            max_bytes: 16 << 20,
        }
    }
}

/// The in-process broker; see [`Broker::in_process`](crate::Broker::in_process).
#[derive(Debug, Clone)]
pub struct InProcess {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limits: InProcessLimits,
    /// Written only under the lock of `declared`, so that nothing is declared after the close.
    closed: AtomicBool,
    declared: Mutex<Declared>,
}

#[derive(Debug, Default)]
struct Declared {
    exchanges: HashMap<String, Arc<Exchange>>,
    queues: BTreeMap<String, Arc<MessageQueue>>,
}

impl Shared {
    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

impl InProcess {
    pub(crate) fn new(limits: InProcessLimits) -> Self {
        let shared = Shared {
            limits,
            closed: AtomicBool::new(false),
            declared: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    pub(crate) fn declare(&self, topology: &Topology) -> Result<(), DeclareError> {
        let mut declared = lock(&self.shared.declared);
        if self.shared.is_closed() {
            return Err(DeclareError::Closed);
        }
        // All checks come before the first change: a refused topology leaves no trace.
        for queue in &topology.queues {
            if let Some(existing) = declared.queues.get(&queue.name) {
                check_same(existing.declaration(), queue)?;
            }
        }
        let exchange = Arc::clone(
            declared
                .exchanges
                .entry(topology.exchange.clone())
                .or_default(),
        );
        for queue in &topology.queues {
            let rank = declared.queues.len();
            let target = declared
                .queues
                .entry(queue.name.clone())
                .or_insert_with(|| {
                    Arc::new(MessageQueue::new(queue.clone(), rank, self.shared.limits))
                });
            exchange.bind(target, &queue.bindings);
        }
        Ok(())
    }

    pub(crate) fn publisher(&self, exchange: &str) -> Result<Publisher, PublishError> {
        let declared = lock(&self.shared.declared);
        if self.shared.is_closed() {
            return Err(PublishError::Closed);
        }
        match declared.exchanges.get(exchange) {
            Some(found) => Ok(Publisher::new(Arc::clone(&self.shared), Arc::clone(found))),
            None => Err(PublishError::UnknownExchange {
                exchange: exchange.to_owned(),
            }),
        }
    }

    pub(crate) fn queue_publisher(&self) -> Result<Publisher, PublishError> {
        let declared = lock(&self.shared.declared);
        if self.shared.is_closed() {
            return Err(PublishError::Closed);
        }
        let by_name = Exchange::default();
        for (name, queue) in &declared.queues {
            by_name.bind(queue, std::slice::from_ref(name));
        }
        Ok(Publisher::new(Arc::clone(&self.shared), Arc::new(by_name)))
    }

    pub(crate) fn consumer(&self, queue: &str, prefetch: u16) -> Result<Consumer, ConsumeError> {
        let declared = lock(&self.shared.declared);
        if self.shared.is_closed() {
            return Err(ConsumeError::Closed);
        }
        match declared.queues.get(queue) {
            Some(found) => Ok(Consumer::attach(Arc::clone(found), prefetch)),
            None => Err(ConsumeError::UnknownQueue {
                queue: queue.to_owned(),
            }),
        }
    }

    pub(crate) fn check(&self) -> Result<(), BrokerTrouble> {
        if self.shared.is_closed() {
            return Err(BrokerTrouble::Closed);
        }
        Ok(())
    }

    pub(crate) fn queue_depths(&self) -> Result<Vec<QueueDepth>, ConsumeError> {
        let declared = lock(&self.shared.declared);
        if self.shared.is_closed() {
            return Err(ConsumeError::Closed);
        }
        Ok(declared
            .queues
            .values()
            .map(|queue| queue.depth())
            .collect())
    }

    pub(crate) fn close(&self) {
        let declared = lock(&self.shared.declared);
        self.shared.closed.store(true, Ordering::Release);
        for queue in declared.queues.values() {
            queue.close();
        }
    }
}

/// Compares what cannot be changed on a queue that exists.
fn check_same(existing: &Queue, wanted: &Queue) -> Result<(), DeclareError> {
    for (setting, is, asked) in [
        ("max_length", existing.max_length, wanted.max_length),
        (
            "delivery_limit",
            existing.delivery_limit,
            wanted.delivery_limit,
        ),
    ] {
        if is != asked {
            return Err(DeclareError::Conflict {
                queue: wanted.name.clone(),
                difference: format!("{setting} is {}, not {}", shown(is), shown(asked)),
            });
        }
    }
    Ok(())
}

fn shown(limit: Option<u64>) -> String {
    limit.map_or_else(|| "unset".to_owned(), |limit| limit.to_string())
}

/// Locks even after a panic elsewhere: no lock here is held across code that can panic halfway
/// through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
