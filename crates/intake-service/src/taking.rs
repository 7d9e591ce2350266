//! Writing down what came: the request, its lead and the event, in one transaction.
//!
//! Requests that arrive at the same time share a transaction: a few writers each take what waits and
//! write it at once, so that nobody waits for company and a burst costs few commits. Who asked may
//! have gone away meanwhile; what is on its way is written all the same.

mod arrival;
mod batch;
mod plan;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use database::{Backend, Database};
use outbox::Waker;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::metrics::IntakeMetrics;

pub(crate) use arrival::{Arrival, Kept, Replay, Verdict};
pub(crate) use plan::Found;

use batch::take_batch;

/// How many requests may wait to be written; more are turned away.
const QUEUE_LENGTH: usize = 4_096;
/// How many KiB of them may wait, however few they are.
const QUEUE_KIB: usize = 64 * 1024;
/// How many writers share a server: while one waits for its commit, another gathers.
const POSTGRES_WRITERS: usize = 2;

/// Why a request was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TakeError {
    /// More wait already than can be written soon.
    #[error("too many requests wait to be written")]
    Busy,
    /// The database cannot write now.
    #[error("the database is not available")]
    Unavailable,
}

impl TakeError {
    /// When the sender may try again.
    pub(crate) fn retry_after(self) -> Duration {
        match self {
            Self::Busy => Duration::from_secs(1),
            Self::Unavailable => Duration::from_secs(5),
        }
    }
}

/// The way to the writers; clones share them, and they end with the last one.
#[derive(Debug, Clone)]
pub(crate) struct Taking {
    queue: mpsc::Sender<Queued>,
    room_kib: Arc<Semaphore>,
}

/// A request that waits to be written, and who waits for that.
#[derive(Debug)]
struct Queued {
    arrival: Arrival,
    reply: oneshot::Sender<Result<Kept, TakeError>>,
    /// Given back once this was written.
    room: OwnedSemaphorePermit,
}

impl Taking {
    /// Starts the writers on the runtime of the caller.
    pub(crate) fn start(database: &Database, waker: &Waker, metrics: &IntakeMetrics) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_LENGTH);
        let writers = match database.backend() {
            Backend::Sqlite => 1,
            Backend::Postgres => POSTGRES_WRITERS,
        };
        writer::start(writers, waiting, database, waker, metrics);
        Self {
            queue,
            room_kib: Arc::new(Semaphore::new(QUEUE_KIB)),
        }
    }

    /// Writes a request down; durable once this returns `Ok`.
    pub(crate) async fn take(&self, arrival: Arrival) -> Result<Kept, TakeError> {
        let kib = arrival.request.body.len() / 1024 + 1;
        let room = Arc::clone(&self.room_kib)
            .try_acquire_many_owned(u32::try_from(kib).unwrap_or(u32::MAX))
            .map_err(|_no_room| TakeError::Busy)?;
        let (reply, answer) = oneshot::channel();
        let queued = Queued {
            arrival,
            reply,
            room,
        };
        self.queue.try_send(queued).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => TakeError::Busy,
            mpsc::error::TrySendError::Closed(_) => TakeError::Unavailable,
        })?;
        answer.await.unwrap_or(Err(TakeError::Unavailable))
    }
}
