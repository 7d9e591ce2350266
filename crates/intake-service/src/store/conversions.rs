//! Conversions on their leads: many in few statements, since they come back as fast as leads come
//! in.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};
use events::{LeadConverted, Timestamp};
use serde_json::{Value, json};

use crate::domain::lead::LeadState;
use crate::store::schema::leads;
use crate::store::unreadable::unreadable;

/// One statement however many leads, of a list per column.
const CONVERT_ALL: &str = "\
UPDATE leads SET state = $1, client_id = new.client_id, order_id = new.order_id, \
 warnings = new.warnings::json, revision = leads.revision + new.revisions, \
 updated_at_us = GREATEST(leads.updated_at_us, $2) \
FROM unnest($3, $4, $5, $6, $7) AS new (id, client_id, order_id, warnings, revisions) \
WHERE leads.id = new.id";

/// What a conversion needs of a lead and changes in it.
#[derive(Debug, Clone)]
pub(crate) struct ConvertedLead {
    pub(crate) id: i64,
    pub(crate) account_id: i64,
    is_converted: bool,
    client_id: Option<i64>,
    order_id: Option<i64>,
    warnings: Vec<String>,
    updated_at_us: i64,
    /// How many changes were noted.
    pub(crate) revisions: i64,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = leads)]
struct Row {
    id: i64,
    account_id: i64,
    state: String,
    client_id: Option<i64>,
    order_id: Option<i64>,
    warnings: Value,
    updated_at_us: i64,
}

impl TryFrom<Row> for ConvertedLead {
    type Error = DatabaseError;

    fn try_from(row: Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            id: row.id,
            account_id: row.account_id,
            is_converted: row.state == LeadState::Converted.as_str(),
            client_id: row.client_id,
            order_id: row.order_id,
            warnings: serde_json::from_value(row.warnings)
                .map_err(|error| unreadable(format!("the warnings of a lead: {error}")))?,
            updated_at_us: row.updated_at_us,
            revisions: 0,
        })
    }
}

impl ConvertedLead {
    /// Notes what it became; nothing changes if that is known.
    pub(crate) fn note(&mut self, converted: &LeadConverted) {
        let (client_id, order_id) = (Some(converted.client_id.0), Some(converted.order_id.0));
        let known = self.warnings.len();
        for warning in &converted.warnings {
            if !self.warnings.contains(warning) {
                self.warnings.push(warning.clone());
            }
        }
        if self.is_converted
            && (self.client_id, self.order_id) == (client_id, order_id)
            && self.warnings.len() == known
        {
            return;
        }
        self.is_converted = true;
        self.client_id = client_id;
        self.order_id = order_id;
        self.revisions += 1;
    }
}

/// Those of the leads that are there, kept from other writers until the transaction ends; locked in
/// order of id, so that two batches do not wait for each other.
pub(crate) fn lock_leads(
    conn: &mut Connection<'_>,
    ids: &[i64],
) -> Result<Vec<ConvertedLead>, DatabaseError> {
    macro_rules! found {
        () => {
            leads::table
                .filter(leads::id.eq_any(ids))
                .filter(leads::deleted_at_us.is_null())
                .order(leads::id)
                .select(Row::as_select())
        };
    }
    let rows: Vec<Row> = match conn {
        Connection::Sqlite(c) => found!().load(*c)?,
        Connection::Postgres(c) => found!().for_update().load(*c)?,
    };
    rows.into_iter().map(ConvertedLead::try_from).collect()
}

/// Writes what was noted on locked leads.
pub(crate) fn write_conversions(
    conn: &mut Connection<'_>,
    changed: &[ConvertedLead],
    now: Timestamp,
) -> Result<(), DatabaseError> {
    match conn {
        Connection::Postgres(c) if changed.len() > 1 => write_at_once(c, changed, now),
        conn => changed.iter().try_for_each(|lead| write(conn, lead, now)),
    }
}

fn write(
    conn: &mut Connection<'_>,
    lead: &ConvertedLead,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let changes = (
        leads::state.eq(LeadState::Converted.as_str()),
        leads::client_id.eq(lead.client_id),
        leads::order_id.eq(lead.order_id),
        leads::warnings.eq(json!(lead.warnings)),
        leads::revision.eq(leads::revision + lead.revisions),
        leads::updated_at_us.eq(now.0.max(lead.updated_at_us)),
    );
    on_backend!(conn, |c| diesel::update(leads::table.find(lead.id))
        .set(changes)
        .execute(c))?;
    Ok(())
}

fn write_at_once(
    conn: &mut PgConnection,
    changed: &[ConvertedLead],
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let ids: Vec<i64> = changed.iter().map(|lead| lead.id).collect();
    let clients: Vec<i64> = changed.iter().filter_map(|lead| lead.client_id).collect();
    let orders: Vec<i64> = changed.iter().filter_map(|lead| lead.order_id).collect();
    let warnings: Vec<String> = changed
        .iter()
        .map(|lead| json!(lead.warnings).to_string())
        .collect();
    let revisions: Vec<i64> = changed.iter().map(|lead| lead.revisions).collect();
    sql_query(CONVERT_ALL)
        .bind::<Text, _>(LeadState::Converted.as_str())
        .bind::<BigInt, _>(now.0)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<BigInt>, _>(clients)
        .bind::<Array<BigInt>, _>(orders)
        .bind::<Array<Text>, _>(warnings)
        .bind::<Array<BigInt>, _>(revisions)
        .execute(conn)?;
    Ok(())
}
