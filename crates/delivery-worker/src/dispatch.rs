//! Sending what the lanes let go: one task per request under way.

use std::sync::Arc;
use std::time::Duration;

use database::DatabaseError;
use database::partitions::hold_for_reading;
use events::{Decoded, Event, EventId, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::attempt::{Attempt, attempt};
use crate::domain::delivery::DeliveryId;
use crate::domain::webhook::WebhookId;
use crate::engine::{Engine, HeldEvent, micros};
use crate::lane::{RecordKey, Stop};
use crate::record::{AttemptLog, Outcome, OutcomeKind};
use crate::render::as_add;
use crate::retry::{Decision, Effect, Verdict};
use crate::store::deliveries::find_event_body;
use crate::store::retention::EVENT_BODIES;

/// A claimed delivery.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) delivery: DeliveryId,
    pub(crate) webhook: WebhookId,
    pub(crate) event_id: EventId,
    pub(crate) record: Option<RecordKey>,
    /// The identity that it was claimed under.
    pub(crate) lease: u64,
    pub(crate) claim_no: i64,
    /// Attempts made so far.
    pub(crate) attempts: i64,
    /// Whether it is sent long after its change because somebody asked for that.
    pub(crate) is_replay: bool,
    pub(crate) due_at_us: i64,
    pub(crate) expires_at_us: i64,
    /// Whether an edit is sent as an add: nothing of the record was sent before.
    pub(crate) sends_as_add: bool,
    /// The event, unless too much is in memory already.
    pub(crate) event: Option<HeldEvent>,
}

/// Starts as much as the lanes allow.
pub(crate) fn pump(engine: &Arc<Engine>) {
    while let Some((webhook, job)) = next(engine) {
        tokio::spawn(deliver_in_turn(Arc::clone(engine), webhook, job));
    }
}

fn next(engine: &Engine) -> Option<(WebhookId, Job)> {
    let covered = engine.lease.covers_a_request();
    let mut lanes = engine.lanes();
    if !covered {
        lanes.stop(Stop::Lease);
        return None;
    }
    let next = lanes.start(engine.clock_us());
    if lanes.has_news_of_next_start() {
        engine.pace_wake.notify_one();
    }
    next
}

/// Starts what lanes keep back for the sake of their rate, each in time, and until
/// outcomes are on record, until `cancel`.
pub(crate) async fn keep_pace(engine: Arc<Engine>, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        let next_us = engine.lanes().tell_next_start_us();
        let wait_us = next_us.map(|next_us| next_us.saturating_sub(engine.clock_us()));
        let in_time = async {
            match wait_us.map(|wait_us| u64::try_from(wait_us).unwrap_or(0)) {
                Some(wait_us) => tokio::time::sleep(Duration::from_micros(wait_us)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = engine.pace_wake.notified() => {}
            () = engine.start_wake.notified() => pump(&engine),
            () = in_time => {
                engine.lanes().let_on(engine.clock_us());
                pump(&engine);
            }
        }
    }
}

/// Delivers one job, then whatever is next, until nothing is: a busy worker
/// does not start a task for every request.
async fn deliver_in_turn(engine: Arc<Engine>, webhook: WebhookId, job: Job) {
    let mut current = Some((webhook, job));
    while let Some((webhook, job)) = current {
        let slot = Slot::new(&engine, webhook, job.record);
        let (outcome, duration_us) = deliver(&engine, job).await;
        slot.free(outcome, duration_us);
        current = next(&engine);
    }
}

/// A slot of a lane; freed even if the code that uses it panics.
struct Slot<'a> {
    engine: &'a Engine,
    webhook: WebhookId,
    record: Option<RecordKey>,
    is_free: bool,
}

impl<'a> Slot<'a> {
    fn new(engine: &'a Engine, webhook: WebhookId, record: Option<RecordKey>) -> Self {
        Self {
            engine,
            webhook,
            record,
            is_free: false,
        }
    }

    fn free(mut self, outcome: Outcome, duration_us: Option<i64>) {
        self.is_free = true;
        let now_us = self.engine.time.now_us();
        let mut lanes = self.engine.lanes();
        lanes.finish(
            self.webhook,
            self.record,
            duration_us,
            self.engine.clock_us(),
        );
        if let Some(hold_us) = hold_us(outcome.effect) {
            let until_us = now_us.saturating_add(hold_us);
            let given_up = lanes.hold(self.webhook, until_us, now_us);
            self.engine.release(&mut lanes, given_up);
        }
        let wants_claim = lanes
            .next_wake_us()
            .is_some_and(|wake_us| wake_us <= now_us);
        drop(lanes);
        self.engine.report(outcome);
        if wants_claim {
            self.engine.claim_wake.notify_one();
        }
        self.engine.quiet_wake.notify_waiters();
    }
}

/// For how long nothing may start after an answer until it is on record, microseconds.
fn hold_us(effect: Effect) -> Option<i64> {
    /// What disables for good is on record by then.
    const UNTIL_DISABLED: Duration = Duration::from_secs(10);
    match effect {
        Effect::None => None,
        Effect::Disable => Some(micros(UNTIL_DISABLED)),
        Effect::Pause(pause) => Some(micros(pause)),
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if self.is_free {
            return;
        }
        let clock_us = self.engine.clock_us();
        let mut lanes = self.engine.lanes();
        lanes.finish(self.webhook, self.record, None, clock_us);
        drop(lanes);
        self.engine.are_recorded([(self.webhook, 1)]);
        self.engine.doubt("a delivery was cut short");
    }
}

