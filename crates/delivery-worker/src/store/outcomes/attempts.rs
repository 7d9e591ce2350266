//! The log of attempts: every request that was made, whatever its delivery's
//! state has become, but for those that its row keeps.

use database::{Connection, DatabaseError, statement};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text};

use crate::record::Outcome;
use crate::store::columns::column;
use crate::store::schema::{attempt_bodies, attempts};

/// Rows per statement: SQLite bounds the number of values.
const ROWS_PER_INSERT: usize = 500;

const ATTEMPTS: &str = "
INSERT INTO attempts (delivery_id, claim_no, number, settings_version, started_at_us,
    duration_us, status, error_kind, error, remote)
SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING";

const BODIES: &str = "
INSERT INTO attempt_bodies (delivery_id, claim_no, request_head, request_body, response_head,
    response_body, response_complete)
SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING";

#[derive(Insertable)]
#[diesel(table_name = attempts, treat_none_as_default_value = false)]
struct NewAttempt<'a> {
    delivery_id: &'a [u8],
    claim_no: i64,
    number: i64,
    settings_version: i64,
    started_at_us: i64,
    duration_us: i64,
    status: Option<i64>,
    error_kind: Option<&'a str>,
    error: Option<&'a str>,
    remote: Option<&'a str>,
}

#[derive(Insertable)]
#[diesel(table_name = attempt_bodies, treat_none_as_default_value = false)]
struct NewAttemptBody<'a> {
    delivery_id: &'a [u8],
    claim_no: i64,
    request_head: Vec<u8>,
    request_body: &'a [u8],
    response_head: Option<&'a [u8]>,
    response_body: Option<&'a [u8]>,
    response_complete: bool,
}

/// Keeps every attempt, whatever its delivery's state has become.
pub(crate) fn insert_attempts(
    conn: &mut Connection<'_>,
    outcomes: &[&Outcome],
) -> Result<(), DatabaseError> {
    let rows: Vec<NewAttempt<'_>> = outcomes
        .iter()
        .filter_map(|outcome| {
            let log = outcome.log.as_ref()?;
            Some(NewAttempt {
                delivery_id: outcome.delivery.as_bytes(),
                claim_no: outcome.claim_no,
                number: log.number,
                settings_version: log.settings_version,
                started_at_us: log.started_at.0,
                duration_us: log.duration_us,
                status: log.status,
                error_kind: log.error_kind,
                error: log.error.as_deref(),
                remote: log.remote.as_deref(),
            })
        })
        .collect();
    match conn {
        Connection::Postgres(c) => attempts_at_once(c, &rows),
        Connection::Sqlite(c) => {
            for chunk in rows.chunks(ROWS_PER_INSERT) {
                diesel::insert_into(attempts::table)
                    .values(chunk)
                    .on_conflict_do_nothing()
                    .execute(*c)?;
            }
            Ok(())
        }
    }
}

/// Keeps what was sent and received.
pub(crate) fn insert_attempt_bodies(
    conn: &mut Connection<'_>,
    outcomes: &[&Outcome],
) -> Result<(), DatabaseError> {
    let rows: Vec<NewAttemptBody<'_>> = outcomes
        .iter()
        .filter_map(|outcome| {
            let log = outcome.log.as_ref()?;
            Some(NewAttemptBody {
                delivery_id: outcome.delivery.as_bytes(),
                claim_no: outcome.claim_no,
                request_head: log.request.logged_head().into_bytes(),
                request_body: log.request.body(),
                response_head: log.response.as_ref().map(|answer| answer.head.as_slice()),
                response_body: log.response.as_ref().map(|answer| &*answer.body),
                response_complete: log
                    .response
                    .as_ref()
                    .is_some_and(|answer| answer.is_complete),
            })
        })
        .collect();
    match conn {
        Connection::Postgres(c) => bodies_at_once(c, &rows),
        Connection::Sqlite(c) => {
            for chunk in rows.chunks(ROWS_PER_INSERT) {
                diesel::insert_into(attempt_bodies::table)
                    .values(chunk)
                    .on_conflict_do_nothing()
                    .execute(*c)?;
            }
            Ok(())
        }
    }
}

fn attempts_at_once(conn: &mut PgConnection, rows: &[NewAttempt<'_>]) -> Result<(), DatabaseError> {
    if rows.is_empty() {
        return Ok(());
    }
    statement(ATTEMPTS)
        .bind::<Array<Binary>, _>(column(rows, |row| row.delivery_id))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.claim_no))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.number))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.settings_version))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.started_at_us))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.duration_us))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.status))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.error_kind))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.error))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.remote))
        .execute(conn)?;
    Ok(())
}

fn bodies_at_once(
    conn: &mut PgConnection,
    rows: &[NewAttemptBody<'_>],
) -> Result<(), DatabaseError> {
    if rows.is_empty() {
        return Ok(());
    }
    statement(BODIES)
        .bind::<Array<Binary>, _>(column(rows, |row| row.delivery_id))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.claim_no))
        .bind::<Array<Binary>, _>(column(rows, |row| row.request_head.as_slice()))
        .bind::<Array<Binary>, _>(column(rows, |row| row.request_body))
        .bind::<Array<Nullable<Binary>>, _>(column(rows, |row| row.response_head))
        .bind::<Array<Nullable<Binary>>, _>(column(rows, |row| row.response_body))
        .bind::<Array<Bool>, _>(column(rows, |row| row.response_complete))
        .execute(conn)?;
    Ok(())
}
