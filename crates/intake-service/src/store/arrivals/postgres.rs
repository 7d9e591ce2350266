//! Arrivals on PostgreSQL: one round trip per table, with a list of values per column.

mod insert;
mod look_up;

pub(super) use insert::{insert_entries, insert_leads};
pub(super) use look_up::look_up;

use database::{DatabaseError, statement};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl};

use super::{Arrival, NextIds};

/// All replicas take them in one order, so that two never wait for each other. A statement of its
/// own: the next one sees what was committed by those that were waited for.
const LOCK: &str = "
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(what, 0) AS key FROM unnest($1) AS what ORDER BY key
) AS keys";

const NEXT_IDS: &str = "
SELECT nextval(pg_get_serial_sequence('intake_requests', 'id')) AS request_id,
    nextval(pg_get_serial_sequence('leads', 'id')) AS lead_id
FROM generate_series(1, $1)";

pub(super) fn lock(conn: &mut PgConnection, arrivals: &[Arrival]) -> Result<(), DatabaseError> {
    let keys: Vec<String> = arrivals.iter().flat_map(keys).collect();
    if !keys.is_empty() {
        statement(LOCK).bind::<Array<Text>, _>(keys).execute(conn)?;
    }
    Ok(())
}

/// Whatever decides about an arrival, by name.
fn keys(arrival: &Arrival) -> impl Iterator<Item = String> {
    let (account, source) = (arrival.source.account_id.0, arrival.source.id.0);
    let draft = arrival.draft();
    let phone = draft
        .and_then(|draft| draft.phone.as_ref()?.e164())
        .map(|phone| format!("phone {account} {phone}"));
    let email = draft
        .and_then(|draft| draft.email.as_ref())
        .map(|email| format!("email {account} {}", email.normalized()));
    let remote_id = draft
        .and_then(|draft| draft.remote_id.as_ref())
        .map(|id| format!("remote_id {source} {}", id.0));
    let fingerprint = arrival
        .fingerprint()
        .map(|print| format!("click {source} {print:02x?}"));
    let replay = arrival
        .replay
        .map(|it| format!("replay {}", it.request_id.0));
    [phone, email, remote_id, fingerprint, replay]
        .into_iter()
        .flatten()
}

#[derive(QueryableByName)]
struct NextId {
    #[diesel(sql_type = BigInt)]
    request_id: i64,
    #[diesel(sql_type = BigInt)]
    lead_id: i64,
}

pub(super) fn next_ids(conn: &mut PgConnection, count: usize) -> Result<NextIds, DatabaseError> {
    let rows: Vec<NextId> = statement(NEXT_IDS)
        .bind::<BigInt, _>(i64::try_from(count).unwrap_or(i64::MAX))
        .load(conn)?;
    let (requests, leads) = rows.iter().map(|row| (row.request_id, row.lead_id)).unzip();
    Ok(NextIds { requests, leads })
}

/// One column of these rows. A parameter per value would make thousands of them.
fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
