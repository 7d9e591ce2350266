//! Claims for webhooks that want a record's changes in order, or the latest of
//! them only: each delivery that is due is judged among those of its record.
//!
//! What does not go now is put aside until what it waits for is over, so that no
//! number of them makes a claim longer.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::RangeInclusive;

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::min;
use diesel::prelude::*;
use events::{AccountId, Change, Decoded, Event, EventId};

use super::{Claimed, ClaimedRow, find_next_due, sort_by_due, take};
use crate::domain::delivery::{DeliveryId, DeliveryState, Origin, TIME_BYTES};
use crate::domain::webhook::WebhookId;
use crate::lane::{Ask, Component, RecordKey};
use crate::ordering::{
    HeldFor, Keeping, Patience, RecordNow, SeenRevisions, Turn, WHEN_FREED_US, Waiter, turn,
};
use crate::store::deliveries::{find_event_body, is_pending, not_held_by_a_live_worker};
use crate::store::record_order::{free_after, keep_latest, list_delivered, list_seen, pass_gap};
use crate::store::schema::deliveries;

/// How many deliveries one look judges.
const LOOK: usize = 256;
/// How often a claim looks; after that others have their turn.
const MAX_LOOKS: usize = 8;
/// How much older than a delivery a newer change's may be by its id: clocks of
/// several services make ids.
const ID_SKEW_MS: u64 = 60_000;

/// A lane whose deliveries wait for each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeptLane {
    pub(crate) account: AccountId,
    pub(crate) keeping: Keeping,
}

/// Revisions that did not come in time.
#[derive(Debug, Clone)]
pub(crate) struct PassedGap {
    pub(crate) webhook: WebhookId,
    pub(crate) record: RecordKey,
    /// What is missing.
    pub(crate) missing: Vec<RangeInclusive<i64>>,
}

/// One claim for one lane.
pub(super) struct Claim<'a> {
    pub(super) worker: &'a [u8],
    pub(super) ask: Ask,
    pub(super) lane: KeptLane,
    pub(super) patience: Patience,
    pub(super) now_us: i64,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct Candidate {
    id: Vec<u8>,
    event_id: Option<Vec<u8>>,
    origin: String,
    component: String,
    record_id: Option<i64>,
    revision: Option<i64>,
    claim_no: i64,
    created_at_us: i64,
}

impl Candidate {
    fn record(&self) -> Option<RecordKey> {
        let component = Component::parse(&self.component)?;
        self.record_id.map(|id| RecordKey { component, id })
    }

    fn waiter(&self, revision: i64) -> Waiter {
        Waiter {
            revision,
            created_at_us: self.created_at_us,
            is_new: self.claim_no == 0 && self.origin == Origin::Event.as_str(),
        }
    }
}

/// What a look decided.
#[derive(Debug, Default)]
struct Decided {
    go: Vec<Vec<u8>>,
    held_for_record: Vec<Vec<u8>>,
    /// By when they are looked at again.
    held_for_gap: BTreeMap<i64, Vec<Vec<u8>>>,
    /// With the newer revision that was delivered.
    late: Vec<(Vec<u8>, i64)>,
    gaps: Vec<PassedGap>,
}

impl Decided {
    fn hold_for_gap(&mut self, id: Vec<u8>, until_us: i64) {
        self.held_for_gap.entry(until_us).or_default().push(id);
    }

    fn pass(
        &mut self,
        conn: &mut Connection<'_>,
        claim: &Claim<'_>,
        record: RecordKey,
        revision: i64,
    ) -> Result<(), DatabaseError> {
        let missing = pass_gap(conn, claim.lane.account, record, revision)?;
        if !missing.is_empty() {
            let webhook = claim.ask.webhook;
            self.gaps.push(PassedGap {
                webhook,
                record,
                missing,
            });
        }
        Ok(())
    }
}

