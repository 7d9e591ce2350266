//! Inserting what came in on PostgreSQL: one round trip per table.

use std::collections::HashSet;

use database::{DatabaseError, statement};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl};

use super::{NewBody, NewDelivery, NewEvent};
use crate::store::columns::column;

const EVENTS: &str = "
INSERT INTO events (event_id, account_id, seq, event_type, component, record_id, revision,
    occurred_at_us, matched, received_at_us, config_version)
SELECT *, $10, $11 FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING
RETURNING event_id";

const BODIES: &str = "
INSERT INTO event_bodies (event_id, body)
SELECT * FROM unnest($1, $2)
ON CONFLICT DO NOTHING";

const DELIVERIES: &str = "
INSERT INTO deliveries (id, account_id, webhook_id, event_id, event_type, component, record_id,
    revision, due_at_us, claim_no, worker_id, origin, state, attempts, created_at_us,
    expires_at_us)
SELECT *, $12, $13, $14, $15, $16
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT DO NOTHING";

#[derive(QueryableByName)]
struct Inserted {
    #[diesel(sql_type = Binary)]
    event_id: Vec<u8>,
}

/// Returns the ids of those that were not there.
pub(super) fn insert_events(
    conn: &mut PgConnection,
    rows: &[NewEvent<'_>],
) -> Result<HashSet<Vec<u8>>, DatabaseError> {
    let Some(first) = rows.first() else {
        return Ok(HashSet::new());
    };
    let inserted: Vec<Inserted> = statement(EVENTS)
        .bind::<Array<Binary>, _>(column(rows, |row| row.event_id))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.account_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.seq))
        .bind::<Array<Text>, _>(column(rows, |row| row.event_type))
        .bind::<Array<Text>, _>(column(rows, |row| row.component))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.record_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.revision))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.occurred_at_us))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.matched))
        // The same for all of a batch.
        .bind::<BigInt, _>(first.received_at_us)
        .bind::<BigInt, _>(first.config_version)
        .load(conn)?;
    Ok(inserted.into_iter().map(|row| row.event_id).collect())
}

pub(super) fn insert_bodies(
    conn: &mut PgConnection,
    rows: &[NewBody<'_>],
) -> Result<(), DatabaseError> {
    if !rows.is_empty() {
        statement(BODIES)
            .bind::<Array<Binary>, _>(column(rows, |row| row.event_id))
            .bind::<Array<Binary>, _>(column(rows, |row| row.body))
            .execute(conn)?;
    }
    Ok(())
}

pub(super) fn insert_deliveries(
    conn: &mut PgConnection,
    rows: &[NewDelivery<'_>],
) -> Result<(), DatabaseError> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    statement(DELIVERIES)
        .bind::<Array<Binary>, _>(column(rows, |row| row.id))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.account_id))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.webhook_id))
        .bind::<Array<Nullable<Binary>>, _>(column(rows, |row| row.event_id))
        .bind::<Array<Text>, _>(column(rows, |row| row.event_type))
        .bind::<Array<Text>, _>(column(rows, |row| row.component))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.record_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.revision))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.due_at_us))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.claim_no))
        .bind::<Array<Nullable<Binary>>, _>(column(rows, |row| row.worker_id))
        // The same for all of a batch.
        .bind::<Text, _>(first.origin)
        .bind::<Text, _>(first.state)
        .bind::<BigInt, _>(first.attempts)
        .bind::<BigInt, _>(first.created_at_us)
        .bind::<BigInt, _>(first.expires_at_us)
        .execute(conn)?;
    Ok(())
}
