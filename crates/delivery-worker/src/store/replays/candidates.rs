//! What a job may send again. Every look goes through a bounded part of one index,
//! however few of its rows are meant.

use std::collections::{HashMap, HashSet};

use ::events::AccountId;
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use crate::domain::delivery::{DeliveryState, Origin};
use crate::domain::webhook::WebhookId;
use crate::store::samples::is_made_up;
use crate::store::schema::{deliveries, event_bodies, events};

/// An event that was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = events)]
pub(crate) struct EventCandidate {
    pub(crate) event_id: Vec<u8>,
    pub(crate) account_id: i64,
    pub(crate) event_type: String,
    pub(crate) component: String,
    pub(crate) record_id: Option<i64>,
    pub(crate) revision: Option<i64>,
    config_version: i64,
    erased_at_us: Option<i64>,
}

impl EventCandidate {
    /// Whether it never came, but was made up for a test request.
    pub(crate) fn is_made_up(&self) -> bool {
        is_made_up(self.config_version)
    }

    /// Whether a person was erased from it.
    pub(crate) fn is_erased(&self) -> bool {
        self.erased_at_us.is_some()
    }
}

/// A delivery of the webhook.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub(crate) struct DeliveryCandidate {
    pub(crate) id: Vec<u8>,
    pub(crate) event_id: Option<Vec<u8>>,
    pub(crate) origin: String,
    pub(crate) state: String,
    pub(crate) event_type: String,
    pub(crate) component: String,
    pub(crate) record_id: Option<i64>,
    pub(crate) revision: Option<i64>,
    pub(crate) due_at_us: i64,
    pub(crate) created_at_us: i64,
    pub(crate) erased_at_us: Option<i64>,
    pub(crate) held_for: Option<String>,
}

/// Events of all accounts behind a place, in the order of their times: they lie
/// together.
pub(crate) fn list_events_behind(
    conn: &mut Connection<'_>,
    after: &[u8],
    before: &[u8],
    limit: i64,
) -> Result<Vec<EventCandidate>, DatabaseError> {
    Ok(on_backend!(conn, |c| events::table
        .filter(events::event_id.gt(after))
        .filter(events::event_id.lt(before))
        .order(events::event_id)
        .limit(limit)
        .select(EventCandidate::as_select())
        .load(c))?)
}

/// Deliveries of one webhook behind a place, in the order of their events' times.
pub(crate) fn list_deliveries_behind(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    webhook: WebhookId,
    after: &[u8],
    before: Option<&[u8]>,
    limit: i64,
) -> Result<Vec<DeliveryCandidate>, DatabaseError> {
    Ok(on_backend!(conn, |c| {
        let mut query = deliveries::table
            .filter(deliveries::account_id.eq(account_id.0))
            .filter(deliveries::webhook_id.eq(webhook.0))
            .filter(deliveries::id.gt(after))
            .order(deliveries::id)
            .limit(limit)
            .select(DeliveryCandidate::as_select())
            .into_boxed();
        if let Some(before) = before {
            query = query.filter(deliveries::id.lt(before));
        }
        query.load(c)
    })?)
}

/// These events of the account, as far as they are known.
pub(crate) fn list_events(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    ids: &[&[u8]],
) -> Result<HashMap<Vec<u8>, EventCandidate>, DatabaseError> {
    let rows: Vec<EventCandidate> = on_backend!(conn, |c| events::table
        .filter(events::event_id.eq_any(ids))
        .filter(events::account_id.eq(account_id.0))
        .select(EventCandidate::as_select())
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|row| (row.event_id.clone(), row))
        .collect())
}

/// The bodies of these events, as far as they are kept. From here to the commit
/// nobody erases a person from them or removes them: who erases waits, and then looks
/// for what was queued; who removes passes over them. Whether somebody did before is
/// to be asked in a statement after this one.
pub(crate) fn hold_bodies(
    conn: &mut Connection<'_>,
    ids: &[&[u8]],
) -> Result<HashMap<Vec<u8>, Vec<u8>>, DatabaseError> {
    // The bounds say which parts of a partitioned table to look at.
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else {
        return Ok(HashMap::new());
    };
    let query = || {
        event_bodies::table
            .filter(event_bodies::event_id.eq_any(ids))
            .filter(event_bodies::event_id.ge(*first))
            .filter(event_bodies::event_id.le(*last))
            .order(event_bodies::event_id)
            .select((event_bodies::event_id, event_bodies::body))
    };
    let rows: Vec<(Vec<u8>, Vec<u8>)> = match conn {
        // It has one writer.
        Connection::Sqlite(c) => query().load(*c)?,
        Connection::Postgres(c) => query().for_share().load(*c)?,
    };
    Ok(rows.into_iter().collect())
}

/// What a webhook already has of some events.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownDeliveries {
    /// Events that were queued for it, or that a replay has brought it or is about to. What a
    /// replay did not bring, or what was taken back of one, is missing as before.
    pub(crate) not_missing: HashSet<Vec<u8>>,
    /// Events with one that is still to be sent.
    pub(crate) pending: HashSet<Vec<u8>>,
}

/// What the webhook already has of events between two delivery ids, both included.
pub(crate) fn list_known(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    webhook: WebhookId,
    first: &[u8],
    last: &[u8],
) -> Result<KnownDeliveries, DatabaseError> {
    let rows: Vec<(Option<Vec<u8>>, String, String)> = on_backend!(conn, |c| deliveries::table
        .filter(deliveries::account_id.eq(account_id.0))
        .filter(deliveries::webhook_id.eq(webhook.0))
        .filter(deliveries::id.between(first, last))
        .filter(deliveries::origin.ne(Origin::Test.as_str()))
        .select((deliveries::event_id, deliveries::state, deliveries::origin))
        .load(c))?;
    let mut known = KnownDeliveries::default();
    for (event_id, state, origin) in rows {
        let Some(event_id) = event_id else { continue };
        let is_pending = state == DeliveryState::Pending.as_str();
        if is_pending {
            known.pending.insert(event_id.clone());
        }
        let is_replay = origin == Origin::Replay.as_str();
        if !is_replay || is_pending || state == DeliveryState::Delivered.as_str() {
            known.not_missing.insert(event_id);
        }
    }
    Ok(known)
}

/// A kind of record, and its id.
pub(crate) type RecordName = (String, i64);

/// The latest revisions of these records that the webhook has, or will have.
pub(crate) fn list_newest_revisions(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    webhook: WebhookId,
    records: &HashSet<RecordName>,
    states: &[DeliveryState],
) -> Result<HashMap<RecordName, i64>, DatabaseError> {
    let components: HashSet<&str> = records.iter().map(|(name, _)| name.as_str()).collect();
    let ids: Vec<i64> = records.iter().map(|(_, id)| *id).collect();
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    let mut newest = HashMap::new();
    for component in components {
        let rows: Vec<(Option<i64>, Option<i64>)> = on_backend!(conn, |c| deliveries::table
            .filter(deliveries::account_id.eq(account_id.0))
            .filter(deliveries::component.eq(component))
            .filter(deliveries::record_id.eq_any(&ids))
            .filter(deliveries::webhook_id.eq(webhook.0))
            .filter(deliveries::state.eq_any(&states))
            .group_by(deliveries::record_id)
            .select((
                deliveries::record_id,
                diesel::dsl::max(deliveries::revision)
            ))
            .load(c))?;
        for (record_id, revision) in rows {
            if let (Some(record_id), Some(revision)) = (record_id, revision) {
                newest.insert((component.to_owned(), record_id), revision);
            }
        }
    }
    Ok(newest)
}
