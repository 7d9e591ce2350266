//! Lists of leads.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::AccountId;
use http_api::{PageRequest, TimeRange};

use crate::domain::lead::Lead;
use crate::store::leads::LeadRow;
use crate::store::narrowing::{any_of, page_of};
use crate::store::schema::{leads, sources};

/// Which leads a list shows.
#[derive(Debug, Clone)]
pub(crate) struct LeadList {
    /// In E.164.
    pub(crate) phones: Vec<String>,
    /// As compared.
    pub(crate) emails: Vec<String>,
    pub(crate) states: Vec<&'static str>,
    pub(crate) source_ids: Vec<i64>,
    /// The senders' own ids.
    pub(crate) remote_ids: Vec<String>,
    pub(crate) origin_ids: Vec<i64>,
    pub(crate) client_ids: Vec<i64>,
    pub(crate) order_ids: Vec<i64>,
    pub(crate) created: TimeRange,
    pub(crate) updated: TimeRange,
    pub(crate) page: PageRequest,
}

/// One page of the account's leads, newest first, with one more than the page has if there are
/// more.
pub(crate) fn list_leads(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    list: &LeadList,
) -> Result<Vec<Lead>, DatabaseError> {
    let rows: Vec<LeadRow> = on_backend!(conn, |c| {
        let mut query = leads::table
            .filter(leads::account_id.eq(account_id.0))
            .filter(leads::deleted_at_us.is_null())
            .select(LeadRow::as_select())
            .into_boxed();
        any_of!(query, leads::phone_normalized, list.phones);
        any_of!(query, leads::email_normalized, list.emails);
        any_of!(query, leads::state, list.states);
        any_of!(query, leads::source_id, list.source_ids);
        any_of!(query, leads::origin_id, list.origin_ids);
        any_of!(query, leads::client_id, list.client_ids);
        any_of!(query, leads::order_id, list.order_ids);
        if !list.remote_ids.is_empty() {
            // Remote ids are indexed within their source.
            let sources = sources::table
                .filter(sources::account_id.eq(account_id.0))
                .select(sources::id);
            query = query
                .filter(leads::remote_id.eq_any(list.remote_ids.clone()))
                .filter(leads::source_id.eq_any(sources));
        }
        page_of!(query, leads, list).load(c)
    })?;
    rows.into_iter().map(Lead::try_from).collect()
}
