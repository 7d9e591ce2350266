//! Inserting what came in on SQLite: a statement that stays prepared costs less than
//! one for many rows.

use std::collections::HashSet;

use database::{DatabaseError, statement};
use diesel::RunQueryDsl;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;

use super::{NewBody, NewDelivery, NewEvent};

const EVENT: &str = "
INSERT INTO events (event_id, account_id, seq, event_type, component, record_id, revision,
    occurred_at_us, received_at_us, matched, config_version)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT DO NOTHING";

const BODY: &str = "
INSERT INTO event_bodies (event_id, body) VALUES (?1, ?2)
ON CONFLICT DO NOTHING";

const DELIVERY: &str = "
INSERT INTO deliveries (id, account_id, webhook_id, event_id, event_type, component, record_id,
    revision, due_at_us, claim_no, worker_id, origin, state, attempts, created_at_us,
    expires_at_us)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
ON CONFLICT DO NOTHING";

/// Returns the ids of those that were not there.
pub(super) fn insert_events(
    conn: &mut SqliteConnection,
    rows: &[NewEvent<'_>],
) -> Result<HashSet<Vec<u8>>, DatabaseError> {
    let mut inserted = HashSet::with_capacity(rows.len());
    for row in rows {
        let count = statement(EVENT)
            .bind::<Binary, _>(row.event_id)
            .bind::<BigInt, _>(row.account_id)
            .bind::<Nullable<BigInt>, _>(row.seq)
            .bind::<Text, _>(row.event_type)
            .bind::<Text, _>(row.component)
            .bind::<Nullable<BigInt>, _>(row.record_id)
            .bind::<Nullable<BigInt>, _>(row.revision)
            .bind::<BigInt, _>(row.occurred_at_us)
            .bind::<BigInt, _>(row.received_at_us)
            .bind::<BigInt, _>(row.matched)
            .bind::<BigInt, _>(row.config_version)
            .execute(conn)?;
        if count == 1 {
            inserted.insert(row.event_id.to_vec());
        }
    }
    Ok(inserted)
}

pub(super) fn insert_bodies(
    conn: &mut SqliteConnection,
    rows: &[NewBody<'_>],
) -> Result<(), DatabaseError> {
    for row in rows {
        statement(BODY)
            .bind::<Binary, _>(row.event_id)
            .bind::<Binary, _>(row.body)
            .execute(conn)?;
    }
    Ok(())
}

pub(super) fn insert_deliveries(
    conn: &mut SqliteConnection,
    rows: &[NewDelivery<'_>],
) -> Result<(), DatabaseError> {
    for row in rows {
        statement(DELIVERY)
            .bind::<Binary, _>(row.id)
            .bind::<BigInt, _>(row.account_id)
            .bind::<BigInt, _>(row.webhook_id)
            .bind::<Nullable<Binary>, _>(row.event_id)
            .bind::<Text, _>(row.event_type)
            .bind::<Text, _>(row.component)
            .bind::<Nullable<BigInt>, _>(row.record_id)
            .bind::<Nullable<BigInt>, _>(row.revision)
            .bind::<BigInt, _>(row.due_at_us)
            .bind::<BigInt, _>(row.claim_no)
            .bind::<Nullable<Binary>, _>(row.worker_id)
            .bind::<Text, _>(row.origin)
            .bind::<Text, _>(row.state)
            .bind::<BigInt, _>(row.attempts)
            .bind::<BigInt, _>(row.created_at_us)
            .bind::<BigInt, _>(row.expires_at_us)
            .execute(conn)?;
    }
    Ok(())
}