/// Claims what has its turn, at most as many as were asked for.
pub(super) fn claim(
    conn: &mut Connection<'_>,
    claim: &Claim<'_>,
) -> Result<Claimed, DatabaseError> {
    let mut rows: Vec<ClaimedRow> = Vec::new();
    let mut gaps = Vec::new();
    let mut is_all = false;
    for _ in 0..MAX_LOOKS {
        let candidates = list_candidates(conn, claim)?;
        let decided = decide(conn, claim, &candidates, claim.ask.limit - rows.len())?;
        let freed = put_aside(conn, &decided, claim.now_us)?;
        rows.extend(take(conn, claim.worker, &decided.go, claim.now_us)?);
        gaps.extend(decided.gaps);
        is_all = candidates.len() < LOOK && !freed;
        if is_all || rows.len() >= claim.ask.limit {
            break;
        }
    }
    sort_by_due(&mut rows);
    let next_due_us = if is_all {
        find_next_due(conn, claim.ask.webhook, claim.now_us)?
    } else {
        Some(claim.now_us)
    };
    Ok(Claimed {
        ask: claim.ask,
        rows,
        next_due_us,
        gaps,
    })
}

/// What is due, with no two of a record where only the latest is wanted.
fn list_candidates(
    conn: &mut Connection<'_>,
    claim: &Claim<'_>,
) -> Result<Vec<Candidate>, DatabaseError> {
    let candidates = list_due(conn, claim)?;
    if claim.lane.keeping == Keeping::InOrder {
        return Ok(candidates);
    }
    keep_latest(
        conn,
        claim.ask.webhook,
        &records_of(&candidates),
        claim.now_us,
    )?;
    list_due(conn, claim)
}

fn records_of(candidates: &[Candidate]) -> Vec<RecordKey> {
    let mut records: Vec<RecordKey> = candidates.iter().filter_map(Candidate::record).collect();
    records.sort_unstable();
    records.dedup();
    records
}

fn list_due(conn: &mut Connection<'_>, claim: &Claim<'_>) -> Result<Vec<Candidate>, DatabaseError> {
    let limit = i64::try_from(LOOK).unwrap_or(i64::MAX);
    Ok(on_backend!(conn, |c| deliveries::table
        .filter(deliveries::webhook_id.eq(claim.ask.webhook.0))
        .filter(is_pending())
        .filter(deliveries::due_at_us.le(claim.now_us))
        .filter(not_held_by_a_live_worker(claim.now_us))
        .order(deliveries::due_at_us)
        .limit(limit)
        .select(Candidate::as_select())
        .load(c))?)
}

/// Judges what is due, in its order, until so many go.
fn decide(
    conn: &mut Connection<'_>,
    claim: &Claim<'_>,
    candidates: &[Candidate],
    room: usize,
) -> Result<Decided, DatabaseError> {
    let mut records = read_records(conn, claim, candidates)?;
    let mut decided = Decided::default();
    for candidate in candidates {
        if decided.go.len() >= room {
            break;
        }
        let id = candidate.id.clone();
        let (Some(key), Some(revision)) = (candidate.record(), candidate.revision) else {
            decide_of_many(conn, claim, candidate, &mut decided)?;
            continue;
        };
        let record = records.entry(key).or_default();
        let waiter = candidate.waiter(revision);
        match turn(waiter, record, claim.patience, claim.now_us) {
            Turn::Late { after } => decided.late.push((id, after)),
            Turn::Behind => decided.held_for_record.push(id),
            Turn::Gap { until_us } => decided.hold_for_gap(id, until_us),
            verdict @ (Turn::Now | Turn::PassingGap) => {
                if verdict == Turn::PassingGap {
                    decided.pass(conn, claim, key, revision)?;
                }
                record.is_busy = true;
                decided.go.push(id);
            }
        }
    }
    Ok(decided)
}

