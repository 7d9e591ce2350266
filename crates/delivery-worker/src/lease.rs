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
use crate::store::workers::{Heartbeat, LeaseLengths, delete_worker, insert_worker, renew_worker};
use joining::Joining;

/// How long a worker counts as alive after its last heartbeat.
const LEASE: Duration = Duration::from_secs(8);
/// The same of one that waits until others have made room for it. It has nothing that
/// would have to be over first; if it dies, nobody need wait for long.
const LEASE_OF_JOINING: Duration = Duration::from_secs(4);
/// How often the heartbeat comes.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How often it comes as long as nothing is sent for want of others' answer.
const JOIN_EVERY: Duration = Duration::from_millis(500);
/// What must be left when a request starts: it takes 3 s at most, and another
/// worker must not repeat it meanwhile.
const LEAST_LEFT: Duration = Duration::from_secs(4);
/// How long after the end of another worker's lease it is looked whether it has gone.
const AFTER_END: Duration = Duration::from_millis(5);
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
        others: Vec::new(),
        next: Duration::ZERO,
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
    /// Who was there at the last heartbeat.
    others: Vec<Vec<u8>>,
    /// In what time the next heartbeat is due.
    next: Duration,
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
        Ok(self.next)
    }

    async fn renew(&mut self, identity: Identity) -> Result<(), DatabaseError> {
        let sent_at = Instant::now();
        let id = identity.worker.clone();
        let lease_us = micros(match self.joining {
            Some(_) => LEASE_OF_JOINING,
            None => LEASE,
        });
        let heartbeat = self
            .engine
            .database
            .write(move |conn| renew_worker(conn, &id, lease_us))
            .await?;
        if heartbeat.lease_until_us.is_none() {
            tracing::warn!("the lease had ended; the worker takes a new identity");
            lose(self.engine);
            self.lost = true;
            self.next = Duration::ZERO;
            return Ok(());
        }
        self.hold(identity, sent_at, &heartbeat);
        Ok(())
    }

    async fn enter(&mut self) -> Result<(), DatabaseError> {
        let sent_at = Instant::now();
        let worker = Uuid::now_v7().as_bytes().to_vec();
        let (id, alone) = (worker.clone(), self.engine.config.alone);
        let leases = LeaseLengths {
            whole_us: micros(LEASE),
            joining_us: micros(LEASE_OF_JOINING),
        };
        let heartbeat = self
            .engine
            .database
            .write(move |conn| insert_worker(conn, &id, leases, alone))
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
        let length_us = u64::try_from(heartbeat.lease_us()).unwrap_or(0);
        let until = sent_at + Duration::from_micros(length_us);
        engine.lease.set(Some(Held { identity, until }));
        engine.resume(Stop::Lease);
        let joining = self.joining.as_mut();
        if joining.is_some_and(|joining| joining.is_over(heartbeat)) {
            self.joining = None;
        }
        // The short lease of a worker that joins covers no request.
        let is_live = self.joining.is_none() && heartbeat.lease_us() >= micros(LEASE);
        if is_live {
            engine.resume(Stop::Joining);
        }
        self.look_for_the_dead(heartbeat);
        self.next = match self.joining {
            Some(_) => until_next(JOIN_EVERY, heartbeat),
            None if is_live => until_next(RENEW_EVERY, heartbeat),
            None => Duration::ZERO,
        };
    }

    /// What a worker had that has gone is found at once.
    fn look_for_the_dead(&mut self, heartbeat: &Heartbeat) {
        let others = heartbeat.others.iter().map(|other| other.id.clone());
        let others = std::mem::replace(&mut self.others, others.collect());
        if others.iter().any(|other| !self.others.contains(other)) {
            self.engine.poll_wake.notify_one();
        }
    }
}

/// When the next heartbeat is due: it finds what a dead worker had as soon as that
/// one's lease has ended.
fn until_next(usual: Duration, heartbeat: &Heartbeat) -> Duration {
    let first_end = heartbeat
        .first_end_us()
        .and_then(|us| u64::try_from(us).ok())
        .map(Duration::from_micros);
    first_end.map_or(usual, |end| usual.min(end + AFTER_END))
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
