//! The tasks that write what waits.

use std::sync::Arc;

use database::{Database, DatabaseError, write_halving};
use outbox::Waker;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{Arrival, Kept, Queued, TakeError, take_batch};
use crate::metrics::IntakeMetrics;

/// The most requests of one transaction: each of them may hold three locks of PostgreSQL's table.
const MAX_BATCH: usize = 64;

type Reply = oneshot::Sender<Result<Kept, TakeError>>;

/// Starts `count` writers, which end when nobody can send any more.
pub(super) fn start(
    count: usize,
    waiting: mpsc::Receiver<Queued>,
    database: &Database,
    waker: &Waker,
    metrics: &IntakeMetrics,
) {
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..count {
        let writer = Writer {
            database: database.clone(),
            waker: waker.clone(),
            metrics: metrics.clone(),
        };
        tokio::spawn(writer.run(Arc::clone(&waiting)));
    }
}

#[derive(Clone)]
struct Writer {
    database: Database,
    waker: Waker,
    metrics: IntakeMetrics,
}

impl Writer {
    async fn run(self, waiting: Arc<Mutex<mpsc::Receiver<Queued>>>) {
        loop {
            let mut batch = Vec::with_capacity(MAX_BATCH);
            // Who waits for the first request holds the queue; the others wait for their turn.
            if waiting.lock().await.recv_many(&mut batch, MAX_BATCH).await == 0 {
                return;
            }
            self.metrics.observe_batch(batch.len());
            // A panic in here costs this batch its answers and nothing else.
            if let Err(error) = tokio::spawn(self.clone().write(batch)).await {
                tracing::error!(%error, "a batch of requests was not written");
            }
        }
    }

    async fn write(self, batch: Vec<Queued>) {
        let mut arrivals = Vec::with_capacity(batch.len());
        let mut replies = Vec::with_capacity(batch.len());
        let mut rooms = Vec::with_capacity(batch.len());
        for queued in batch {
            arrivals.push(queued.arrival);
            replies.push(Some(queued.reply));
            rooms.push(queued.room);
        }
        let arrivals = Arc::new(arrivals);
        let numbered = Arc::new((0..arrivals.len()).collect::<Vec<usize>>());
        let whole = Arc::clone(&arrivals);
        let halved = write_halving(
            &self.database,
            numbered,
            move |conn, part: &[usize]| {
                let from = part.first().copied().unwrap_or(0);
                let part = whole.get(from..from + part.len()).unwrap_or_default();
                take_batch(conn, part).map(|kept| (from, kept))
            },
            DatabaseError::is_unavailable,
        )
        .await;
        self.waker.wake();
        let halved = match halved {
            Ok(halved) => halved,
            Err(error) => {
                tracing::debug!(%error, "requests could not be written");
                // Parts may have been written: their senders repeat them nevertheless.
                answer_all(replies, TakeError::Unavailable);
                return;
            }
        };
        for (from, kept) in halved.written {
            for (place, kept) in kept.into_iter().enumerate() {
                reply(&mut replies, from + place, Ok(kept));
            }
        }
        for (place, error) in halved.guilty {
            let answer = match arrivals.get(place) {
                Some(arrival) => self.keep_raw(arrival.clone(), error).await,
                None => Err(TakeError::Unavailable),
            };
            reply(&mut replies, place, answer);
        }
    }

    /// A second transaction keeps the request alone (DESIGN 7).
    async fn keep_raw(&self, arrival: Arrival, error: DatabaseError) -> Result<Kept, TakeError> {
        if error.is_retryable() {
            return Err(TakeError::Unavailable);
        }
        tracing::error!(
            %error,
            request_id = arrival.request.correlation_id,
            "a lead could not be written; its request is kept"
        );
        let failed = Arc::new(arrival.into_failed(error.to_string()));
        let kept = self
            .database
            .write(move |conn| take_batch(conn, std::slice::from_ref(&*failed)))
            .await;
        match kept {
            Ok(_) => Ok(Kept::Failed),
            Err(error) => {
                tracing::error!(%error, "the request could not be kept either");
                Err(TakeError::Unavailable)
            }
        }
    }
}

fn reply(replies: &mut [Option<Reply>], place: usize, answer: Result<Kept, TakeError>) {
    if let Some(waiting) = replies.get_mut(place).and_then(Option::take) {
        // Who asked may have gone away, as a closed HTTP connection does.
        drop(waiting.send(answer));
    }
}

fn answer_all(replies: Vec<Option<Reply>>, error: TakeError) {
    for waiting in replies.into_iter().flatten() {
        drop(waiting.send(Err(error)));
    }
}