/// The deletion of all tasks of an order goes after everything about tasks that
/// waited when it came.
fn decide_of_many(
    conn: &mut Connection<'_>,
    claim: &Claim<'_>,
    candidate: &Candidate,
    decided: &mut Decided,
) -> Result<(), DatabaseError> {
    let id = candidate.id.clone();
    if claim.lane.keeping == Keeping::InOrder
        && candidate.component == Component::Task.as_str()
        && candidate.waiter(0).is_new
    {
        if has_earlier_tasks(conn, claim.ask.webhook, &candidate.id)? {
            decided.held_for_record.push(id);
            return Ok(());
        }
        for (task, revision, seen) in list_unseen_tasks(conn, claim, candidate)? {
            let record = RecordNow {
                seen: Some(seen),
                ..RecordNow::default()
            };
            match turn(
                candidate.waiter(revision),
                &record,
                claim.patience,
                claim.now_us,
            ) {
                Turn::Gap { until_us } => {
                    decided.hold_for_gap(id, until_us);
                    return Ok(());
                }
                Turn::PassingGap => decided.pass(conn, claim, task, revision)?,
                Turn::Now | Turn::Behind | Turn::Late { .. } => {}
            }
        }
    }
    decided.go.push(id);
    Ok(())
}

fn has_earlier_tasks(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    id: &[u8],
) -> Result<bool, DatabaseError> {
    let earlier: Option<Vec<u8>> = on_backend!(conn, |c| deliveries::table
        .filter(deliveries::webhook_id.eq(webhook.0))
        .filter(deliveries::component.eq(Component::Task.as_str()))
        .filter(is_pending())
        .filter(deliveries::id.lt(id))
        .select(deliveries::id)
        .first(c)
        .optional())?;
    Ok(earlier.is_some())
}

/// Those of the tasks that went with an order of which changes are missing.
fn list_unseen_tasks(
    conn: &mut Connection<'_>,
    claim: &Claim<'_>,
    candidate: &Candidate,
) -> Result<Vec<(RecordKey, i64, SeenRevisions)>, DatabaseError> {
    let Some(event) = candidate.event_id.as_deref().and_then(EventId::from_bytes) else {
        return Ok(Vec::new());
    };
    let body = find_event_body(conn, event)?;
    // What cannot be read fails when it is sent.
    let Some(Ok(Decoded::Event(event))) = body.map(|body| Event::decode(&body)) else {
        return Ok(Vec::new());
    };
    let Change::TasksOfOrderDeleted(deletion) = event.change else {
        return Ok(Vec::new());
    };
    let revisions: HashMap<RecordKey, i64> = deletion
        .tasks
        .iter()
        .map(|task| {
            let component = Component::Task;
            let id = task.id.0;
            (RecordKey { component, id }, task.revision)
        })
        .collect();
    let tasks: Vec<RecordKey> = revisions.keys().copied().collect();
    let mut unseen = Vec::new();
    for part in tasks.chunks(LOOK) {
        let seen = list_seen(conn, claim.lane.account, part)?.into_iter();
        unseen.extend(seen.filter_map(|(task, seen)| {
            let revision = *revisions.get(&task)?;
            (!seen.has_all_before(revision)).then_some((task, revision, seen))
        }));
    }
    Ok(unseen)
}

/// What is known of the records of these deliveries.
///
/// The revisions come first: a delivery that came with one of them is there when
/// the deliveries are looked at.
fn read_records(
    conn: &mut Connection<'_>,
    claim: &Claim<'_>,
    candidates: &[Candidate],
) -> Result<HashMap<RecordKey, RecordNow>, DatabaseError> {
    let keys = records_of(candidates);
    let mut records: HashMap<RecordKey, RecordNow> = HashMap::with_capacity(keys.len());
    if keys.is_empty() {
        return Ok(records);
    }
    if claim.lane.keeping == Keeping::InOrder {
        for (key, seen) in list_seen(conn, claim.lane.account, &keys)? {
            records.entry(key).or_default().seen = Some(seen);
        }
    }
    let webhook = claim.ask.webhook;
    for (key, first) in list_first(conn, webhook, &keys)? {
        records.entry(key).or_default().first = Some(first);
    }
    for key in list_busy(conn, webhook, &keys, claim.now_us)? {
        records.entry(key).or_default().is_busy = true;
    }
    let new = || candidates.iter().filter(|it| it.waiter(0).is_new);
    let oldest = new().map(|it| it.id.as_slice()).min();
    let new: HashSet<RecordKey> = new().filter_map(Candidate::record).collect();
    let new: Vec<RecordKey> = new.into_iter().collect();
    let since = oldest.and_then(DeliveryId::from_bytes).map(before_skew);
    for (key, revision) in list_delivered(conn, claim.lane.account, webhook, &new, since)? {
        records.entry(key).or_default().delivered = Some(revision);
    }
    Ok(records)
}

