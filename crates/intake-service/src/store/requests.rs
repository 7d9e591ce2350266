//! Rows of the journal: requests and, apart, their bodies.

pub(crate) mod bodies;
mod expiry;

pub(crate) use expiry::delete_expired;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::AccountId;
use http_api::{PageRequest, TimeRange};

use crate::domain::request::{Outcome, RequestId};
use crate::domain::source::SourceId;
use crate::store::narrowing::any_of;
use crate::store::schema::intake_requests;

/// A request without its body.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = intake_requests)]
pub(crate) struct RequestRow {
    pub(crate) id: i64,
    pub(crate) source_id: i64,
    pub(crate) received_at_us: i64,
    pub(crate) method: String,
    pub(crate) remote_address: String,
    pub(crate) content_type: Option<String>,
    pub(crate) body_bytes: i64,
    pub(crate) outcome: String,
    pub(crate) status: i64,
    pub(crate) error: Option<String>,
    pub(crate) lead_id: Option<i64>,
    pub(crate) correlation_id: String,
    pub(crate) replayed_at_us: Option<i64>,
}

/// Which requests a list shows.
#[derive(Debug, Clone)]
pub(crate) struct RequestList {
    /// Of any of these; empty: of all.
    pub(crate) outcomes: Vec<&'static str>,
    pub(crate) received: TimeRange,
    pub(crate) page: PageRequest,
}

/// One page of the source's requests, newest first, with one more than the page has if there are
/// more.
pub(crate) fn list_requests(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    source_id: SourceId,
    list: &RequestList,
) -> Result<Vec<RequestRow>, DatabaseError> {
    Ok(on_backend!(conn, |c| {
        let mut query = intake_requests::table
            .filter(intake_requests::account_id.eq(account_id.0))
            .filter(intake_requests::source_id.eq(source_id.0))
            .select(RequestRow::as_select())
            .into_boxed();
        any_of!(query, intake_requests::outcome, list.outcomes);
        if let Some(from) = list.received.from_micros {
            query = query.filter(intake_requests::received_at_us.ge(from));
        }
        if let Some(to) = list.received.to_micros {
            query = query.filter(intake_requests::received_at_us.lt(to));
        }
        if let Some(before_id) = list.page.before_id {
            query = query.filter(intake_requests::id.lt(before_id));
        }
        query
            .order(intake_requests::id.desc())
            .limit(list.page.fetch_limit())
            .load(c)
    })?)
}

/// The request, if it is the account's.
pub(crate) fn find_request(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: RequestId,
) -> Result<Option<RequestRow>, DatabaseError> {
    Ok(on_backend!(conn, |c| intake_requests::table
        .filter(intake_requests::account_id.eq(account_id.0))
        .filter(intake_requests::id.eq(id.0))
        .select(RequestRow::as_select())
        .first(c)
        .optional())?)
}

/// Names of outcomes, for filters.
pub(crate) fn outcome_names() -> [(&'static str, &'static str); 13] {
    Outcome::ALL.map(|outcome| (outcome.as_str(), outcome.as_str()))
}