/// What became of it, and how long the receiver took if it was asked.
async fn deliver(engine: &Engine, job: Job) -> (Outcome, Option<i64>) {
    let released = || (released(&job), None);
    if job.expires_at_us <= engine.time.now_us() {
        return unsent(&job, OutcomeKind::Expired, "it was too old to be sent");
    }
    let Some(webhook) = engine.registry.find(job.webhook) else {
        return released();
    };
    let (Ok(plan), false) = (&webhook.plan, webhook.is_deleted) else {
        return released();
    };
    let event = match event_of(engine, &job).await {
        Ok(Some(event)) => event,
        Ok(None) => return unsent(&job, OutcomeKind::Failed, "its event is no longer stored"),
        Err(error) => {
            tracing::debug!(%error, "an event could not be read; its delivery waits");
            return released();
        }
    };
    // From here the time limit runs: nothing is sent after it, so that what
    // this finds holds for as long as the request lasts.
    let started = Instant::now();
    if !engine.lease.covers_a_request_under(job.lease) {
        return released();
    }
    let number = job.attempts + 1;
    let is_first = job.attempts == 0 && !job.is_replay;
    engine
        .metrics
        .observe_lag(is_first, lag_seconds(engine, &job, &event));
    let as_add = job.sends_as_add.then(|| as_add(&event));
    let next_pause = plan.retry.next_pause(
        u32::try_from(number).unwrap_or(u32::MAX),
        fastrand::f64() * 2.0 - 1.0,
    );
    let made = attempt(
        engine,
        plan,
        &Attempt {
            delivery: job.delivery,
            event: Some(as_add.as_ref().unwrap_or(&event)),
            number,
            next_attempt_at: next_attempt_at(engine, &job, next_pause),
            started,
        },
    )
    .await;
    let made = match made {
        Ok(made) => made,
        Err(error) => {
            if error.is_of_values() {
                tracing::debug!(delivery = %job.delivery, %error, "a callback could not be made");
            } else {
                tracing::error!(delivery = %job.delivery, %error, "a callback could not be made");
            }
            return unsent(&job, OutcomeKind::Failed, &error.to_string());
        }
    };
    engine.metrics.count_outcome(&made.sent.outcome);
    let decision = plan
        .retry
        .judge(&made.sent.outcome, next_pause, engine.clock.now());
    let log = AttemptLog::new(
        number,
        webhook.settings_version,
        made.started_at,
        made.request,
        job.sends_as_add,
        &made.sent,
    );
    let duration_us = log.duration_us;
    (outcome(&job, decision, log), Some(duration_us))
}

/// When the delivery would be tried again: never earlier, since its pause begins once the outcome is
/// written down. `None` if it would be too old by then.
fn next_attempt_at(engine: &Engine, job: &Job, pause: Option<Duration>) -> Option<Timestamp> {
    let at_us = engine.time.now_us().saturating_add(micros(pause?));
    (at_us < job.expires_at_us).then_some(Timestamp(at_us))
}

fn outcome(job: &Job, decision: Decision, log: AttemptLog) -> Outcome {
    Outcome {
        delivery: job.delivery,
        webhook: job.webhook,
        claim_no: job.claim_no,
        kind: match decision.verdict {
            Verdict::Delivered => OutcomeKind::Delivered,
            Verdict::Retry(pause) => OutcomeKind::Retry { pause },
            Verdict::Failed => OutcomeKind::Failed,
        },
        effect: decision.effect,
        health: decision.health,
        log: Some(log),
        unsent_because: None,
    }
}

/// The end of a delivery that no request was made for.
fn unsent(job: &Job, kind: OutcomeKind, because: &str) -> (Outcome, Option<i64>) {
    let outcome = Outcome {
        kind,
        unsent_because: Some(because.to_owned()),
        ..released(job)
    };
    (outcome, None)
}

fn released(job: &Job) -> Outcome {
    Outcome::released(job.delivery, job.webhook, job.claim_no)
}

/// How late the attempt is: after the change if it is the first one, after the
/// time it was due at otherwise, and if it is replayed.
#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of any delay fit a double"
)]
fn lag_seconds(engine: &Engine, job: &Job, event: &Event) -> f64 {
    let lag_us = if job.attempts == 0 && !job.is_replay {
        engine.clock.now().0 - event.occurred_at.0
    } else {
        engine.time.now_us() - job.due_at_us
    };
    lag_us.max(0) as f64 / 1e6
}

/// The event at hand, or read again; `None` if it is lost for good.
async fn event_of(engine: &Engine, job: &Job) -> Result<Option<HeldEvent>, DatabaseError> {
    if let Some(event) = &job.event {
        return Ok(Some(event.clone()));
    }
    let id = job.event_id;
    let body = engine
        .database
        .read(move |conn| {
            hold_for_reading(conn, &EVENT_BODIES)?;
            find_event_body(conn, id)
        })
        .await?;
    Ok(body.and_then(|body| decode_stored(engine, id, &body)))
}

/// Decodes a stored event, which was decoded once before.
pub(crate) fn decode_stored(engine: &Engine, id: EventId, body: &[u8]) -> Option<HeldEvent> {
    match Event::decode(body) {
        Ok(Decoded::Event(event)) => Some(engine.bodies.hold(event, body.len())),
        Ok(Decoded::Unknown) => None,
        Err(error) => {
            tracing::error!(event = %id, %error, "a stored event cannot be read");
            None
        }
    }
}
