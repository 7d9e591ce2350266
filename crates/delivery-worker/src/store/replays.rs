//! Jobs that send again what was sent before, or what never was.

pub(crate) mod candidates;
pub(crate) mod lanes;
pub(crate) mod queue;
pub(crate) mod settle;

use std::collections::{BTreeMap, HashMap, HashSet};

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::count_star;
use diesel::prelude::*;
use events::AccountId;
use http_api::PageRequest;
use serde_json::Value;

use super::schema::{deliveries, replay_lanes, replays, webhooks};
use crate::domain::replay::{ReplayId, ReplayState, Selection};
use crate::domain::webhook::WebhookId;

/// Rows per statement: SQLite bounds the number of values.
const ROWS_PER_INSERT: usize = 500;

/// A job.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = replays)]
pub(crate) struct ReplayRow {
    pub(crate) id: i64,
    pub(crate) account_id: i64,
    pub(crate) webhook_id: Option<i64>,
    selection: Value,
    pub(crate) rate_per_second: Option<i64>,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    totals: Option<Value>,
    pub(crate) created_at_us: i64,
    pub(crate) updated_at_us: i64,
    pub(crate) finished_at_us: Option<i64>,
}

impl ReplayRow {
    /// What was asked for.
    pub(crate) fn selection(&self) -> Result<Selection, DatabaseError> {
        serde_json::from_value(self.selection.clone()).map_err(|error| {
            DatabaseError::Refused(diesel::result::Error::DeserializationError(error.into()))
        })
    }

    /// Where it stands.
    pub(crate) fn state(&self) -> Option<ReplayState> {
        ReplayState::parse(&self.state)
    }

    /// How many deliveries came to which state, if it is over.
    fn totals(&self) -> Option<Totals> {
        serde_json::from_value(self.totals.clone()?).ok()
    }
}

/// A job that is about to be written.
#[derive(Debug, Clone)]
pub(crate) struct NewReplay {
    pub(crate) account_id: AccountId,
    /// Of a replay.
    pub(crate) webhook: Option<WebhookId>,
    pub(crate) selection: Selection,
    pub(crate) rate_per_second: Option<i64>,
    /// Every webhook that it is about.
    pub(crate) lanes: Vec<WebhookId>,
    /// Where it begins to look, with each of them.
    pub(crate) position: Vec<u8>,
}

/// Deliveries by state.
pub(crate) type Totals = BTreeMap<String, i64>;

/// How far a job is with one webhook.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = replay_lanes)]
pub(crate) struct LaneProgress {
    replay_id: i64,
    pub(crate) position: Vec<u8>,
    pub(crate) examined: i64,
    pub(crate) queued: i64,
    pub(crate) skipped: i64,
    pub(crate) next_step_us: Option<i64>,
}

/// A job and how far it is.
#[derive(Debug, Clone)]
pub(crate) struct FoundReplay {
    pub(crate) row: ReplayRow,
    /// With each webhook.
    pub(crate) lanes: Vec<LaneProgress>,
    /// Its deliveries.
    pub(crate) totals: Totals,
}

/// Which jobs a list shows. An empty list of values filters nothing.
#[derive(Debug, Clone)]
pub(crate) struct ReplayList {
    /// Of these webhooks.
    pub(crate) webhook_ids: Vec<i64>,
    /// `replay` or `retry`.
    pub(crate) kinds: Vec<&'static str>,
    /// In these states.
    pub(crate) states: Vec<&'static str>,
    /// Which part of the list.
    pub(crate) page: PageRequest,
}

/// How many jobs of the account are not over.
pub(crate) fn count_open_replays(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| replays::table
        .filter(replays::account_id.eq(account_id.0))
        .filter(replays::finished_at_us.is_null())
        .count()
        .get_result(c))?)
}

