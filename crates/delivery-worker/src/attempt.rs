//! One request: rendered, signed, sent.

mod again;
mod assembly;

use events::{Event, Timestamp};
use telemetry::traces;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use crate::domain::delivery::DeliveryId;
use crate::engine::Engine;
use crate::registry::SendPlan;
use crate::render::{RenderError, render, render_test};
use crate::send::{OutgoingRequest, SendOutcome, Sent};
pub(crate) use again::request_again;
pub(crate) use assembly::{Assembly, AssemblyError, Sender};

/// What to send.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) delivery: DeliveryId,
    /// `None` for a test.
    pub(crate) event: Option<&'a Event>,
    /// Counts from 1.
    pub(crate) number: i64,
    /// When it is tried again if this attempt fails, on the database's clock; none if it is not.
    pub(crate) next_attempt_at: Option<Timestamp>,
    /// When its time limit began.
    pub(crate) started: Instant,
}

/// A request that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) started_at: Timestamp,
    pub(crate) request: OutgoingRequest,
    pub(crate) sent: Sent,
}

/// Why no request could be made; trying again would not help.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttemptError {
    /// The event has no body for this webhook.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// What was rendered makes no request.
    #[error(transparent)]
    Assembly(#[from] AssemblyError),
}

impl AttemptError {
    /// Whether the order's values are the reason, so that nothing is out of order
    /// here.
    pub(crate) fn is_of_values(&self) -> bool {
        matches!(self, Self::Assembly(AssemblyError::Query(_)))
    }
}

/// Makes the request and waits for its outcome.
pub(crate) async fn attempt(
    engine: &Engine,
    plan: &SendPlan,
    attempt: &Attempt<'_>,
) -> Result<Made, AttemptError> {
    let started_at = engine.clock.now();
    let rendered = match attempt.event {
        Some(event) => render(event, &plan.render)?,
        None => render_test(&plan.render),
    };
    let request = Assembly {
        url: &plan.url,
        own: &plan.headers,
        sender: Sender::Us(plan.signer(started_at)),
        delivery: attempt.delivery,
        number: attempt.number,
        next_attempt_at: attempt.next_attempt_at,
        revision: attempt.event.and_then(|event| event.change.revision()),
        at: started_at,
    }
    .request(rendered)?;
    let span = span_of(attempt, &request);
    let sending = engine.sender.send_since(&request, attempt.started);
    let sent = sending.instrument(span.clone()).await;
    note_outcome(&span, &sent);
    Ok(Made {
        started_at,
        request,
        sent,
    })
}

/// A callback is a step of the trace of the request that caused its event.
fn span_of(attempt: &Attempt<'_>, request: &OutgoingRequest) -> Span {
    let Some(event) = attempt.event else {
        return Span::none();
    };
    traces::under(&event.cause.traceparent, || {
        info_span!(
            target: traces::TARGET,
            "callback",
            otel.kind = "client",
            otel.status_code = Empty,
            trace_id = Empty,
            http.request.method = %request.method(),
            server.address = %request.url().host(),
            http.response.status_code = Empty,
            error.type = Empty,
            delivery = %attempt.delivery,
            attempt = attempt.number,
        )
    })
}

fn note_outcome(span: &Span, sent: &Sent) {
    if span.is_none() {
        return;
    }
    match &sent.outcome {
        SendOutcome::Answered(answer) => {
            span.record("http.response.status_code", answer.status);
            if !answer.is_success() {
                span.record("otel.status_code", "ERROR");
            }
        }
        SendOutcome::Failed(failure) => {
            span.record("error.type", failure.kind.as_str());
            span.record("otel.status_code", "ERROR");
        }
    }
}
