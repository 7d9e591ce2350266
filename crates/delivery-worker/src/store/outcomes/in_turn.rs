//! What outcomes mean for other deliveries of the same records.

use std::collections::{BTreeMap, HashMap, HashSet};

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use crate::domain::delivery::DeliveryId;
use crate::domain::webhook::WebhookId;
use crate::lane::{Component, RecordKey};
use crate::ordering::Keeping;
use crate::record::{Outcome, OutcomeKind};
use crate::store::record_order::{free_after, keep_latest};
use crate::store::schema::deliveries;

/// Makes due what waited for these outcomes, and skips what failed where a newer
/// change waits that stands for it. Returns the webhooks with something due.
///
/// Their lanes are locked: nobody puts a delivery aside meanwhile.
pub(super) fn settle(
    conn: &mut Connection<'_>,
    outcomes: &[&Outcome],
    applied: &HashSet<DeliveryId>,
    kept: &HashMap<WebhookId, Keeping>,
    now_us: i64,
) -> Result<Vec<WebhookId>, DatabaseError> {
    let over: Vec<&Outcome> = outcomes
        .iter()
        .filter(|outcome| kept.contains_key(&outcome.webhook))
        .filter(|outcome| applied.contains(&outcome.delivery))
        .copied()
        .collect();
    if over.is_empty() {
        return Ok(Vec::new());
    }
    let failed: Vec<DeliveryId> = over
        .iter()
        .filter(|outcome| matches!(outcome.kind, OutcomeKind::Retry { .. }))
        .filter(|outcome| kept.get(&outcome.webhook) == Some(&Keeping::Latest))
        .map(|outcome| outcome.delivery)
        .collect();
    for (webhook, records) in list_records(conn, &failed)? {
        keep_latest(conn, webhook, &records, now_us)?;
    }
    let over: Vec<DeliveryId> = over.iter().map(|outcome| outcome.delivery).collect();
    free_after(conn, &over, now_us)
}

fn list_records(
    conn: &mut Connection<'_>,
    ids: &[DeliveryId],
) -> Result<BTreeMap<WebhookId, Vec<RecordKey>>, DatabaseError> {
    let mut records: BTreeMap<WebhookId, Vec<RecordKey>> = BTreeMap::new();
    if ids.is_empty() {
        return Ok(records);
    }
    let ids: Vec<&[u8]> = ids.iter().map(DeliveryId::as_bytes).collect();
    let rows: Vec<(i64, String, Option<i64>)> = on_backend!(conn, |c| deliveries::table
        .filter(deliveries::id.eq_any(&ids))
        .select((
            deliveries::webhook_id,
            deliveries::component,
            deliveries::record_id
        ))
        .load(c))?;
    for (webhook, component, id) in rows {
        if let (Some(component), Some(id)) = (Component::parse(&component), id) {
            let of_webhook = records.entry(WebhookId(webhook)).or_default();
            of_webhook.push(RecordKey { component, id });
        }
    }
    Ok(records)
}