/// Writes a job down; workers begin with it when this is committed.
pub(crate) fn insert_replay(
    conn: &mut Connection<'_>,
    new: &NewReplay,
) -> Result<FoundReplay, DatabaseError> {
    let now_us = conn.now_us()?;
    let selection = serde_json::to_value(&new.selection).map_err(|error| {
        DatabaseError::Refused(diesel::result::Error::SerializationError(error.into()))
    })?;
    let row: ReplayRow = on_backend!(conn, |c| diesel::insert_into(replays::table)
        .values((
            replays::account_id.eq(new.account_id.0),
            replays::kind.eq(new.selection.kind()),
            replays::webhook_id.eq(new.webhook.map(|webhook| webhook.0)),
            replays::selection.eq(&selection),
            replays::rate_per_second.eq(new.rate_per_second),
            replays::state.eq(ReplayState::Running.as_str()),
            replays::created_at_us.eq(now_us),
            replays::updated_at_us.eq(now_us),
        ))
        .returning(ReplayRow::as_returning())
        .get_result(c))?;
    let lanes: Vec<_> = new
        .lanes
        .iter()
        .map(|webhook| {
            (
                replay_lanes::replay_id.eq(row.id),
                replay_lanes::webhook_id.eq(webhook.0),
                replay_lanes::position.eq(&new.position),
                replay_lanes::examined.eq(0_i64),
                replay_lanes::queued.eq(0_i64),
                replay_lanes::skipped.eq(0_i64),
                replay_lanes::next_step_us.eq(now_us),
                replay_lanes::last_queued_us.eq(now_us),
            )
        })
        .collect();
    for chunk in lanes.chunks(ROWS_PER_INSERT) {
        on_backend!(conn, |c| diesel::insert_into(replay_lanes::table)
            .values(chunk.to_vec())
            .execute(c))?;
    }
    let mut found = complete(conn, vec![row])?;
    found.pop().ok_or(DatabaseError::NotFound)
}

/// The account's job.
pub(crate) fn find_replay(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: ReplayId,
) -> Result<Option<FoundReplay>, DatabaseError> {
    let row: Option<ReplayRow> = on_backend!(conn, |c| replays::table
        .filter(replays::id.eq(id.0))
        .filter(replays::account_id.eq(account_id.0))
        .select(ReplayRow::as_select())
        .first(c)
        .optional())?;
    Ok(complete(conn, row.into_iter().collect())?.pop())
}

/// The account's jobs, newest first, with one more than the page has if there are
/// more.
pub(crate) fn list_replays(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    list: &ReplayList,
) -> Result<Vec<FoundReplay>, DatabaseError> {
    let rows: Vec<ReplayRow> = on_backend!(conn, |c| {
        let mut query = replays::table
            .filter(replays::account_id.eq(account_id.0))
            .select(ReplayRow::as_select())
            .into_boxed();
        if !list.webhook_ids.is_empty() {
            query = query.filter(
                replays::webhook_id
                    .eq_any(&list.webhook_ids)
                    .assume_not_null(),
            );
        }
        if !list.kinds.is_empty() {
            query = query.filter(replays::kind.eq_any(&list.kinds));
        }
        if !list.states.is_empty() {
            query = query.filter(replays::state.eq_any(&list.states));
        }
        if let Some(before) = list.page.before_id {
            query = query.filter(replays::id.lt(before));
        }
        query
            .order(replays::id.desc())
            .limit(list.page.fetch_limit())
            .load(c)
    })?;
    complete(conn, rows)
}

/// Asks for a job to end; `None` if there is none of the account, `Some(false)` if
/// it is over or was cancelled before.
pub(crate) fn cancel_replay(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: ReplayId,
) -> Result<Option<bool>, DatabaseError> {
    let now_us = conn.now_us()?;
    let open = [ReplayState::Running, ReplayState::Finishing].map(ReplayState::as_str);
    let updated = on_backend!(conn, |c| diesel::update(
        replays::table
            .filter(replays::id.eq(id.0))
            .filter(replays::account_id.eq(account_id.0))
            .filter(replays::state.eq_any(open))
    )
    .set((
        replays::state.eq(ReplayState::Cancelling.as_str()),
        replays::updated_at_us.eq(now_us),
    ))
    .execute(c))?;
    if updated == 1 {
        return Ok(Some(true));
    }
    Ok(find_replay(conn, account_id, id)?.map(|_| false))
}

