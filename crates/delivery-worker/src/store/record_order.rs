//! The order among the deliveries of one record: which revisions have arrived,
//! which delivery waits for which, and which ones newer ones stand for.

mod freeing;
mod latest;
mod revisions;

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::max;
use diesel::prelude::*;
use events::AccountId;

use super::deliveries::is_pending;
use super::schema::deliveries;
use crate::domain::delivery::{DeliveryId, DeliveryState};
use crate::domain::webhook::WebhookId;
use crate::lane::{Component, RecordKey};
pub(crate) use freeing::{free_after, free_all, free_first, free_held, list_holding_lanes};
pub(crate) use latest::keep_latest;
pub(crate) use revisions::{day_of, forget_revisions, list_seen, note_revisions, pass_gap};

/// A record's name in the tables.
fn key(component: &str, id: Option<i64>) -> Option<RecordKey> {
    let component = Component::parse(component)?;
    id.map(|id| RecordKey { component, id })
}

/// The wire names and the ids of these records, for a look-up that may find some
/// more than these.
fn columns(records: &[RecordKey]) -> (Vec<&'static str>, Vec<i64>) {
    let mut components: Vec<&str> = records.iter().map(|it| it.component.as_str()).collect();
    let mut ids: Vec<i64> = records.iter().map(|it| it.id).collect();
    components.sort_unstable();
    components.dedup();
    ids.sort_unstable();
    ids.dedup();
    (components, ids)
}

/// The highest revision of each of these records that a webhook was delivered;
/// `since` bounds how far back deliveries are looked at, by their ids.
pub(crate) fn list_delivered(
    conn: &mut Connection<'_>,
    account: AccountId,
    webhook: WebhookId,
    records: &[RecordKey],
    since: Option<DeliveryId>,
) -> Result<Vec<(RecordKey, i64)>, DatabaseError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let (components, ids) = columns(records);
    let since = since.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
    let rows: Vec<(String, Option<i64>, Option<i64>)> = on_backend!(conn, |c| deliveries::table
        .filter(deliveries::account_id.eq(account.0))
        .filter(deliveries::component.eq_any(&components))
        .filter(deliveries::record_id.eq_any(&ids))
        .filter(deliveries::id.ge(&since))
        .filter(deliveries::webhook_id.eq(webhook.0))
        .filter(deliveries::state.eq(DeliveryState::Delivered.as_str()))
        .group_by((deliveries::component, deliveries::record_id))
        .select((
            deliveries::component,
            deliveries::record_id,
            max(deliveries::revision)
        ))
        .load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(component, id, revision)| Some((key(&component, id)?, revision?)))
        .filter(|(record, _)| records.contains(record))
        .collect())
}

/// The highest revision of a record that a webhook was delivered.
pub(crate) fn find_delivered(
    conn: &mut Connection<'_>,
    account: AccountId,
    webhook: WebhookId,
    record: RecordKey,
) -> Result<Option<i64>, DatabaseError> {
    let delivered = list_delivered(conn, account, webhook, &[record], None)?;
    Ok(delivered.first().map(|(_, revision)| *revision))
}

/// The highest revision of a record that waits for a webhook or is under way.
pub(crate) fn find_waiting(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    record: RecordKey,
) -> Result<Option<i64>, DatabaseError> {
    Ok(on_backend!(conn, |c| deliveries::table
        .filter(deliveries::webhook_id.eq(webhook.0))
        .filter(deliveries::record_id.eq(record.id))
        .filter(deliveries::component.eq(record.component.as_str()))
        .filter(is_pending())
        .select(max(deliveries::revision))
        .first(c))?)
}
