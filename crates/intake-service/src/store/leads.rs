//! Rows of leads.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, ClientId, LeadId, OrderId, Timestamp};
use serde_json::{Value, json};

use crate::domain::lead::{Lead, LeadState, Marks, RemoteId};
use crate::domain::source::SourceId;
use crate::store::narrowing::{Lock, one_row};
use crate::store::schema::leads;
use crate::store::unreadable::unreadable;

/// A lead as it lies in its table; [`Lead::try_from`] reads it.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = leads)]
pub(crate) struct LeadRow {
    id: i64,
    source_id: i64,
    request_id: Option<i64>,
    state: String,
    first_id: Option<i64>,
    other_count: i64,
    name: Option<String>,
    phone: Option<String>,
    phone_digits: Option<String>,
    phone_normalized: Option<String>,
    email: Option<String>,
    email_normalized: Option<String>,
    owner_id: Option<i64>,
    origin_id: Option<i64>,
    remote_id: Option<String>,
    office_id: Option<i64>,
    city_id: Option<i64>,
    stage_id: Option<i64>,
    cost: Option<i64>,
    marks: Value,
    extra: Value,
    warnings: Value,
    reject_reason: Option<String>,
    client_id: Option<i64>,
    order_id: Option<i64>,
    revision: i64,
    created_at_us: i64,
    updated_at_us: i64,
}

impl TryFrom<LeadRow> for Lead {
    type Error = DatabaseError;

    fn try_from(row: LeadRow) -> Result<Self, DatabaseError> {
        let state = LeadState::parse(&row.state)
            .ok_or_else(|| unreadable(format!("there is no state {:?} of a lead", row.state)))?;
        let Value::Object(extra) = row.extra else {
            return Err(unreadable("the extra of a lead is no object"));
        };
        Ok(Self {
            id: LeadId(row.id),
            source_id: SourceId(row.source_id),
            request_id: row.request_id,
            state,
            first_id: row.first_id.map(LeadId),
            other_count: row.other_count,
            name: row.name,
            phone: row.phone,
            phone_digits: row.phone_digits,
            phone_normalized: row.phone_normalized,
            email: row.email,
            email_normalized: row.email_normalized,
            owner_id: row.owner_id,
            origin_id: row.origin_id,
            remote_id: row.remote_id.map(RemoteId),
            office_id: row.office_id,
            city_id: row.city_id,
            stage_id: row.stage_id,
            cost: row.cost,
            marks: Marks::from_json(&row.marks),
            extra,
            warnings: read_warnings(row.warnings)?,
            reject_reason: row.reject_reason,
            client_id: row.client_id.map(ClientId),
            order_id: row.order_id.map(OrderId),
            revision: row.revision,
            created_at: Timestamp(row.created_at_us),
            updated_at: Timestamp(row.updated_at_us),
        })
    }
}

fn read_warnings(stored: Value) -> Result<Vec<String>, DatabaseError> {
    serde_json::from_value(stored)
        .map_err(|error| unreadable(format!("the warnings of a lead: {error}")))
}

/// What of a lead is written: all but id, account and time of creation.
#[derive(Debug, Insertable, AsChangeset)]
#[diesel(table_name = leads)]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct LeadColumns<'a> {
    source_id: i64,
    request_id: Option<i64>,
    state: &'static str,
    first_id: Option<i64>,
    other_count: i64,
    name: Option<&'a str>,
    phone: Option<&'a str>,
    phone_digits: Option<&'a str>,
    phone_normalized: Option<&'a str>,
    email: Option<&'a str>,
    email_normalized: Option<&'a str>,
    owner_id: Option<i64>,
    origin_id: Option<i64>,
    remote_id: Option<&'a str>,
    office_id: Option<i64>,
    city_id: Option<i64>,
    stage_id: Option<i64>,
    cost: Option<i64>,
    marks: Value,
    extra: Value,
    warnings: Value,
    reject_reason: Option<&'a str>,
    client_id: Option<i64>,
    order_id: Option<i64>,
    revision: i64,
    updated_at_us: i64,
}

impl<'a> LeadColumns<'a> {
    /// The columns of `lead`.
    pub(crate) fn of(lead: &'a Lead) -> Self {
        Self {
            source_id: lead.source_id.0,
            request_id: lead.request_id,
            state: lead.state.as_str(),
            first_id: lead.first_id.map(|id| id.0),
            other_count: lead.other_count,
            name: lead.name.as_deref(),
            phone: lead.phone.as_deref(),
            phone_digits: lead.phone_digits.as_deref(),
            phone_normalized: lead.phone_normalized.as_deref(),
            email: lead.email.as_deref(),
            email_normalized: lead.email_normalized.as_deref(),
            owner_id: lead.owner_id,
            origin_id: lead.origin_id,
            remote_id: lead.remote_id.as_ref().map(|id| id.0.as_str()),
            office_id: lead.office_id,
            city_id: lead.city_id,
            stage_id: lead.stage_id,
            cost: lead.cost,
            marks: lead.marks.to_json(),
            extra: Value::Object(lead.extra.clone()),
            warnings: lead.warnings.iter().map(String::as_str).collect(),
            reject_reason: lead.reject_reason.as_deref(),
            client_id: lead.client_id.map(|id| id.0),
            order_id: lead.order_id.map(|id| id.0),
            revision: lead.revision,
            updated_at_us: lead.updated_at.0,
        }
    }
}

/// The lead, if it is the account's and not deleted.
pub(crate) fn find_lead(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: LeadId,
    lock: Lock,
) -> Result<Option<Lead>, DatabaseError> {
    let row: Option<LeadRow> = one_row!(
        conn,
        lock,
        leads::table
            .filter(leads::account_id.eq(account_id.0))
            .filter(leads::id.eq(id.0))
            .filter(leads::deleted_at_us.is_null())
            .select(LeadRow::as_select())
    )?;
    row.map(Lead::try_from).transpose()
}

/// Writes all that can change of a lead, its revision and time among it.
pub(crate) fn update_lead(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    lead: &Lead,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        leads::table
            .filter(leads::account_id.eq(account_id.0))
            .filter(leads::id.eq(lead.id.0))
    )
    .set(LeadColumns::of(lead))
    .execute(c))?;
    Ok(())
}

/// Makes tombstones of leads: nothing of the person is left in them. Those that are deleted already
/// stay as they are. Answers how many were not.
pub(crate) fn delete_leads(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    ids: &[LeadId],
    now: Timestamp,
) -> Result<usize, DatabaseError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let none = None::<&str>;
    let contents = (
        leads::name.eq(none),
        leads::phone.eq(none),
        leads::phone_digits.eq(none),
        leads::phone_normalized.eq(none),
        leads::email.eq(none),
        leads::email_normalized.eq(none),
        leads::remote_id.eq(none),
        leads::marks.eq(json!({})),
        leads::extra.eq(json!({})),
        leads::warnings.eq(json!([])),
        leads::reject_reason.eq(none),
    );
    let numbers = (
        leads::cost.eq(None::<i64>),
        leads::revision.eq(leads::revision + 1),
        leads::updated_at_us.eq(now.0),
        leads::deleted_at_us.eq(now.0),
    );
    Ok(on_backend!(conn, |c| diesel::update(
        leads::table
            .filter(leads::account_id.eq(account_id.0))
            .filter(leads::id.eq_any(ids))
            .filter(leads::deleted_at_us.is_null())
    )
    .set((contents, numbers))
    .execute(c))?)
}
