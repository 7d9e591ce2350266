//! What is kept of one person, and how it goes.

use database::partitions::hold_for_reading;
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, LeadId, PersonErased};
use serde_json::Value;

use crate::store::requests::bodies::{BODIES, UNTIMED, delete_bodies};
use crate::store::schema::{intake_bodies, intake_requests, leads, sources};

/// A request with all that it said.
#[derive(Debug, Clone, Queryable)]
pub(crate) struct KeptRequest {
    pub(crate) id: i64,
    pub(crate) content_type: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) query: Vec<u8>,
    pub(crate) headers: Value,
    pub(crate) body: Vec<u8>,
}

/// Some leads with the person's phone or email, `limit` at most of each.
pub(crate) fn list_leads_of(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    person: &PersonErased,
    limit: i64,
) -> Result<Vec<LeadId>, DatabaseError> {
    // Two queries, since each has its index.
    let mut found: Vec<i64> = Vec::new();
    if let Some(phone) = &person.phone_e164 {
        found.extend(on_backend!(conn, |c| leads::table
            .filter(leads::account_id.eq(account_id.0))
            .filter(leads::phone_normalized.eq(phone))
            .filter(leads::deleted_at_us.is_null())
            .select(leads::id)
            .limit(limit)
            .load::<i64>(c))?);
    }
    if let Some(email) = &person.email_normalized {
        found.extend(on_backend!(conn, |c| leads::table
            .filter(leads::account_id.eq(account_id.0))
            .filter(leads::email_normalized.eq(email))
            .filter(leads::deleted_at_us.is_null())
            .select(leads::id)
            .limit(limit)
            .load::<i64>(c))?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found.into_iter().map(LeadId).collect())
}

/// Some requests of these leads that still have their bodies: the ones that brought them, and those
/// that only repeated them.
pub(crate) fn list_requests_of_leads(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    lead_ids: &[LeadId],
    limit: i64,
) -> Result<Vec<i64>, DatabaseError> {
    hold_for_reading(conn, &BODIES)?;
    let lead_ids: Vec<i64> = lead_ids.iter().map(|id| id.0).collect();
    Ok(on_backend!(conn, |c| intake_requests::table
        .inner_join(intake_bodies::table.on(body_of_request()))
        .filter(intake_requests::account_id.eq(account_id.0))
        .filter(intake_requests::lead_id.eq_any(&lead_ids))
        .select(intake_requests::id)
        .order(intake_requests::id)
        .limit(limit)
        .load(c))?)
}

/// All sources that the account ever had.
pub(crate) fn list_source_ids(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<Vec<i64>, DatabaseError> {
    Ok(on_backend!(conn, |c| sources::table
        .filter(sources::account_id.eq(account_id.0))
        .select(sources::id)
        .order(sources::id)
        .load(c))?)
}

/// The newest request of a source; 0 if there is none.
pub(crate) fn newest_request(
    conn: &mut Connection<'_>,
    source_id: i64,
) -> Result<i64, DatabaseError> {
    let newest: Option<i64> = on_backend!(conn, |c| intake_requests::table
        .filter(intake_requests::source_id.eq(source_id))
        .select(diesel::dsl::max(intake_requests::id))
        .first(c))?;
    Ok(newest.unwrap_or(0))
}

/// Requests of a source after one and through another that still have their bodies, in order.
pub(crate) fn list_kept_requests(
    conn: &mut Connection<'_>,
    source_id: i64,
    after: i64,
    through: i64,
    limit: i64,
) -> Result<Vec<KeptRequest>, DatabaseError> {
    hold_for_reading(conn, &BODIES)?;
    Ok(on_backend!(conn, |c| intake_requests::table
        .inner_join(intake_bodies::table.on(body_of_request()))
        .filter(intake_requests::source_id.eq(source_id))
        .filter(intake_requests::id.gt(after))
        .filter(intake_requests::id.le(through))
        .order(intake_requests::id)
        .limit(limit)
        .select((
            intake_requests::id,
            intake_requests::content_type,
            intake_requests::error,
            intake_bodies::query,
            intake_bodies::headers,
            intake_bodies::body,
        ))
        .load(c))?)
}

/// Removes what these requests said and who sent them; that they came, and what became of them,
/// stays. Answers how many still had something.
pub(crate) fn clear_requests(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    ids: &[i64],
) -> Result<usize, DatabaseError> {
    let cleared: Vec<(i64, i64)> = on_backend!(conn, |c| diesel::update(
        intake_requests::table
            .filter(intake_requests::account_id.eq(account_id.0))
            .filter(intake_requests::id.eq_any(ids))
    )
    .set((
        intake_requests::remote_address.eq(""),
        intake_requests::content_type.eq(None::<&str>),
        intake_requests::error.eq(None::<&str>),
        intake_requests::fingerprint.eq(None::<&[u8]>),
    ))
    .returning((intake_requests::id, intake_requests::received_at_us))
    .get_results(c))?;
    delete_bodies(conn, &cleared)
}

/// Says which body is a request's, and in which partitions it may lie.
#[diesel::dsl::auto_type(no_type_alias)]
fn body_of_request() -> _ {
    let untimed: i64 = UNTIMED;
    let is_of_its_time = intake_bodies::received_at_us
        .eq(intake_requests::received_at_us)
        .or(intake_bodies::received_at_us.eq(untimed));
    intake_bodies::request_id
        .eq(intake_requests::id)
        .and(is_of_its_time)
}
