//! The test request of S0: what a receiver does with the variable `test`.
//!
//! It is sent when settings were saved, and on demand, whatever holds the webhook
//! up. It never stands in the way of saving and never counts towards disabling;
//! what came of it is answered, and kept among the deliveries.

mod answer;

use events::{AccountId, Timestamp};
use http_api::ApiError;

use super::outgoing::{NotMade, Outgoing};
use super::preview::{SampleEvent, refuse};
use crate::domain::delivery::DeliveryId;
use crate::domain::webhook::WebhookId;
use crate::record::{AttemptLog, Outcome, OutcomeKind};
use crate::render::{render, render_test};
use crate::retry::{Effect, Health};
use crate::send::{OutgoingRequest, SendOutcome};
use crate::state::AppState;
use crate::store::samples::insert_sample_event;
use crate::store::test_deliveries::{LoggedTest, TestDelivery, TestSample, insert_test_delivery};
use crate::store::webhook_records::StoredWebhook;
pub(crate) use answer::{SentTestResponse, answer_test};

/// What became of a test request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TestReport {
    /// The receiver's status, if it answered.
    pub(crate) status: Option<u16>,
    /// From the start to the answer's headers, or to the failure.
    pub(crate) duration_ms: i64,
    /// What was wrong, unless the receiver took it.
    pub(crate) error: Option<String>,
    /// Its entry among the deliveries; `None` if nothing was sent or the entry
    /// could not be written.
    pub(crate) delivery: Option<DeliveryId>,
}

/// What is wrong with an answer of this status.
fn refusal(status: u16) -> Option<String> {
    let is_success = (200..300).contains(&status);
    (!is_success).then(|| format!("the receiver answered {status}, and only 2xx is a success"))
}

impl TestReport {
    /// As it was when the test was made.
    pub(crate) fn of_log(logged: LoggedTest) -> Self {
        let status = logged.status.and_then(|status| u16::try_from(status).ok());
        Self {
            status,
            duration_ms: logged.duration_us.unwrap_or_default() / 1_000,
            error: status.map_or(logged.error, refusal),
            delivery: None,
        }
    }

    fn not_sent(reason: impl ToString) -> Self {
        Self {
            status: None,
            duration_ms: 0,
            error: Some(reason.to_string()),
            delivery: None,
        }
    }
}

/// Sends a test request with a webhook's current settings and waits for what comes
/// of it, about 3 s at most.
///
/// It runs on even if the caller goes away, so that it is in the log in any case.
pub(crate) async fn send_test(
    state: &AppState,
    account_id: AccountId,
    stored: &StoredWebhook,
) -> TestReport {
    match SignedTest::new(state, account_id, stored, None) {
        Ok(test) => test.spawn(state).await,
        Err(reason) => TestReport::not_sent(reason),
    }
}

/// Sends what the webhook would send of an event, in place of the test request and
/// just like it. An event that was made up is kept before anything is sent, so that
/// whoever erases a person finds it while the request is under way.
///
/// # Errors
///
/// If there is nothing to send of this event, or it cannot be kept.
pub(crate) async fn send_sample(
    state: &AppState,
    account_id: AccountId,
    stored: &StoredWebhook,
    sample: SampleEvent,
) -> Result<TestReport, ApiError> {
    let mut test = match SignedTest::new(state, account_id, stored, Some(&sample)) {
        Ok(test) => test,
        Err(reason) if reason.is_of_event() => return Err(refuse(reason)),
        Err(reason) => return Ok(TestReport::not_sent(reason)),
    };
    let SampleEvent {
        event, stored_body, ..
    } = sample;
    let id = event.id;
    let body = match stored_body {
        Some(body) => body,
        None => {
            state
                .write(move |conn| Ok(insert_sample_event(conn, &event)?))
                .await?
        }
    };
    test.sample = Some(TestSample { id, body });
    Ok(test.spawn(state).await)
}

/// A test request that is ready to go out.
struct SignedTest {
    id: DeliveryId,
    account_id: AccountId,
    webhook_id: WebhookId,
    settings_version: i64,
    started_at: Timestamp,
    request: OutgoingRequest,
    /// The event that it tells of, once that is kept.
    sample: Option<TestSample>,
}

impl SignedTest {
    fn new(
        state: &AppState,
        account_id: AccountId,
        stored: &StoredWebhook,
        sample: Option<&SampleEvent>,
    ) -> Result<Self, NotMade> {
        let webhook = &stored.webhook;
        let outgoing = Outgoing::new(&state.keys, state.sender.policy(), account_id, stored)?;
        let started_at = state.clock.now();
        let (id, rendered, revision) = match sample {
            None => (
                DeliveryId::of_test(started_at),
                render_test(&outgoing.render),
                None,
            ),
            Some(SampleEvent { event, .. }) => (
                DeliveryId::of_sample(event.id, started_at),
                render(event, &outgoing.render)?,
                event.change.revision(),
            ),
        };
        Ok(Self {
            id,
            account_id,
            webhook_id: webhook.id,
            settings_version: webhook.settings_version,
            started_at,
            request: outgoing.request(rendered, id, revision, started_at)?,
            sample: None,
        })
    }

    /// Runs on even if the caller goes away.
    async fn spawn(self, state: &AppState) -> TestReport {
        // On the service's own threads: a connection that stays open is driven by the
        // runtime that opened it, and those of HTTP workers end before.
        let sending = state.runtime.spawn(self.run(state.clone()));
        sending.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a test request was interrupted");
            TestReport::not_sent("the test request was interrupted")
        })
    }

    async fn run(self, state: AppState) -> TestReport {
        let sent = state.sender.send(&self.request).await;
        let log = AttemptLog::new(
            1,
            self.settings_version,
            self.started_at,
            self.request.clone(),
            false,
            &sent,
        );
        let error = match &sent.outcome {
            SendOutcome::Answered(answer) => refusal(answer.status),
            SendOutcome::Failed(failure) => Some(failure.to_string()),
        };
        let mut report = TestReport {
            status: log.status.and_then(|status| u16::try_from(status).ok()),
            duration_ms: log.duration_us / 1_000,
            error,
            delivery: None,
        };
        let test = self.log_entry(log, report.error.is_none());
        let written = state
            .database
            .write(move |conn| insert_test_delivery(conn, &test))
            .await;
        match written {
            Ok(()) => report.delivery = Some(self.id),
            Err(error) => tracing::warn!(
                %error,
                webhook = %self.webhook_id,
                "a test request could not be written to the log"
            ),
        }
        report
    }

    fn log_entry(&self, log: AttemptLog, is_success: bool) -> TestDelivery {
        let kind = if is_success {
            OutcomeKind::Delivered
        } else {
            OutcomeKind::Failed
        };
        TestDelivery {
            account_id: self.account_id,
            sample: self.sample.clone(),
            outcome: Outcome {
                delivery: self.id,
                webhook: self.webhook_id,
                claim_no: 1,
                kind,
                effect: Effect::None,
                health: Health::Unknown,
                log: Some(log),
                unsent_because: None,
            },
        }
    }
}
