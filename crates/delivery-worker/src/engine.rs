//! The pipeline's shared state, and the tasks that work on it.
//!
//! ```text
//! broker → ingest → matching → lane ⇄ claim
//!                               ↓
//!                  render → sign → send → record → retry
//! ```

mod bodies;
mod run;
mod time;
mod trouble;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use database::{Database, DatabaseError};
use events::Clock;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::config::DeliveryConfig;
use crate::dispatch::Job;
use crate::domain::webhook::WebhookId;
use crate::lane::{Crew, Gate, LaneLimits, LaneTerms, Lanes, OpenLimits, Stop};
use crate::lease::Lease;
use crate::metrics::DeliveryMetrics;
use crate::ordering::Patience;
use crate::record::Outcome;
use crate::registry::{Registry, UsualSettings, Webhook};
use crate::secret::KeyRing;
use crate::send::Sender;
use crate::store::disabling::DeliveryTerms;
use crate::store::lanes::{LaneRow, list_changed_lanes, list_lanes};
pub(crate) use bodies::{BodyBudget, HeldEvent};
pub(crate) use time::DatabaseTime;
pub(crate) use trouble::Troubles;

/// Claimed deliveries that wait in memory, at most.
const MAX_QUEUED: usize = 4_096;
/// Outcomes that wait for their commit, at most.
const MAX_UNRECORDED: usize = 2_048;
/// How much of a lane may come twice after a crash. A commit of 500 outcomes takes
/// some 20 ms where all is well, one of 50 some 5 ms; so this slows down only what is
/// slow at being recorded, and that to some thousands per second and lane.
const OPEN: OpenLimits = OpenLimits {
    least: 64,
    usual_wait_us: 25_000,
};
/// Encoded bytes of the events kept in memory for deliveries that wait.
const MAX_HELD_BYTES: usize = 32 * 1024 * 1024;
/// How far back lanes are looked at again: a transaction that was slow to
/// commit carries an earlier time.
const LANE_OVERLAP_US: i64 = 10_000_000;

/// How long changes before the first one that was seen of a record are waited
/// for. Another worker may have them in a batch of its own that it never stores: it
/// holds a batch for 30 seconds at most, and a broker takes up to some 10 to notice
/// that it is gone. A new record begins at revision 1 and waits for nothing.
const START_WAIT: Duration = Duration::from_secs(45);

/// All that the pipeline's tasks share.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) config: DeliveryConfig,
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) sender: Sender,
    pub(crate) metrics: DeliveryMetrics,
    pub(crate) registry: Registry,
    pub(crate) time: DatabaseTime,
    pub(crate) lease: Lease,
    pub(crate) bodies: BodyBudget,
    pub(crate) trouble: Troubles,
    lanes: Mutex<Lanes<Job>>,
    lanes_seen_us: Mutex<i64>,
    /// Where the clock that spaces requests out begins.
    started: Instant,
    outcomes: mpsc::UnboundedSender<Outcome>,
    unrecorded: tokio::sync::Mutex<mpsc::UnboundedReceiver<Outcome>>,
    /// Lanes may want to claim.
    pub(crate) claim_wake: Notify,
    /// A lane's rate may let something start at another time.
    pub(crate) pace_wake: Notify,
    /// Something may start, since outcomes are on record.
    pub(crate) start_wake: Notify,
    /// Webhooks or lanes may have changed.
    pub(crate) poll_wake: Notify,
    /// Other workers have told something.
    pub(crate) heard_wake: Notify,
    /// There is something to tell them.
    pub(crate) news_wake: Notify,
    /// A replay was asked for, or cancelled.
    pub(crate) replay_wake: Notify,
    /// The identity is in doubt.
    pub(crate) lease_wake: Notify,
    /// A request or a recording is over.
    pub(crate) quiet_wake: Notify,
}

