//! What is known of the records of deliveries that are due.

use std::collections::{HashMap, HashSet};

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::{min, not};
use diesel::prelude::*;

use super::{Candidate, Claim, records_of};
use crate::domain::delivery::{DeliveryId, TIME_BYTES};
use crate::domain::webhook::WebhookId;
use crate::lane::{Component, RecordKey};
use crate::ordering::{Keeping, RecordNow};
use crate::store::deliveries::{is_pending, not_held_by_a_live_worker};
use crate::store::record_order::{list_delivered, list_seen};
use crate::store::schema::deliveries;

/// How much older than a delivery a newer change's may be by its id: clocks of
/// several services make ids.
const ID_SKEW_MS: u64 = 60_000;

/// What is known of the records of these deliveries.
///
/// The revisions come first: a delivery that came with one of them is there when
/// the deliveries are looked at.
pub(super) fn read_records(
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
        .filter(not(not_held_by_a_live_worker(now_us)))
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
