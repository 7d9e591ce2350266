//! What comes in, written in batches: requests, bodies and leads.

mod postgres;
mod sqlite;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::AccountId;

use crate::domain::lead::Lead;
use crate::domain::request::Outcome;
use crate::store::leads::LeadRow;
use crate::store::schema::leads;
use crate::taking::{Arrival, Found};

/// What the journal shall say of one arrival.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) arrival: &'a Arrival,
    /// The id of the entry, which is there already if this is a replay.
    pub(crate) request_id: i64,
    pub(crate) outcome: Outcome,
    /// As answered.
    pub(crate) status: u16,
    pub(crate) error: Option<&'a str>,
    pub(crate) lead_id: Option<i64>,
    /// When it was read again, if that came to an end.
    pub(crate) replayed_at_us: Option<i64>,
}

/// Ids that rows of a batch may have, one of each per arrival, rising.
#[derive(Debug)]
pub(crate) struct NextIds {
    pub(crate) requests: Vec<i64>,
    pub(crate) leads: Vec<i64>,
}

/// Keeps other writers away from whatever decides about these arrivals until the transaction ends:
/// their contacts, remote ids and fingerprints. SQLite has one writer anyway.
pub(crate) fn lock(conn: &mut Connection<'_>, arrivals: &[Arrival]) -> Result<(), DatabaseError> {
    match conn {
        Connection::Sqlite(_) => Ok(()),
        Connection::Postgres(c) => postgres::lock(c, arrivals),
    }
}

/// What the tables say about each arrival.
pub(crate) fn look_up(
    conn: &mut Connection<'_>,
    arrivals: &[Arrival],
) -> Result<Vec<Found>, DatabaseError> {
    match conn {
        Connection::Sqlite(c) => arrivals.iter().map(|one| sqlite::look_up(c, one)).collect(),
        Connection::Postgres(c) => postgres::look_up(c, arrivals),
    }
}

/// Ids for `count` arrivals; those of PostgreSQL are used up whether rows get them or not.
pub(crate) fn next_ids(conn: &mut Connection<'_>, count: usize) -> Result<NextIds, DatabaseError> {
    match conn {
        Connection::Sqlite(c) => sqlite::next_ids(c, count),
        Connection::Postgres(c) => postgres::next_ids(c, count),
    }
}

/// Writes the journal's entries, with their bodies unless they have them.
pub(crate) fn insert_entries(
    conn: &mut Connection<'_>,
    entries: &[Entry<'_>],
) -> Result<(), DatabaseError> {
    match conn {
        Connection::Sqlite(c) => sqlite::insert_entries(c, entries),
        Connection::Postgres(c) => postgres::insert_entries(c, entries),
    }
}

/// Adds leads with the ids that they have.
pub(crate) fn insert_leads(
    conn: &mut Connection<'_>,
    rows: &[(AccountId, &Lead)],
) -> Result<(), DatabaseError> {
    match conn {
        Connection::Sqlite(c) => sqlite::insert_leads(c, rows),
        Connection::Postgres(c) => postgres::insert_leads(c, rows),
    }
}

/// Leads by id and lead.
pub(crate) fn list_leads(
    conn: &mut Connection<'_>,
    ids: &[i64],
) -> Result<Vec<(i64, Lead)>, DatabaseError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<LeadRow> = on_backend!(conn, |c| leads::table
        .filter(leads::id.eq_any(ids))
        .select(LeadRow::as_select())
        .load(c))?;
    rows.into_iter()
        .map(|row| Lead::try_from(row).map(|lead| (lead.id.0, lead)))
        .collect()
}

/// From when on the same request would have been the first click.
fn first_click_since(arrival: &Arrival) -> i64 {
    let window_us = i64::from(arrival.source.preset.double_click_seconds) * 1_000_000;
    arrival.request.received_at.0.saturating_sub(window_us)
}
