//! The task that carries requests out.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{Broker, supervise};
use database::{Database, DatabaseError, Outage};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::jobs::{Job, ScanEnd, claim, end_scan, give_back, is_due, put_off, save};
use super::{Erased, Found, Place, Sought, arriving};

/// How often is looked whether something is due; what came in here is not
/// waited for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often a scan's position is written down.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// How many bodies one transaction blanks: others wait behind it.
const KEYS_PER_WRITE: usize = 50;
/// How long at most is rested after a look. As long as it took, so that a scan
/// takes half of one reader's time at most.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Takes requests in and carries them out, for one service.
#[derive(Debug, Clone)]
pub struct Erasures {
    pub(super) database: Database,
    places: &'static [Place],
    wake: Arc<Notify>,
}

/// How the work on a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worked {
    /// It is done, or comes again later, or is another worker's.
    Through,
    /// The process ends.
    Interrupted,
}

impl Erasures {
    /// `places` are all where the service keeps bodies, those first that others
    /// are made of.
    pub fn new(database: Database, places: &'static [Place]) -> Self {
        Self {
            database,
            places,
            wake: Arc::default(),
        }
    }

    /// Tells that a request was committed here.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Takes `person.erased` in from the service's queue of it
    /// ([`crate::queue`]) and carries requests out, until cancelled.
    pub async fn run(self, broker: Broker, queue: &'static str, cancel: CancellationToken) {
        let arriving = supervise(queue, cancel.clone(), |cancel| {
            let (this, broker) = (self.clone(), broker.clone());
            async move {
                let arriving = arriving::take_in(&this, &broker, queue);
                cancel.run_until_cancelled(arriving).await.unwrap_or(Ok(()))
            }
        });
        tokio::join!(arriving, self.clone().sweep(cancel));
    }

    /// Carries requests out until cancelled; for a service that takes them in
    /// itself ([`super::request`]).
    pub async fn sweep(self, cancel: CancellationToken) {
        supervise("erasures", cancel, |cancel| {
            let this = self.clone();
            async move {
                this.sweep_until(cancel).await;
                Ok::<_, Infallible>(())
            }
        })
        .await;
    }

    async fn sweep_until(&self, cancel: CancellationToken) {
        let outage = Outage::new("people who asked to be forgotten wait");
        while !cancel.is_cancelled() {
            match self.work_on_next(&cancel).await {
                Ok(has_worked) => {
                    outage.over();
                    if has_worked {
                        continue;
                    }
                }
                Err(error) => outage.failed(&error),
            }
            tokio::select! {
                () = cancel.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Whether there was a request to work on.
    async fn work_on_next(&self, cancel: &CancellationToken) -> Result<bool, DatabaseError> {
        // A look costs no transaction.
        if !self.database.read(is_due).await? {
            return Ok(false);
        }
        let Some(mut job) = self.database.write(claim).await? else {
            return Ok(false);
        };
        match self.scan(&mut job, cancel).await {
            Ok(Worked::Through) => {}
            Ok(Worked::Interrupted) => {
                self.database
                    .write(move |conn| give_back(conn, &job))
                    .await?;
            }
            // The claim ends by itself, and the scan goes on where it was saved.
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => {
                tracing::error!(
                    erasure = job.name(), account = job.account_id(), %error,
                    "a person cannot be forgotten; it is tried again in an hour"
                );
                self.database.write(move |conn| put_off(conn, &job)).await?;
            }
        }
        Ok(true)
    }

    /// Goes on with the scan to the end of the last place.
    async fn scan(
        &self,
        job: &mut Job,
        cancel: &CancellationToken,
    ) -> Result<Worked, DatabaseError> {
        let sought = Arc::new(job.sought());
        let mut saved_at = Instant::now();
        // A place that is not there any more: from the beginning.
        let first = self
            .places
            .iter()
            .position(|place| Some(place.name) == job.place.as_deref());
        if first.is_none() {
            job.position = None;
        }
        for place in self.places.iter().skip(first.unwrap_or(0)) {
            job.place = Some(place.name.to_owned());
            loop {
                if cancel.is_cancelled() {
                    return Ok(Worked::Interrupted);
                }
                let (looked_at, erased) = (Instant::now(), job.erased);
                job.position = self.step(*place, &sought, job).await?;
                let took = looked_at.elapsed();
                if job.erased > erased || saved_at.elapsed() >= SAVE_EVERY {
                    saved_at = Instant::now();
                    let state = job.clone();
                    if !self.database.write(move |conn| save(conn, &state)).await? {
                        return Ok(Worked::Through);
                    }
                }
                if job.position.is_none() {
                    break;
                }
                tokio::time::sleep(took.min(LONGEST_REST)).await;
            }
        }
        self.end(job).await?;
        Ok(Worked::Through)
    }

    /// Looks through some rows and blanks what is found; returns where to go on.
    async fn step(
        &self,
        place: Place,
        sought: &Arc<Sought>,
        job: &mut Job,
    ) -> Result<Option<Vec<u8>>, DatabaseError> {
        let (whom, after) = (Arc::clone(sought), job.position.clone());
        let Found {
            keys,
            waiting,
            next,
        } = self
            .database
            .read(move |conn| (place.find)(conn, &whom, after.as_deref()))
            .await?;
        job.scan_waiting += waiting;
        for keys in keys.chunks(KEYS_PER_WRITE) {
            let (whom, keys) = (Arc::clone(sought), keys.to_vec());
            let Erased { erased, waiting } = self
                .database
                .write(move |conn| (place.erase)(conn, &whom, &keys))
                .await?;
            job.scan_erased += erased;
            job.erased += erased;
            job.scan_waiting += waiting;
        }
        Ok(next)
    }

    async fn end(&self, job: &Job) -> Result<(), DatabaseError> {
        let state = job.clone();
        let ended = self
            .database
            .write(move |conn| end_scan(conn, &state))
            .await?;
        let (erasure, account, scans) = (job.name(), job.account_id(), job.scans + 1);
        let (found, waiting, erased) = (job.scan_erased, job.scan_waiting, job.erased);
        match ended {
            ScanEnd::Finished => {
                tracing::info!(erasure, account, scans, erased, "a person is forgotten");
            }
            ScanEnd::Again => tracing::debug!(
                erasure,
                account,
                scans,
                found,
                waiting,
                "a person is looked for once more in an hour"
            ),
            ScanEnd::Lost => {}
        }
        Ok(())
    }
}
