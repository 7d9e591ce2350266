//! The state of each delivery after its attempt.
//!
//! A success wins unless the delivery is delivered already. Anything else
//! counts only for the claim that it was made under: once a delivery is
//! somebody else's, only success is news.

use std::collections::HashSet;

use database::{Connection, DatabaseError};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;

use super::super::deliveries::is_pending;
use super::super::schema::deliveries;
use crate::domain::delivery::{DeliveryId, DeliveryState};
use crate::record::{Outcome, OutcomeKind};

/// Returns the deliveries whose outcome counted.
pub(super) fn apply(
    conn: &mut Connection<'_>,
    outcomes: &[&Outcome],
    now_us: i64,
) -> Result<HashSet<DeliveryId>, DatabaseError> {
    match conn {
        Connection::Sqlite(c) => one_by_one(c, outcomes, now_us),
        Connection::Postgres(c) => all_at_once(c, outcomes, now_us),
    }
}

/// A prepared statement that stays in the process costs least here.
fn one_by_one(
    conn: &mut SqliteConnection,
    outcomes: &[&Outcome],
    now_us: i64,
) -> Result<HashSet<DeliveryId>, DatabaseError> {
    let mut applied = HashSet::with_capacity(outcomes.len());
    for outcome in outcomes {
        let row = deliveries::table.find(outcome.delivery.as_bytes());
        let state = outcome.kind.state();
        let finished_at_us = outcome.kind.is_final().then_some(now_us);
        let log = outcome.log.as_ref();
        let after_attempt = log.map(|log| {
            (
                deliveries::attempts.eq(log.number),
                deliveries::settings_version.eq(log.settings_version),
                deliveries::last_attempt_at_us.eq(log.started_at.0),
                deliveries::last_status.eq(log.status),
                deliveries::last_error.eq(outcome.error()),
                deliveries::last_duration_us.eq(log.duration_us),
            )
        });
        let common = (
            deliveries::state.eq(state.as_str()),
            deliveries::worker_id.eq(None::<Vec<u8>>),
            deliveries::finished_at_us.eq(finished_at_us),
        );
        let without_attempt = outcome
            .unsent_because
            .as_ref()
            .filter(|_| log.is_none())
            .map(|_| deliveries::last_error.eq(outcome.error()));
        let due = outcome
            .due_again_us(now_us)
            .map(|due_us| deliveries::due_at_us.eq(due_us));
        let updated = if outcome.kind == OutcomeKind::Delivered {
            diesel::update(row.filter(deliveries::state.ne(DeliveryState::Delivered.as_str())))
                .set((common, after_attempt, without_attempt, due))
                .execute(conn)?
        } else {
            diesel::update(
                row.filter(deliveries::claim_no.eq(outcome.claim_no))
                    .filter(deliveries::worker_id.is_not_null())
                    .filter(is_pending()),
            )
            .set((common, after_attempt, without_attempt, due))
            .execute(conn)?
        };
        if updated == 1 {
            applied.insert(outcome.delivery);
        }
    }
    Ok(applied)
}

const ALL_AT_ONCE: &str = "
UPDATE deliveries d SET
    state = o.state,
    worker_id = NULL,
    due_at_us = COALESCE(o.due_at_us, d.due_at_us),
    finished_at_us = CASE WHEN o.state <> 'pending' THEN $11 END,
    attempts = COALESCE(o.number, d.attempts),
    settings_version = CASE WHEN o.number IS NULL THEN d.settings_version ELSE o.settings_version END,
    last_attempt_at_us = CASE WHEN o.number IS NULL THEN d.last_attempt_at_us ELSE o.started_at_us END,
    last_status = CASE WHEN o.number IS NULL THEN d.last_status ELSE o.status END,
    last_error = CASE WHEN o.number IS NULL THEN COALESCE(o.error, d.last_error) ELSE o.error END,
    last_duration_us = CASE WHEN o.number IS NULL THEN d.last_duration_us ELSE o.duration_us END
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    AS o (id, claim_no, state, due_at_us, number, settings_version, started_at_us, status, error,
          duration_us)
WHERE d.id = o.id
    AND CASE WHEN o.state = 'delivered' THEN d.state <> 'delivered'
        ELSE d.state = 'pending' AND d.claim_no = o.claim_no AND d.worker_id IS NOT NULL END
RETURNING d.id";

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Binary)]
    id: Vec<u8>,
}

/// One round trip, however many there are.
fn all_at_once(
    conn: &mut PgConnection,
    outcomes: &[&Outcome],
    now_us: i64,
) -> Result<HashSet<DeliveryId>, DatabaseError> {
    let column = |value: fn(&Outcome) -> Option<i64>| -> Vec<Option<i64>> {
        outcomes.iter().map(|outcome| value(outcome)).collect()
    };
    let ids: Vec<&[u8]> = outcomes.iter().map(|o| o.delivery.as_bytes()).collect();
    let claims: Vec<i64> = outcomes.iter().map(|o| o.claim_no).collect();
    let states: Vec<&str> = outcomes.iter().map(|o| o.kind.state().as_str()).collect();
    let due: Vec<Option<i64>> = outcomes.iter().map(|o| o.due_again_us(now_us)).collect();
    let errors: Vec<Option<String>> = outcomes.iter().map(|o| o.error()).collect();
    let rows: Vec<Applied> = diesel::sql_query(ALL_AT_ONCE)
        .bind::<Array<Binary>, _>(ids)
        .bind::<Array<BigInt>, _>(claims)
        .bind::<Array<Text>, _>(states)
        .bind::<Array<Nullable<BigInt>>, _>(due)
        .bind::<Array<Nullable<BigInt>>, _>(column(|o| o.log.as_ref().map(|l| l.number)))
        .bind::<Array<Nullable<BigInt>>, _>(column(|o| o.log.as_ref().map(|l| l.settings_version)))
        .bind::<Array<Nullable<BigInt>>, _>(column(|o| o.log.as_ref().map(|l| l.started_at.0)))
        .bind::<Array<Nullable<BigInt>>, _>(column(|o| o.log.as_ref().and_then(|l| l.status)))
        .bind::<Array<Nullable<Text>>, _>(errors)
        .bind::<Array<Nullable<BigInt>>, _>(column(|o| o.log.as_ref().map(|l| l.duration_us)))
        .bind::<BigInt, _>(now_us)
        .load(conn)?;
    Ok(rows
        .iter()
        .filter_map(|row| DeliveryId::from_bytes(&row.id))
        .collect())
}
