//! Claims for webhooks that want a record's changes in order, or the latest of
//! them only: each delivery that is due is judged among those of its record.
//!
//! What does not go now is put aside until what it waits for is over, so that no
//! number of them makes a claim longer.

mod all_tasks;
mod aside;
mod records;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::AccountId;

use super::{Claimed, ClaimedRow, find_next_due, sort_by_due, take};
use crate::domain::delivery::Origin;
use crate::domain::webhook::WebhookId;
use crate::lane::{Ask, Component, RecordKey};
use crate::ordering::{Keeping, Patience, Turn, Waiter, turn};
use crate::store::deliveries::{is_pending, not_held_by_a_live_worker};
use crate::store::record_order::{keep_latest, pass_gap};
use crate::store::schema::deliveries;
use all_tasks::decide_of_many;
use aside::put_aside;
use records::read_records;

/// How many deliveries one look judges.
const LOOK: usize = 256;
/// How often a claim looks; after that others have their turn.
const MAX_LOOKS: usize = 8;
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

/// A change that came when a newer one had been delivered.
#[derive(Debug, Clone)]
pub(crate) struct LateChange {
    id: Vec<u8>,
    pub(crate) record: RecordKey,
    pub(crate) revision: i64,
    /// The newer one.
    pub(crate) after: i64,
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
        let is_live = self.origin == Origin::Event.as_str();
        Waiter {
            revision,
            created_at_us: self.created_at_us,
            is_live,
            is_new: self.claim_no == 0 && is_live,
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
    late: Vec<LateChange>,
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
        let missing = pass_gap(conn, claim.lane.account, record, revision, claim.now_us)?;
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
    let (mut gaps, mut late) = (Vec::new(), Vec::new());
    let mut is_all = false;
    for _ in 0..MAX_LOOKS {
        let candidates = list_candidates(conn, claim)?;
        let decided = decide(conn, claim, &candidates, claim.ask.limit - rows.len())?;
        let freed = put_aside(conn, &decided, claim.now_us)?;
        rows.extend(take(conn, claim.worker, &decided.go, claim.now_us)?);
        gaps.extend(decided.gaps);
        // Where only the latest is wanted, what is older is no loss.
        if claim.lane.keeping == Keeping::InOrder {
            late.extend(decided.late);
        }
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
        late,
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
            Turn::Late { after } => decided.late.push(LateChange {
                id,
                record: key,
                revision,
                after,
            }),
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
