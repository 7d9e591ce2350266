//! Retrying: deliveries that are there, under their own ids.

use std::collections::HashSet;

use ::events::EventId;
use database::{Connection, DatabaseError};

use super::order::Revisions;
use super::{LOOKED_AT, Looked, Terms};
use crate::domain::delivery::{DeliveryId, DeliveryState, Origin};
use crate::domain::replay::RetrySelection;
use crate::store::replays::candidates::{DeliveryCandidate, hold_bodies, list_deliveries_behind};
use crate::store::replays::queue::queue_again;

/// Looks at what comes next and makes due what is meant.
pub(super) fn queue(
    conn: &mut Connection<'_>,
    terms: Terms<'_>,
    selection: &RetrySelection,
) -> Result<Looked, DatabaseError> {
    let account_id = terms.locked.account_id();
    let (after, before) = bounds(terms, selection);
    let rows = list_deliveries_behind(
        conn,
        account_id,
        terms.lane.webhook,
        &after,
        before.as_deref(),
        LOOKED_AT,
    )?;
    let made_before_us = terms.locked.job.created_at_us;
    let is_last = i64::try_from(rows.len()).is_ok_and(|count| count < LOOKED_AT);
    // Those that are made while it runs are not meant, however many come.
    let is_end = is_last || rows.iter().all(|row| row.created_at_us > made_before_us);
    let mut looked = Looked::default();
    let mut chosen: Vec<&DeliveryCandidate> = Vec::new();
    for row in &rows {
        let is_meant = row.created_at_us <= made_before_us && picks(selection, row);
        if is_meant && chosen.len() >= usize::try_from(terms.room).unwrap_or(0) {
            break;
        }
        looked.position = Some(row.id.clone());
        looked.examined += 1;
        if !is_meant {
            continue;
        }
        if can_be_sent(selection, row, terms.now_us) {
            chosen.push(row);
        } else {
            looked.skipped += 1;
        }
    }
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    looked.is_end = is_end && looked.examined == count;
    let ids = still_possible(conn, terms, &chosen)?;
    let queued = queue_again(conn, terms.lane, &ids, terms.expire_after_us, terms.now_us)?;
    looked.queued = i64::try_from(queued).unwrap_or(i64::MAX);
    looked.skipped += i64::try_from(chosen.len() - queued.min(chosen.len())).unwrap_or(0);
    Ok(looked)
}

/// Between which ids to look, both left out.
fn bounds(terms: Terms<'_>, selection: &RetrySelection) -> (Vec<u8>, Option<Vec<u8>>) {
    let position = terms.locked.position.clone();
    let Some(event_id) = selection.event_id.map(EventId) else {
        return (position, None);
    };
    let (first, last) = DeliveryId::range_of_event(event_id);
    // The ids themselves are no delivery's: their version is none.
    let after = position.max(first.as_bytes().to_vec());
    (after, Some(last.as_bytes().to_vec()))
}

/// Whether the filter means a delivery.
fn picks(selection: &RetrySelection, row: &DeliveryCandidate) -> bool {
    let is_one_of =
        |names: &[String], name: &str| names.is_empty() || names.iter().any(|known| known == name);
    let is_of_record = || {
        selection.record_ids.is_empty()
            || row
                .record_id
                .is_some_and(|id| selection.record_ids.contains(&id))
    };
    let is_of_event = || {
        selection
            .event_id
            .is_none_or(|id| row.event_id.as_deref() == Some(id.as_bytes().as_slice()))
    };
    let from_us = selection.created_from_us.unwrap_or(i64::MIN);
    let to_us = selection.created_to_us.unwrap_or(i64::MAX);
    row.origin != Origin::Test.as_str()
        && is_one_of(&selection.states, &row.state)
        && is_one_of(&selection.events, &row.event_type)
        && is_one_of(&selection.origins, &row.origin)
        && selection
            .component
            .as_ref()
            .is_none_or(|component| *component == row.component)
        && is_of_record()
        && is_of_event()
        && (from_us..to_us).contains(&row.created_at_us)
}

/// Whether it can be made due, as far as its row says. One that is due already, or
/// waits for another of its record, needs no hand.
fn can_be_sent(selection: &RetrySelection, row: &DeliveryCandidate, now_us: i64) -> bool {
    row.erased_at_us.is_none()
        && match DeliveryState::parse(&row.state) {
            Some(DeliveryState::Pending) => row.due_at_us > now_us && row.held_for.is_none(),
            Some(DeliveryState::Delivered) => selection.force,
            Some(DeliveryState::Failed | DeliveryState::Skipped | DeliveryState::Expired) => true,
            Some(DeliveryState::Dropped) | None => false,
        }
}

/// Those whose events are kept and not overtaken.
fn still_possible<'a>(
    conn: &mut Connection<'_>,
    terms: Terms<'_>,
    chosen: &[&'a DeliveryCandidate],
) -> Result<Vec<&'a [u8]>, DatabaseError> {
    let event_ids: HashSet<&[u8]> = chosen
        .iter()
        .filter_map(|row| row.event_id.as_deref())
        .collect();
    let event_ids: Vec<&[u8]> = event_ids.into_iter().collect();
    let bodies = hold_bodies(conn, &event_ids)?;
    let records = chosen
        .iter()
        .map(|row| (row.component.as_str(), row.record_id));
    let account_id = terms.locked.account_id();
    let webhook = terms.lane.webhook;
    let revisions = Revisions::read(conn, terms.newest_only, account_id, webhook, records)?;
    Ok(chosen
        .iter()
        .filter(|row| {
            let event_id = row.event_id.as_deref();
            event_id.is_some_and(|id| bodies.contains_key(id))
                && !revisions.have_newer(&row.component, row.record_id, row.revision)
        })
        .map(|row| row.id.as_slice())
        .collect())
}
