//! The worker's identity and its lease: what it claims is its own for as long
//! as its heartbeat is heard.
//!
//! A claim carries the worker's id and ends with the worker's lease; nobody has
//! to clean up after a worker that died. A worker that cannot be sure of its
//! claims takes a new id, which frees them all.

use std::time::Duration;

use database::DatabaseError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::engine::{Engine, micros};
use crate::lane::Stop;
use crate::store::workers::{Heartbeat, delete_worker, insert_worker, renew_worker};

/// How long a worker counts as alive after its last heartbeat.
const LEASE: Duration = Duration::from_secs(8);
/// How often the heartbeat comes.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// What must be left when a request starts: it takes 3 s at most, and another
/// worker must not repeat it meanwhile.
const LEAST_LEFT: Duration = Duration::from_secs(4);
/// How long to wait when the database does not answer.
const FAILURE_PAUSE: Duration = Duration::from_millis(250);

/// Who this worker is at the moment.
#[derive(Debug)]
pub(crate) struct Lease {
    held: watch::Sender<Option<Held>>,
}

#[derive(Debug, Clone)]
struct Held {
    worker: Vec<u8>,
    until_us: i64,
}

impl Default for Lease {
    fn default() -> Self {
        Self {
            held: watch::Sender::new(None),
        }
    }
}

impl Lease {
    /// The id to claim under; `None` before the first heartbeat.
    pub(crate) fn worker(&self) -> Option<Vec<u8>> {
        self.held.borrow().as_ref().map(|held| held.worker.clone())
    }

    /// Waits until there is an id to claim under.
    pub(crate) async fn entered(&self) {
        let mut held = self.held.subscribe();
        // The sender lives as long as this.
        drop(held.wait_for(Option::is_some).await);
    }

    /// Whether a request that starts now is over before the lease is.
    pub(crate) fn covers_a_request(&self, now_us: i64) -> bool {
        self.held
            .borrow()
            .as_ref()
            .is_some_and(|held| held.until_us - now_us > micros(LEAST_LEFT))
    }

    fn set(&self, held: Option<Held>) {
        self.held.send_replace(held);
    }
}

/// Keeps the lease until `cancel`; then removes the worker, which gives back
/// whatever it still had.
pub(crate) async fn keep_lease(engine: &Engine, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        let pause = match beat(engine).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "the lease could not be renewed");
                FAILURE_PAUSE
            }
        };
        tokio::select! {
            () = cancel.cancelled() => break,
            () = engine.lease_wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    give_back(engine).await;
}

/// One heartbeat; returns when the next is due.
async fn beat(engine: &Engine) -> Result<Duration, DatabaseError> {
    let in_doubt = engine.lanes().is_stopped_by(Stop::Doubt);
    match engine.lease.worker() {
        None => enter(engine).await?,
        Some(worker) if in_doubt => {
            if !engine.lanes().is_quiet() {
                renew(engine, worker).await?;
                wait_until_quiet(engine).await;
                return Ok(Duration::ZERO);
            }
            engine
                .database
                .write(move |conn| delete_worker(conn, &worker))
                .await?;
            lose(engine);
            enter(engine).await?;
            engine.resume(Stop::Doubt);
        }
        Some(worker) => renew(engine, worker).await?,
    }
    Ok(RENEW_EVERY)
}

async fn renew(engine: &Engine, worker: Vec<u8>) -> Result<(), DatabaseError> {
    let id = worker.clone();
    let heartbeat = engine
        .database
        .write(move |conn| renew_worker(conn, &id, micros(LEASE)))
        .await?;
    if heartbeat.lease_until_us.is_none() {
        tracing::warn!("the lease had ended; the worker takes a new identity");
        lose(engine);
        return enter(engine).await;
    }
    hold(engine, worker, heartbeat);
    Ok(())
}

async fn enter(engine: &Engine) -> Result<(), DatabaseError> {
    let worker = Uuid::now_v7().as_bytes().to_vec();
    let (id, alone) = (worker.clone(), engine.config.alone);
    let heartbeat = engine
        .database
        .write(move |conn| insert_worker(conn, &id, micros(LEASE), alone))
        .await?;
    hold(engine, worker, heartbeat);
    Ok(())
}

fn hold(engine: &Engine, worker: Vec<u8>, heartbeat: Heartbeat) {
    let Some(until_us) = heartbeat.lease_until_us else {
        return;
    };
    engine.time.set(heartbeat.now_us);
    engine.lease.set(Some(Held { worker, until_us }));
    let live_workers = usize::try_from(heartbeat.live_workers).unwrap_or(1);
    engine.lanes().set_live_workers(live_workers.max(1));
    engine.resume(Stop::Lease);
}

/// What was claimed under the old id and has not started is no longer ours.
fn lose(engine: &Engine) {
    engine.lease.set(None);
    let mut lanes = engine.lanes();
    lanes.stop(Stop::Lease);
    lanes.forget_queued(engine.time.now_us());
}

async fn wait_until_quiet(engine: &Engine) {
    // Looked at again in any case, so that no heartbeat is missed.
    let quiet = engine.quiet_wake.notified();
    drop(tokio::time::timeout(FAILURE_PAUSE, quiet).await);
}

async fn give_back(engine: &Engine) {
    let Some(worker) = engine.lease.worker() else {
        return;
    };
    lose(engine);
    let removed = engine
        .database
        .write(move |conn| delete_worker(conn, &worker))
        .await;
    if let Err(error) = removed {
        tracing::warn!(%error, "claims are not given back; they are free when the lease ends");
    }
}
