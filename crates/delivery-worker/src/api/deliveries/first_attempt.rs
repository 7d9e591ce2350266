//! A first attempt that succeeded: its request is worked out again, its answer is at hand.

use database::{Connection, DatabaseError};
use events::{Decoded, Event, EventId};
use prost::Message;
use serde_json::Value;

use super::attempt::LoggedAttempt;
use crate::attempt::request_again;
use crate::domain::delivery::DeliveryId;
use crate::domain::webhook::{WebhookId, WebhookSettings};
use crate::record::{FirstAnswer, FirstAttempt};
use crate::store::deliveries::find_event_body;
use crate::store::delivery_log::{AttemptRow, DeliveryRow, find_kept_attempt};
use crate::store::webhook_versions::find_settings;

/// `None` of a delivery whose row keeps none.
pub(super) fn find_first_attempt(
    conn: &mut Connection<'_>,
    id: DeliveryId,
    delivery: &DeliveryRow,
) -> Result<Option<LoggedAttempt>, DatabaseError> {
    let (attempt, answer) = find_kept_attempt(conn, id)?;
    let Some(first) = attempt.and_then(|bytes| FirstAttempt::decode(bytes.as_slice()).ok()) else {
        return Ok(None);
    };
    let answer = answer.and_then(|bytes| FirstAnswer::decode(bytes.as_slice()).ok());
    let webhook = WebhookId(delivery.webhook_id);
    let settings = find_settings(conn, webhook, first.settings_version)?;
    let event_id = delivery.event_id.as_deref().and_then(EventId::from_bytes);
    let body = match event_id.filter(|_| delivery.erased_at_us.is_none()) {
        Some(event_id) => find_event_body(conn, event_id)?,
        None => None,
    };
    let request = settings.zip(body).and_then(|(settings, body)| {
        let request = work_out(&first, id, settings, &body);
        if request.is_none() {
            tracing::warn!(delivery = %id, "the request of a first attempt cannot be worked out again");
        }
        request
    });
    Ok(Some(LoggedAttempt {
        row: AttemptRow {
            claim_no: first.claim_no,
            number: 1,
            settings_version: first.settings_version,
            started_at_us: first.started_at_us,
            duration_us: first.duration_us,
            status: first.status,
            error_kind: None,
            error: None,
            remote: first.remote,
        },
        request,
        answer: answer.map(|answer| (answer.head, answer.body, answer.is_complete)),
    }))
}

/// Head and body as they were sent.
fn work_out(
    first: &FirstAttempt,
    id: DeliveryId,
    settings: Value,
    body: &[u8],
) -> Option<(Vec<u8>, Vec<u8>)> {
    let settings: WebhookSettings = serde_json::from_value(settings).ok()?;
    let Ok(Decoded::Event(event)) = Event::decode(body) else {
        return None;
    };
    let request = request_again(first, id, &event, &settings)?;
    Some((request.logged_head().into_bytes(), request.body().to_vec()))
}