impl Engine {
    pub(crate) fn new(
        config: DeliveryConfig,
        database: Database,
        clock: Clock,
        sender: Sender,
        keys: Arc<KeyRing>,
        metrics: DeliveryMetrics,
    ) -> Self {
        let (outcomes, unrecorded) = mpsc::unbounded_channel();
        let usual = UsualSettings {
            concurrency: config.webhook_concurrency,
            schedule: config.retry_schedule.clone(),
        };
        let limits = LaneLimits {
            max_in_flight: config.max_in_flight,
            kept_for_quick: config.max_in_flight / 4,
            max_queued: MAX_QUEUED,
            max_unrecorded: MAX_UNRECORDED,
            open: OPEN,
        };
        let mut lanes = Lanes::new(limits);
        lanes.stop(Stop::Lease);
        Self {
            database,
            clock,
            sender,
            metrics,
            registry: Registry::new(keys, usual),
            time: DatabaseTime::default(),
            lease: Lease::default(),
            bodies: BodyBudget::new(MAX_HELD_BYTES),
            trouble: Troubles::default(),
            lanes: Mutex::new(lanes),
            lanes_seen_us: Mutex::new(0),
            started: Instant::now(),
            outcomes,
            unrecorded: tokio::sync::Mutex::new(unrecorded),
            claim_wake: Notify::new(),
            pace_wake: Notify::new(),
            start_wake: Notify::new(),
            poll_wake: Notify::new(),
            heard_wake: Notify::new(),
            news_wake: Notify::new(),
            replay_wake: Notify::new(),
            lease_wake: Notify::new(),
            quiet_wake: Notify::new(),
            config,
        }
    }

    pub(crate) fn lanes(&self) -> MutexGuard<'_, Lanes<Job>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads webhooks and lanes that changed. Called at start, each second,
    /// and when ingest met newer settings.
    pub(crate) async fn load(&self) -> Result<(), DatabaseError> {
        let changed = self.registry.refresh(&self.database).await?;
        for webhook in &changed {
            self.take_over(webhook);
        }
        // A lane's gate depends on its webhook as well as on its row.
        let changed: Vec<WebhookId> = changed.iter().map(|webhook| webhook.id).collect();
        let since_us = *lock(&self.lanes_seen_us);
        let (now_us, rows) = self
            .database
            .read(move |conn| {
                let now_us = conn.now_us()?;
                let mut rows = list_changed_lanes(conn, since_us - LANE_OVERLAP_US)?;
                if !changed.is_empty() {
                    rows.extend(list_lanes(conn, &changed)?);
                }
                Ok::<_, DatabaseError>((now_us, rows))
            })
            .await?;
        self.time.set(now_us);
        for row in &rows {
            self.set_gate(row);
        }
        *lock(&self.lanes_seen_us) = now_us;
        Ok(())
    }

    /// Tells the pipeline that a webhook was changed, so that it need not
    /// wait for the next look.
    pub(crate) fn webhooks_changed(&self) {
        self.poll_wake.notify_one();
        self.tell_others();
    }

    /// Makes other workers look around soon, if there are any.
    pub(crate) fn tell_others(&self) {
        if self.lanes().are_shared() {
            self.news_wake.notify_one();
        }
    }

    /// Tells the pipeline that a delivery of this webhook is due now.
    pub(crate) fn delivery_is_due(&self, webhook: WebhookId) {
        self.note_due(&BTreeMap::from([(webhook, self.time.now_us())]));
        self.tell_others();
    }

    fn take_over(&self, webhook: &Webhook) {
        let now_us = self.time.now_us();
        let mut lanes = self.lanes();
        if webhook.is_deleted {
            let given_up = lanes.remove_lane(webhook.id, now_us);
            self.release(&mut lanes, given_up);
            return;
        }
        let given_up = lanes.set_lane(webhook.id, webhook.account_id, terms(webhook), now_us);
        self.release(&mut lanes, given_up);
    }

    /// Opens or closes a lane by its row and its webhook's settings.
    pub(crate) fn set_gate(&self, row: &LaneRow) {
        let webhook_id = WebhookId(row.webhook_id);
        let may_send = self
            .registry
            .find(webhook_id)
            .is_some_and(|webhook| webhook.is_active && webhook.plan.is_ok());
        let gate = if may_send { row.gate() } else { Gate::Closed };
        let mut lanes = self.lanes();
        if !lanes.is_news(webhook_id, row.revision) {
            return;
        }
        let given_up = lanes.set_gate(webhook_id, gate, self.time.now_us());
        self.release(&mut lanes, given_up);
        drop(lanes);
        self.claim_wake.notify_one();
    }

