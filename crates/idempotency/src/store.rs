//! The rows: one per key that an account used.

use actix_web::http::StatusCode;
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use http_api::{ApiError, IdempotencyKey};

use crate::Answer;
use crate::erasure::FORGOTTEN;
use crate::expiry::retention_us;
use crate::schema::idempotency_keys::{self, dsl};

/// A request with a key: what must be the same for it to be a repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Whose key it is.
    pub account_id: i64,
    /// The key.
    pub key: IdempotencyKey,
    /// Method, path and query.
    pub route: String,
    /// SHA-256 of the body as it was sent.
    pub body_sha256: [u8; 32],
}

/// Whether a request is the first with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is: do it, then [`store_answer`].
    First,
    /// It is not: give this answer again.
    Repeat(Answer),
}

#[derive(Insertable)]
#[diesel(table_name = idempotency_keys, treat_none_as_default_value = false)]
struct NewKeyRow<'a> {
    account_id: i64,
    idempotency_key: &'a str,
    route: &'a str,
    body_hash: &'a [u8],
    status: i64,
    location: Option<&'a str>,
    etag: Option<&'a str>,
    body: &'a [u8],
    created_at_us: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
struct KeyRow {
    id: i64,
    route: String,
    body_hash: Vec<u8>,
    status: i64,
    location: Option<String>,
    etag: Option<String>,
    body: Vec<u8>,
    created_at_us: i64,
}

/// Takes the key for this transaction, or finds the answer that was given with it.
///
/// The row is inserted before the work is done: where two processes get the same key at one moment,
/// the second waits here for the first to commit, and then finds its answer.
///
/// # Errors
/// [`ApiError::IdempotencyMismatch`] if the key was used with another request;
/// [`ApiError::Conflict`] if the answer was forgotten; database failures.
pub fn claim_key<E>(conn: &mut Connection<'_>, request: &KeyedRequest) -> Result<Claim, E>
where
    E: From<DatabaseError> + From<ApiError>,
{
    let now_us = conn.now_us()?;
    let row = loop {
        if insert_key(conn, request, now_us)? {
            return Ok(Claim::First);
        }
        match find_key(conn, request)? {
            Some(row) if row.created_at_us < now_us - retention_us() => delete_key(conn, row.id)?,
            Some(row) => break row,
            // It was past its time, and has just been deleted.
            None => {}
        }
    };
    if row.route != request.route || row.body_hash != request.body_sha256 {
        return Err(ApiError::IdempotencyMismatch.into());
    }
    if row.status == FORGOTTEN {
        return Err(ApiError::Conflict {
            detail: forgotten(row.location.as_deref()),
        }
        .into());
    }
    Ok(Claim::Repeat(answer_of(row)?))
}

/// Stores the answer beside the record, in the transaction that made the claim.
///
/// # Errors
/// Database failures.
pub fn store_answer(
    conn: &mut Connection<'_>,
    request: &KeyedRequest,
    answer: &Answer,
) -> Result<(), DatabaseError> {
    let row = dsl::idempotency_keys
        .filter(dsl::account_id.eq(request.account_id))
        .filter(dsl::idempotency_key.eq(request.key.as_str()));
    let changes = (
        dsl::status.eq(i64::from(answer.status.as_u16())),
        dsl::location.eq(answer.location.as_deref()),
        dsl::etag.eq(answer.etag.as_deref()),
        dsl::body.eq(answer.body.as_slice()),
    );
    let updated = on_backend!(conn, |c| diesel::update(row).set(changes).execute(c))?;
    if updated == 1 {
        Ok(())
    } else {
        Err(DatabaseError::NotFound)
    }
}

/// Whether the key was free.
fn insert_key(
    conn: &mut Connection<'_>,
    request: &KeyedRequest,
    now_us: i64,
) -> Result<bool, DatabaseError> {
    let row = NewKeyRow {
        account_id: request.account_id,
        idempotency_key: request.key.as_str(),
        route: &request.route,
        body_hash: &request.body_sha256,
        status: 0,
        location: None,
        etag: None,
        body: &[],
        created_at_us: now_us,
    };
    let inserted = on_backend!(conn, |c| diesel::insert_into(idempotency_keys::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

fn find_key(
    conn: &mut Connection<'_>,
    request: &KeyedRequest,
) -> Result<Option<KeyRow>, DatabaseError> {
    Ok(on_backend!(conn, |c| dsl::idempotency_keys
        .filter(dsl::account_id.eq(request.account_id))
        .filter(dsl::idempotency_key.eq(request.key.as_str()))
        .select(KeyRow::as_select())
        .first(c)
        .optional())?)
}

fn delete_key(conn: &mut Connection<'_>, id: i64) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(dsl::idempotency_keys.find(id))
        .execute(c))?;
    Ok(())
}

/// What a repeat is told: where the answer had an address, the record may still be
/// there.
fn forgotten(location: Option<&str>) -> String {
    let done = "This request was done before, and its answer was erased because it named a person \
                who asked to be forgotten.";
    match location {
        Some(location) => format!("{done} What is left is at {location}."),
        None => done.to_owned(),
    }
}

fn answer_of(row: KeyRow) -> Result<Answer, ApiError> {
    let status = u16::try_from(row.status)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or_else(|| ApiError::internal("a stored answer has no valid status"))?;
    Ok(Answer {
        status,
        location: row.location,
        etag: row.etag,
        body: row.body,
        replayed: true,
    })
}
