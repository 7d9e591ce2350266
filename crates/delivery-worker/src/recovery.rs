//! What delivery workers know of other services' records that those may have lost, once they
//! were set back to a backup (`dealwire recover`).

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::{exists, max};
use diesel::prelude::*;
use events::EventId;
use serde_json::Value;

use crate::audit::read_id;
use crate::store::pipelines::stages_of;
use crate::store::schema::{
    events as events_table, pipelines, record_revisions, webhooks, workers,
};

/// A change that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownChange {
    /// Its event.
    pub event_id: EventId,
    /// Whose it is.
    pub account_id: i64,
    /// What happened to what: `order.edit`, say.
    pub event_type: String,
    /// The kind of record.
    pub component: String,
    /// The record; `None` if it tells of none, or of several.
    pub record_id: Option<i64>,
    /// Its revision.
    pub revision: Option<i64>,
    /// When it happened, microseconds.
    pub occurred_at_us: i64,
}

/// Changes with a number above `seq`, after the event `after`, in order of their ids, `limit` at
/// most. Reads all that is kept once over all calls.
///
/// # Errors
/// Database failures; [`DatabaseError::Refused`] for an id that is none.
pub fn list_changes_beyond(
    conn: &mut Connection<'_>,
    seq: i64,
    after: Option<EventId>,
    limit: i64,
) -> Result<Vec<KnownChange>, DatabaseError> {
    type Row = (Vec<u8>, i64, String, String, Option<i64>, Option<i64>, i64);
    let after: &[u8] = after.as_ref().map_or(&[], |id| id.as_bytes());
    let rows: Vec<Row> = on_backend!(conn, |c| events_table::table
        .filter(events_table::event_id.gt(after))
        .filter(events_table::seq.gt(seq))
        .order(events_table::event_id)
        .limit(limit)
        .select((
            events_table::event_id,
            events_table::account_id,
            events_table::event_type,
            events_table::component,
            events_table::record_id,
            events_table::revision,
            events_table::occurred_at_us,
        ))
        .load(c))?;
    rows.into_iter()
        .map(
            |(id, account_id, event_type, component, record_id, revision, occurred_at_us)| {
                Ok(KnownChange {
                    event_id: read_id(&id)?,
                    account_id,
                    event_type,
                    component,
                    record_id,
                    revision,
                    occurred_at_us,
                })
            },
        )
        .collect()
}

/// The highest number of an event that was taken in; 0 if none was.
///
/// # Errors
/// Database failures.
pub fn highest_seq(conn: &mut Connection<'_>) -> Result<i64, DatabaseError> {
    let highest: Option<i64> = on_backend!(conn, |c| events_table::table
        .select(max(events_table::seq))
        .first(c))?;
    Ok(highest.unwrap_or(0))
}

/// The highest ids of the entity service's records that are known, by the kind of record.
///
/// # Errors
/// Database failures.
pub fn highest_ids(conn: &mut Connection<'_>) -> Result<Vec<(String, i64)>, DatabaseError> {
    let records: Vec<(String, Option<i64>)> = on_backend!(conn, |c| record_revisions::table
        .group_by(record_revisions::component)
        .select((
            record_revisions::component,
            max(record_revisions::record_id)
        ))
        .load(c))?;
    let mut highest: Vec<(String, i64)> = records
        .into_iter()
        .map(|(component, id)| (component, id.unwrap_or(0)))
        .collect();
    let rows: Vec<(i64, Value)> = on_backend!(conn, |c| pipelines::table
        .select((pipelines::id, pipelines::stages))
        .load(c))?;
    for (id, stages) in rows {
        highest.push(("pipeline".to_owned(), id));
        let stages = stages_of(&stages).map(|stage| ("stage".to_owned(), stage.id.0));
        highest.extend(stages);
    }
    let accounts: [Option<i64>; 2] = on_backend!(conn, |c| [
        webhooks::table.select(max(webhooks::account_id)).first(c)?,
        record_revisions::table
            .select(max(record_revisions::account_id))
            .first(c)?,
    ]);
    let accounts = accounts.into_iter().flatten();
    highest.extend(accounts.map(|id| ("account".to_owned(), id)));
    Ok(highest)
}

/// A pipeline as workers were last told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownPipeline {
    /// Whose it is.
    pub account_id: i64,
    /// Its id.
    pub id: i64,
    /// Its revision.
    pub revision: i64,
    /// Whether it was deleted.
    pub is_deleted: bool,
}

/// All pipelines that workers were told of.
///
/// # Errors
/// Database failures.
pub fn list_pipelines(conn: &mut Connection<'_>) -> Result<Vec<KnownPipeline>, DatabaseError> {
    let rows: Vec<(i64, i64, i64, bool)> = on_backend!(conn, |c| pipelines::table
        .select((
            pipelines::account_id,
            pipelines::id,
            pipelines::revision,
            pipelines::deleted,
        ))
        .load(c))?;
    let known = rows
        .into_iter()
        .map(|(account_id, id, revision, is_deleted)| KnownPipeline {
            account_id,
            id,
            revision,
            is_deleted,
        });
    Ok(known.collect())
}

/// The accounts that have webhooks or triggers.
///
/// # Errors
/// Database failures.
pub fn list_accounts(conn: &mut Connection<'_>) -> Result<Vec<i64>, DatabaseError> {
    Ok(on_backend!(conn, |c| webhooks::table
        .select(webhooks::account_id)
        .distinct()
        .load(c))?)
}

/// Does not wait for a revision that a record leaves out: the one after `revision`, which was the
/// last that arrived.
///
/// # Errors
/// Database failures.
pub fn pass_over(
    conn: &mut Connection<'_>,
    account_id: i64,
    component: &str,
    record_id: i64,
    revision: i64,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        record_revisions::table
            .find((account_id, component, record_id))
            .filter(record_revisions::through_revision.eq(revision))
    )
    .set(record_revisions::through_revision.eq(revision + 1))
    .execute(c))?;
    Ok(())
}

/// When the newest event was taken in, microseconds.
///
/// # Errors
/// Database failures.
pub fn last_taken_in(conn: &mut Connection<'_>) -> Result<Option<i64>, DatabaseError> {
    Ok(on_backend!(conn, |c| events_table::table
        .select(max(events_table::received_at_us))
        .first(c))?)
}

/// Whether a worker may be running: its lease has not ended.
///
/// # Errors
/// Database failures.
pub fn is_delivering(conn: &mut Connection<'_>) -> Result<bool, DatabaseError> {
    let now_us = conn.now_us()?;
    let alive = workers::table.filter(workers::lease_until_us.gt(now_us));
    Ok(on_backend!(conn, |c| diesel::select(exists(alive)).get_result(c))?)
}