    /// Divides the lanes' slots between these workers.
    pub(crate) fn set_crew(&self, crew: Crew) {
        let mut lanes = self.lanes();
        let given_up = lanes.set_crew(crew, self.time.now_us());
        self.release(&mut lanes, given_up);
    }

    pub(crate) fn note_due(&self, due: &BTreeMap<WebhookId, i64>) {
        if due.is_empty() {
            return;
        }
        let mut lanes = self.lanes();
        for (&webhook, &due_us) in due {
            lanes.note_due(webhook, due_us);
        }
        drop(lanes);
        self.claim_wake.notify_one();
    }

    /// Gives up the claims of deliveries that will not be sent now.
    pub(crate) fn release(&self, lanes: &mut Lanes<Job>, jobs: Vec<Job>) {
        for job in jobs {
            lanes.owe(job.webhook, self.clock_us());
            self.report(Outcome::released(job.delivery, job.webhook, job.claim_no));
        }
    }

    /// Hands an outcome to be recorded; its lane has counted it.
    pub(crate) fn report(&self, outcome: Outcome) {
        // The receiver lives in this engine for as long as the engine does.
        drop(self.outcomes.send(outcome));
    }

    /// Notes that these outcomes are on record, or that they will not be.
    pub(crate) fn recorded(&self, outcomes: &[Outcome]) {
        let mut of_webhook: HashMap<WebhookId, usize> = HashMap::new();
        for outcome in outcomes {
            *of_webhook.entry(outcome.webhook).or_default() += 1;
        }
        self.are_recorded(of_webhook);
    }

    /// The same of so many outcomes of these webhooks.
    pub(crate) fn are_recorded(&self, counts: impl IntoIterator<Item = (WebhookId, usize)>) {
        let mut may_claim = false;
        let mut lanes = self.lanes();
        for (webhook, count) in counts {
            may_claim |= lanes.recorded(webhook, count);
        }
        let may_start = lanes.have_startable();
        drop(lanes);
        if may_start {
            self.start_wake.notify_one();
        }
        if may_claim {
            self.claim_wake.notify_one();
        }
        self.quiet_wake.notify_waiters();
    }

    /// Microseconds by a clock that only goes forward.
    pub(crate) fn clock_us(&self) -> i64 {
        micros(self.started.elapsed())
    }

    pub(crate) fn stop(&self, reason: Stop) {
        self.lanes().stop(reason);
    }

    pub(crate) fn resume(&self, reason: Stop) {
        self.lanes().resume(reason);
        self.claim_wake.notify_one();
    }

    /// Notes that claims may exist which nothing in memory stands for. They
    /// are found by taking a new identity once all is quiet.
    pub(crate) fn doubt(&self, why: &'static str) {
        if !self.lanes().stop(Stop::Doubt) {
            tracing::warn!(why, "claims are in doubt; the worker takes a new identity");
        }
        self.lease_wake.notify_one();
    }

    pub(crate) fn disable_after_us(&self) -> i64 {
        micros(self.config.disable_after)
    }

    /// How long deliveries that go in order wait for revisions that are missing.
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            gap_us: micros(self.config.gap_wait),
            start_us: micros(START_WAIT.min(self.config.gap_wait)),
        }
    }

    pub(crate) fn expire_after_us(&self) -> i64 {
        micros(self.config.expire_after)
    }

    /// How deliveries begin that no settings of their webhook say anything of.
    pub(crate) fn delivery_terms(&self) -> DeliveryTerms {
        let first_pause = self.config.retry_schedule.first().copied();
        DeliveryTerms {
            first_pause_us: micros(first_pause.unwrap_or_default()),
            expire_after_us: self.expire_after_us(),
        }
    }
}

fn terms(webhook: &Webhook) -> LaneTerms {
    webhook.plan.as_ref().map_or(
        LaneTerms {
            max_concurrency: 1,
            ..LaneTerms::default()
        },
        |plan| LaneTerms {
            max_concurrency: plan.max_concurrency,
            rate_per_second: plan.rate_per_second,
            is_exclusive: plan.is_exclusive(),
        },
    )
}

pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
