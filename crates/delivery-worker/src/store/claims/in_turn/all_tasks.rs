//! The deletion of all tasks of an order: one delivery that tells of many records.

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::not;
use diesel::prelude::*;
use events::{Change, Decoded, Event, EventId};

use super::{Candidate, Claim, Decided, LOOK};
use crate::domain::delivery::Origin;
use crate::lane::{Component, RecordKey};
use crate::ordering::{Keeping, RecordNow, SeenRevisions, Turn, turn};
use crate::store::deliveries::{find_event_body, is_pending, not_held_by_a_live_worker};
use crate::store::record_order::list_seen;
use crate::store::schema::deliveries;

/// The deletion of all tasks of an order goes after everything about tasks that
/// waited when it came.
pub(super) fn decide_of_many(
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
        if has_earlier_tasks(conn, claim, &candidate.id)? {
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
    claim: &Claim<'_>,
    id: &[u8],
) -> Result<bool, DatabaseError> {
    let earlier: Option<Vec<u8>> = on_backend!(conn, |c| deliveries::table
        .filter(deliveries::webhook_id.eq(claim.ask.webhook.0))
        .filter(deliveries::component.eq(Component::Task.as_str()))
        .filter(is_pending())
        .filter(deliveries::id.lt(id))
        // Replays are waited for only while they are under way.
        .filter(
            deliveries::origin
                .eq(Origin::Event.as_str())
                .or(not(not_held_by_a_live_worker(claim.now_us)))
        )
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
