//! One request: rendered, signed, sent.

use events::{Event, Timestamp};
use hyper::Method;
use hyper::header::InvalidHeaderValue;
use tokio::time::Instant;

use crate::domain::delivery::DeliveryId;
use crate::engine::Engine;
use crate::headers::CallbackHeaders;
use crate::registry::SendPlan;
use crate::render::{RenderError, render, render_test};
use crate::send::{OutgoingRequest, Sent, TIME_LIMIT};

/// What to send.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) delivery: DeliveryId,
    /// `None` for a test.
    pub(crate) event: Option<&'a Event>,
    /// Counts from 1.
    pub(crate) number: i64,
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
    /// A header cannot be sent.
    #[error("a header cannot be sent")]
    Header(#[from] InvalidHeaderValue),
}

/// Makes the request and waits for its outcome.
pub(crate) async fn attempt(
    engine: &Engine,
    plan: &SendPlan,
    attempt: &Attempt<'_>,
) -> Result<Made, AttemptError> {
    let started_at = engine.clock.now();
    let rendered = match attempt.event {
        Some(event) => render(event, plan.render)?,
        None => render_test(plan.render.format),
    };
    let delivery_id = attempt.delivery.to_string();
    let timestamp_seconds = started_at.unix_seconds();
    let signature = plan
        .signer(started_at)
        .sign(&delivery_id, timestamp_seconds, &rendered.body);
    let headers = CallbackHeaders {
        content_type: rendered.content_type,
        delivery_id: &delivery_id,
        timestamp_seconds,
        signature: &signature,
        attempt: u32::try_from(attempt.number).unwrap_or(u32::MAX),
        revision: attempt.event.and_then(|event| event.change.revision()),
        own: &plan.headers,
    }
    .assemble()?;
    let request = OutgoingRequest::new(
        Method::POST,
        plan.url.clone(),
        headers,
        rendered.body,
        TIME_LIMIT,
    );
    let sent = engine.sender.send_since(&request, attempt.started).await;
    Ok(Made {
        started_at,
        request,
        sent,
    })
}