/// Which of these ids are webhooks or triggers of the account that were not deleted.
pub(crate) fn list_live_webhooks(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    ids: &[i64],
) -> Result<HashSet<i64>, DatabaseError> {
    let found: Vec<i64> = on_backend!(conn, |c| webhooks::table
        .filter(webhooks::account_id.eq(account_id.0))
        .filter(webhooks::deleted_at_us.is_null())
        .filter(webhooks::id.eq_any(ids))
        .select(webhooks::id)
        .load(c))?;
    Ok(found.into_iter().collect())
}

/// The account's webhooks of a kind that have deliveries, or those of them that
/// are named.
pub(crate) fn list_webhooks_with_deliveries(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    ids: &[i64],
    kinds: &[String],
) -> Result<Vec<WebhookId>, DatabaseError> {
    let of_webhook = deliveries::table
        .filter(deliveries::account_id.eq(webhooks::account_id))
        .filter(deliveries::webhook_id.eq(webhooks::id));
    let found: Vec<i64> = on_backend!(conn, |c| {
        let mut query = webhooks::table
            .filter(webhooks::account_id.eq(account_id.0))
            .filter(webhooks::deleted_at_us.is_null())
            .filter(diesel::dsl::exists(of_webhook))
            .order(webhooks::id)
            .select(webhooks::id)
            .into_boxed();
        if !ids.is_empty() {
            query = query.filter(webhooks::id.eq_any(ids));
        }
        if !kinds.is_empty() {
            query = query.filter(webhooks::kind.eq_any(kinds));
        }
        query.load(c)
    })?;
    Ok(found.into_iter().map(WebhookId).collect())
}

/// Adds to jobs how far they are.
fn complete(
    conn: &mut Connection<'_>,
    rows: Vec<ReplayRow>,
) -> Result<Vec<FoundReplay>, DatabaseError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let lanes: Vec<LaneProgress> = on_backend!(conn, |c| replay_lanes::table
        .filter(replay_lanes::replay_id.eq_any(&ids))
        .select(LaneProgress::as_select())
        .load(c))?;
    let mut lanes_of: HashMap<i64, Vec<LaneProgress>> = HashMap::new();
    for lane in lanes {
        lanes_of.entry(lane.replay_id).or_default().push(lane);
    }
    let open: Vec<i64> = rows
        .iter()
        .filter(|row| row.finished_at_us.is_none())
        .map(|row| row.id)
        .collect();
    let mut totals_of = count_by_state(conn, &open)?;
    Ok(rows
        .into_iter()
        .map(|row| FoundReplay {
            lanes: lanes_of.remove(&row.id).unwrap_or_default(),
            totals: row
                .totals()
                .or_else(|| totals_of.remove(&row.id))
                .unwrap_or_default(),
            row,
        })
        .collect())
}

/// The deliveries of jobs, by job and state.
fn count_by_state(
    conn: &mut Connection<'_>,
    ids: &[i64],
) -> Result<HashMap<i64, Totals>, DatabaseError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let counted: Vec<(i64, String, i64)> = on_backend!(conn, |c| deliveries::table
        .filter(deliveries::replay_id.assume_not_null().eq_any(ids))
        .group_by((deliveries::replay_id, deliveries::state))
        .select((
            deliveries::replay_id.assume_not_null(),
            deliveries::state,
            count_star(),
        ))
        .load(c))?;
    let mut totals: HashMap<i64, Totals> = HashMap::new();
    for (id, state, count) in counted {
        totals.entry(id).or_default().insert(state, count);
    }
    Ok(totals)
}
