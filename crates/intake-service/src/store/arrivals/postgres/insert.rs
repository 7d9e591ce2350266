//! Writing a batch to PostgreSQL.

use database::{DatabaseError, statement};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Json, Nullable, Text};
use events::AccountId;
use serde_json::Value;

use super::column;
use crate::domain::lead::Lead;
use crate::store::arrivals::Entry;
use crate::store::schema::intake_requests;

const REQUESTS: &str = "
INSERT INTO intake_requests (id, account_id, source_id, received_at_us, method, remote_address,
    content_type, body_bytes, outcome, status, error, lead_id, fingerprint, correlation_id)
SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

const BODIES: &str = "
INSERT INTO intake_bodies (request_id, received_at_us, query, headers, body)
SELECT * FROM unnest($1, $2, $3, $4, $5)";

const LEADS: &str = "
INSERT INTO leads (id, account_id, source_id, request_id, state, first_id, other_count, name,
    phone, phone_digits, phone_normalized, email, email_normalized, owner_id, origin_id, remote_id,
    office_id, city_id, stage_id, cost, marks, extra, warnings, created_at_us, updated_at_us,
    revision)
SELECT *, 1 FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
    $17, $18, $19, $20, $21, $22, $23, $24, $24)";

pub(in crate::store::arrivals) fn insert_entries(
    conn: &mut PgConnection,
    entries: &[Entry<'_>],
) -> Result<(), DatabaseError> {
    let (replayed, new): (Vec<&Entry<'_>>, Vec<&Entry<'_>>) = entries
        .iter()
        .partition(|entry| entry.arrival.replay.is_some());
    for entry in replayed {
        update_entry(conn, entry)?;
    }
    if !new.is_empty() {
        insert_requests(conn, &new)?;
        insert_bodies(conn, &new)?;
    }
    Ok(())
}

fn insert_requests(conn: &mut PgConnection, rows: &[&Entry<'_>]) -> Result<(), DatabaseError> {
    statement(REQUESTS)
        .bind::<Array<BigInt>, _>(column(rows, |row| row.request_id))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.arrival.source.account_id.0))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.arrival.source.id.0))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.arrival.request.received_at.0))
        .bind::<Array<Text>, _>(column(rows, |row| &row.arrival.request.method))
        .bind::<Array<Text>, _>(column(rows, |row| &row.arrival.request.remote_address))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |row| {
            row.arrival.request.content_type.as_deref()
        }))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.arrival.request.body_bytes))
        .bind::<Array<Text>, _>(column(rows, |row| row.outcome.as_str()))
        .bind::<Array<BigInt>, _>(column(rows, |row| i64::from(row.status)))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.error))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.lead_id))
        .bind::<Array<Nullable<Binary>>, _>(column(rows, |row| {
            row.arrival.fingerprint().map(|print| &print[..])
        }))
        .bind::<Array<Text>, _>(column(rows, |row| &row.arrival.request.correlation_id))
        .execute(conn)?;
    Ok(())
}

fn insert_bodies(conn: &mut PgConnection, rows: &[&Entry<'_>]) -> Result<(), DatabaseError> {
    statement(BODIES)
        .bind::<Array<BigInt>, _>(column(rows, |row| row.request_id))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.arrival.request.received_at.0))
        .bind::<Array<Binary>, _>(column(rows, |row| &row.arrival.request.query))
        .bind::<Array<Json>, _>(column(rows, |row| &row.arrival.request.headers))
        .bind::<Array<Binary>, _>(column(rows, |row| &row.arrival.request.body))
        .execute(conn)?;
    Ok(())
}

/// A request that has its lead keeps it.
fn update_entry(conn: &mut PgConnection, entry: &Entry<'_>) -> Result<(), DatabaseError> {
    diesel::update(
        intake_requests::table
            .find(entry.request_id)
            .filter(intake_requests::lead_id.is_null()),
    )
    .set((
        intake_requests::outcome.eq(entry.outcome.as_str()),
        intake_requests::status.eq(i64::from(entry.status)),
        intake_requests::error.eq(entry.error),
        intake_requests::lead_id.eq(entry.lead_id),
        intake_requests::replayed_at_us.eq(entry.replayed_at_us),
    ))
    .execute(conn)?;
    Ok(())
}

pub(in crate::store::arrivals) fn insert_leads(
    conn: &mut PgConnection,
    rows: &[(AccountId, &Lead)],
) -> Result<(), DatabaseError> {
    if rows.is_empty() {
        return Ok(());
    }
    let lead = |row: &'_ (AccountId, &Lead)| row.1.id.0;
    statement(LEADS)
        .bind::<Array<BigInt>, _>(column(rows, lead))
        .bind::<Array<BigInt>, _>(column(rows, |(account, _)| account.0))
        .bind::<Array<BigInt>, _>(column(rows, |(_, lead)| lead.source_id.0))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |(_, lead)| lead.request_id))
        .bind::<Array<Text>, _>(column(rows, |(_, lead)| lead.state.as_str()))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |(_, lead)| lead.first_id.map(|id| id.0)))
        .bind::<Array<BigInt>, _>(column(rows, |(_, lead)| lead.other_count))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |(_, lead)| lead.name.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |(_, lead)| lead.phone.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |(_, lead)| lead.phone_digits.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |(_, it)| it.phone_normalized.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |(_, lead)| lead.email.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |(_, it)| it.email_normalized.as_deref()))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |(_, lead)| lead.owner_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |(_, lead)| lead.origin_id))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |(_, lead)| {
            lead.remote_id.as_ref().map(|id| id.0.as_str())
        }))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |(_, lead)| lead.office_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |(_, lead)| lead.city_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |(_, lead)| lead.stage_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |(_, lead)| lead.cost))
        .bind::<Array<Json>, _>(column(rows, |(_, lead)| lead.marks.to_json()))
        .bind::<Array<Json>, _>(column(rows, |(_, lead)| Value::Object(lead.extra.clone())))
        .bind::<Array<Json>, _>(column(rows, |(_, lead)| warnings(lead)))
        .bind::<Array<BigInt>, _>(column(rows, |(_, lead)| lead.created_at.0))
        .execute(conn)?;
    Ok(())
}

fn warnings(lead: &Lead) -> Value {
    lead.warnings.iter().map(String::as_str).collect()
}
