//! Test requests in the log: rows that are over when they are written.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, EventId};

use super::outcomes::{insert_attempt_bodies, insert_attempts};
use super::samples::lock_if_unchanged;
use super::schema::deliveries;
use crate::domain::delivery::Origin;
use crate::domain::webhook::WebhookId;
use crate::record::{AttemptLog, Outcome};

/// Stands where an event has its type, and its component.
const TEST: &str = "test";

/// A test request and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct TestDelivery {
    pub(crate) account_id: AccountId,
    /// What was sent in place of the variable `test`.
    pub(crate) sample: Option<TestSample>,
    pub(crate) outcome: Outcome,
}

/// The event that a test told of. Whoever erases a person finds the test by it.
#[derive(Debug, Clone)]
pub(crate) struct TestSample {
    pub(crate) id: EventId,
    /// Its body as it was stored when the test was made of it.
    pub(crate) body: Vec<u8>,
}

/// Writes a test into the log: a delivery that is over, with one attempt.
pub(crate) fn insert_test_delivery(
    conn: &mut Connection<'_>,
    test: &TestDelivery,
) -> Result<(), DatabaseError> {
    let now_us = conn.now_us()?;
    let outcome = &test.outcome;
    let is_erased = match &test.sample {
        Some(sample) => !lock_if_unchanged(conn, sample.id, &sample.body)?,
        None => false,
    };
    let event_id = test.sample.as_ref().map(|sample| sample.id);
    let log = outcome.log.as_ref();
    on_backend!(conn, |c| diesel::insert_into(deliveries::table)
        .values((
            deliveries::id.eq(outcome.delivery.as_bytes()),
            deliveries::account_id.eq(test.account_id.0),
            deliveries::webhook_id.eq(outcome.webhook.0),
            deliveries::event_id.eq(event_id.as_ref().map(EventId::as_bytes)),
            deliveries::erased_at_us.eq(is_erased.then_some(now_us)),
            deliveries::origin.eq(Origin::Test.as_str()),
            deliveries::state.eq(outcome.kind.state().as_str()),
            deliveries::event_type.eq(TEST),
            deliveries::component.eq(TEST),
            deliveries::due_at_us.eq(now_us),
            deliveries::attempts.eq(i64::from(log.is_some())),
            deliveries::claim_no.eq(outcome.claim_no),
            deliveries::settings_version.eq(log.map(|log| log.settings_version)),
            deliveries::last_attempt_at_us.eq(log.map(|log| log.started_at.0)),
            deliveries::last_status.eq(log.and_then(|log| log.status)),
            deliveries::last_error.eq(log.and_then(AttemptLog::summary)),
            deliveries::last_duration_us.eq(log.map(|log| log.duration_us)),
            deliveries::created_at_us.eq(now_us),
            deliveries::expires_at_us.eq(now_us),
            deliveries::finished_at_us.eq(now_us),
        ))
        .execute(c))?;
    insert_attempts(conn, &[outcome])?;
    // A person was erased from the event while the request was under way.
    if is_erased {
        return Ok(());
    }
    insert_attempt_bodies(conn, &[outcome])
}

/// The result of the first test request to a webhook, which its creation sent.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub(crate) struct LoggedTest {
    pub(crate) status: Option<i64>,
    pub(crate) error: Option<String>,
    pub(crate) duration_us: Option<i64>,
}

/// `None` if no test request to the webhook is in the log.
pub(crate) fn find_first_test(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    webhook_id: WebhookId,
) -> Result<Option<LoggedTest>, DatabaseError> {
    Ok(on_backend!(conn, |c| deliveries::table
        .filter(deliveries::account_id.eq(account_id.0))
        .filter(deliveries::webhook_id.eq(webhook_id.0))
        .filter(deliveries::origin.eq(Origin::Test.as_str()))
        // Those of an event are ordered by the time of that event.
        .filter(deliveries::event_id.is_null())
        .order(deliveries::id)
        .select((
            deliveries::last_status,
            deliveries::last_error,
            deliveries::last_duration_us,
        ))
        .first(c)
        .optional())?)
}