/// The least id that a delivery of a newer change can have.
fn before_skew(id: DeliveryId) -> DeliveryId {
    let mut since = id.0.as_u128() >> (128 - 8 * TIME_BYTES);
    since = since.saturating_sub(ID_SKEW_MS.into());
    DeliveryId(uuid::Uuid::from_u128(since << (128 - 8 * TIME_BYTES)))
}

/// The lowest revision of each record that is not over.
fn list_first(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    keys: &[RecordKey],
) -> Result<Vec<(RecordKey, i64)>, DatabaseError> {
    let ids: Vec<i64> = keys.iter().map(|key| key.id).collect();
    let rows: Vec<(String, Option<i64>, Option<i64>)> = on_backend!(conn, |c| deliveries::table
        .filter(deliveries::webhook_id.eq(webhook.0))
        .filter(deliveries::record_id.eq_any(&ids))
        .filter(is_pending())
        .group_by((deliveries::component, deliveries::record_id))
        .select((
            deliveries::component,
            deliveries::record_id,
            min(deliveries::revision)
        ))
        .load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(component, id, first)| {
            let component = Component::parse(&component)?;
            Some((RecordKey { component, id: id? }, first?))
        })
        .collect())
}

/// The records of which something is under way, here or elsewhere.
fn list_busy(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    keys: &[RecordKey],
    now_us: i64,
) -> Result<Vec<RecordKey>, DatabaseError> {
    let ids: Vec<i64> = keys.iter().map(|key| key.id).collect();
    let rows: Vec<(String, Option<i64>)> = on_backend!(conn, |c| deliveries::table
        .filter(deliveries::webhook_id.eq(webhook.0))
        .filter(deliveries::record_id.eq_any(&ids))
        .filter(is_pending())
        .filter(diesel::dsl::not(not_held_by_a_live_worker(now_us)))
        .select((deliveries::component, deliveries::record_id))
        .load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(component, id)| {
            let component = Component::parse(&component)?;
            Some(RecordKey { component, id: id? })
        })
        .collect())
}

/// Writes down what does not go; returns whether that made others due.
fn put_aside(
    conn: &mut Connection<'_>,
    decided: &Decided,
    now_us: i64,
) -> Result<bool, DatabaseError> {
    hold(
        conn,
        &decided.held_for_record,
        HeldFor::Record,
        WHEN_FREED_US,
    )?;
    for (until_us, ids) in &decided.held_for_gap {
        hold(conn, ids, HeldFor::Gap, *until_us)?;
    }
    for (id, after) in &decided.late {
        let because = format!(
            "it came when the newer revision {after} had been delivered; retry it to send it \
             all the same"
        );
        on_backend!(conn, |c| diesel::update(deliveries::table.find(id))
            .filter(is_pending())
            .set((
                deliveries::state.eq(DeliveryState::Skipped.as_str()),
                deliveries::worker_id.eq(None::<Vec<u8>>),
                deliveries::finished_at_us.eq(now_us),
                deliveries::held_for.eq(None::<String>),
                deliveries::last_error.eq(because),
            ))
            .execute(c))?;
    }
    let late: Vec<DeliveryId> = decided
        .late
        .iter()
        .filter_map(|(id, _)| DeliveryId::from_bytes(id))
        .collect();
    Ok(!free_after(conn, &late, now_us)?.is_empty())
}

fn hold(
    conn: &mut Connection<'_>,
    ids: &[Vec<u8>],
    held_for: HeldFor,
    due_at_us: i64,
) -> Result<(), DatabaseError> {
    if !ids.is_empty() {
        on_backend!(conn, |c| diesel::update(
            deliveries::table.filter(deliveries::id.eq_any(ids))
        )
        .filter(is_pending())
        .set((
            deliveries::due_at_us.eq(due_at_us),
            deliveries::held_for.eq(held_for.as_str()),
        ))
        .execute(c))?;
    }
    Ok(())
}
