//! The worker's identity and its lease: what it claims is its own for as long
//! as its heartbeat is heard.
//!
//! A claim carries the worker's id and ends with the worker's lease; nobody has
//! to clean up after a worker that died. A worker that cannot be sure of its
//! claims takes a new id, which frees them all.

mod joining;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use database::DatabaseError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::engine::{Engine, micros};
use crate::lane::{Crew, Stop};
use crate::store::workers::{Heartbeat, delete_worker, insert_worker, renew_worker};
use joining::Joining;

/// How long a worker counts as alive after its last heartbeat. The same in
/// every version: workers read each other's heartbeats by it.
const LEASE: Duration = Duration::from_secs(8);
/// How often the heartbeat comes.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How often it comes as long as nothing is sent for want of others' answer.
const JOIN_EVERY: Duration = Duration::from_millis(500);
/// What must be left when a request starts: it takes 3 s at most, and another
/// worker must not repeat it meanwhile.
const LEAST_LEFT: Duration = Duration::from_secs(4);
/// How long to wait when the database does not answer.
const FAILURE_PAUSE: Duration = Duration::from_millis(250);

/// Who this worker is at the moment.
#[derive(Debug, Default)]
pub(crate) struct Lease {
    held: Mutex<Option<Held>>,
}

/// What a claim is made under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The id in the database.
    pub(crate) worker: Vec<u8>,
    /// Which of this process's identities it is; grows.
    pub(crate) number: u64,
}

#[derive(Debug, Clone)]
struct Held {
    identity: Identity,
    /// Until when it is certain, by a clock that goes on while the process is
    /// stopped: counted from before the heartbeat was sent.
    until: Instant,
}

impl Lease {
    /// What to claim under; `None` before the first heartbeat and after a loss.
    pub(crate) fn identity(&self) -> Option<Identity> {
        self.held().as_ref().map(|held| held.identity.clone())
    }

    /// Whether a request that starts now is over before the lease is.
    pub(crate) fn covers_a_request(&self) -> bool {
        self.held().as_ref().is_some_and(Held::covers)
    }

    /// The same for a delivery that was claimed under this identity.
    pub(crate) fn covers_a_request_under(&self, number: u64) -> bool {
        self.held()
            .as_ref()
            .is_some_and(|held| held.identity.number == number && held.covers())
    }

    fn set(&self, held: Option<Held>) {
        *self.held() = held;
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn covers(&self) -> bool {
        self.until.saturating_duration_since(Instant::now()) > LEAST_LEFT
    }
}

/// Keeps the lease until `cancel`; then removes the worker, which gives back
/// whatever it still had.
pub(crate) async fn keep_lease(engine: &Engine, cancel: CancellationToken) {
    // There is one if this was cut short and is run again.
    let before = engine.lease.identity();
    let mut keeper = Keeper {
        engine,
        joining: None,
        lost: before.is_some(),
        number: before.map_or(0, |identity| identity.number),
    };
    if keeper.lost {
        lose(engine);
    }
    while !cancel.is_cancelled() {
        let pause = match keeper.beat().await {
            Ok(pause) => {
                engine.trouble.lease.over();
                pause
            }
            Err(error) => {
                engine.trouble.lease.failed(&error);
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

struct Keeper<'a> {
    engine: &'a Engine,
    /// As long as nothing may be sent.
    joining: Option<Joining>,
    /// The last lease had ended by itself.
    lost: bool,
    /// Of the last identity.
    number: u64,
}

impl Keeper<'_> {
    /// One heartbeat; returns when the next is due.
    async fn beat(&mut self) -> Result<Duration, DatabaseError> {
        let engine = self.engine;
        let in_doubt = engine.lanes().is_stopped_by(Stop::Doubt);
        match engine.lease.identity() {
            // What is known here is recorded first: a new identity may claim
            // it again.
            None if !engine.lanes().is_quiet() => {
                wait_until_quiet(engine).await;
                return Ok(Duration::ZERO);
            }
            None => self.enter().await?,
            Some(identity) if in_doubt => {
                if !engine.lanes().is_quiet() {
                    self.renew(identity).await?;
                    wait_until_quiet(engine).await;
                    return Ok(Duration::ZERO);
                }
                let worker = identity.worker;
                engine
                    .database
                    .write(move |conn| delete_worker(conn, &worker))
                    .await?;
                lose(engine);
                self.enter().await?;
            }
            Some(identity) => self.renew(identity).await?,
        }
        Ok(match self.joining {
            Some(_) => JOIN_EVERY,
            None => RENEW_EVERY,
        })
    }

    async fn renew(&mut self, identity: Identity) -> Result<(), DatabaseError> {
        let sent_at = Instant::now();
        let id = identity.worker.clone();
        let heartbeat = self
            .engine
            .database
            .write(move |conn| renew_worker(conn, &id, micros(LEASE)))
            .await?;
        if heartbeat.lease_until_us.is_none() {
            tracing::warn!("the lease had ended; the worker takes a new identity");
            lose(self.engine);
            self.lost = true;
            self.engine.lease_wake.notify_one();
            return Ok(());
        }
        self.hold(identity, sent_at, &heartbeat);
        Ok(())
    }

    async fn enter(&mut self) -> Result<(), DatabaseError> {
        let sent_at = Instant::now();
        let worker = Uuid::now_v7().as_bytes().to_vec();
        let (id, alone) = (worker.clone(), self.engine.config.alone);
        let heartbeat = self
            .engine
            .database
            .write(move |conn| insert_worker(conn, &id, micros(LEASE), alone))
            .await?;
        self.number += 1;
        self.engine.stop(Stop::Joining);
        self.joining = Some(Joining::new(&heartbeat, self.lost && !alone));
        self.lost = false;
        let number = self.number;
        self.hold(Identity { worker, number }, sent_at, &heartbeat);
        // Nobody has anything under the new identity.
        self.engine.resume(Stop::Doubt);
        Ok(())
    }

    fn hold(&mut self, identity: Identity, sent_at: Instant, heartbeat: &Heartbeat) {
        let engine = self.engine;
        engine.time.set(heartbeat.now_us);
        let others = heartbeat.others.iter().map(|other| other.id.as_slice());
        engine.set_crew(Crew::new(&identity.worker, others));
        let until = sent_at + LEASE;
        engine.lease.set(Some(Held { identity, until }));
        engine.resume(Stop::Lease);
        if self
            .joining
            .as_mut()
            .is_some_and(|joining| joining.is_over(heartbeat))
        {
            self.joining = None;
            engine.resume(Stop::Joining);
        }
    }
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
    let Some(identity) = engine.lease.identity() else {
        return;
    };
    lose(engine);
    let worker = identity.worker;
    let removed = engine
        .database
        .write(move |conn| delete_worker(conn, &worker))
        .await;
    if let Err(error) = removed {
        tracing::warn!(%error, "claims are not given back; they are free when the lease ends");
    }
}
