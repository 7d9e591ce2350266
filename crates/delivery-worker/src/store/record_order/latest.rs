//! Skipping what a newer change of the same record stands for.

use std::collections::BTreeMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::Action;

use super::{columns, key};
use crate::domain::delivery::{DeliveryId, DeliveryState};
use crate::domain::webhook::WebhookId;
use crate::lane::RecordKey;
use crate::ordering::{Settled, Waiting, settle};
use crate::store::deliveries::{is_pending, is_still_pending, not_held_by_a_live_worker};
use crate::store::schema::deliveries;

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct WaitingRow {
    id: Vec<u8>,
    component: String,
    record_id: Option<i64>,
    revision: Option<i64>,
    event_type: String,
    due_at_us: i64,
    send_as: Option<String>,
    coalesced: Option<i64>,
    attempts: i64,
    worker_id: Option<Vec<u8>>,
}

impl WaitingRow {
    fn waiting(&self) -> Option<Waiting<DeliveryId>> {
        let named = self.event_type.split_once('.').map(|(_, action)| action);
        Some(Waiting {
            id: DeliveryId::from_bytes(&self.id)?,
            revision: self.revision?,
            action: self.send_as.as_deref().or(named).and_then(Action::parse),
            due_at_us: self.due_at_us,
            // One that a dead worker had may have been sent.
            was_tried: self.attempts > 0 || self.worker_id.is_some(),
            coalesced: self.coalesced.unwrap_or(0),
        })
    }
}

/// Keeps of each of these records the latest change that waits for a webhook; the
/// others are skipped. What is under way is left alone.
pub(crate) fn keep_latest(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    records: &[RecordKey],
    now_us: i64,
) -> Result<(), DatabaseError> {
    if records.is_empty() {
        return Ok(());
    }
    let (components, ids) = columns(records);
    let rows: Vec<WaitingRow> = on_backend!(conn, |c| deliveries::table
        .filter(deliveries::webhook_id.eq(webhook.0))
        .filter(deliveries::record_id.eq_any(&ids))
        .filter(deliveries::component.eq_any(&components))
        .filter(is_pending())
        .filter(not_held_by_a_live_worker(now_us))
        .select(WaitingRow::as_select())
        .load(c))?;
    let mut by_record: BTreeMap<RecordKey, Vec<Waiting<DeliveryId>>> = BTreeMap::new();
    for row in &rows {
        if let (Some(record), Some(waiting)) = (key(&row.component, row.record_id), row.waiting()) {
            by_record.entry(record).or_default().push(waiting);
        }
    }
    for waiting in by_record.into_values() {
        if let Some(settled) = settle(&waiting, now_us) {
            write(conn, &settled, now_us)?;
        }
    }
    Ok(())
}

fn write(
    conn: &mut Connection<'_>,
    settled: &Settled<DeliveryId>,
    now_us: i64,
) -> Result<(), DatabaseError> {
    let skipped: Vec<&[u8]> = settled.skipped.iter().map(DeliveryId::as_bytes).collect();
    let because = format!(
        "a newer change of the record stands for it: delivery {}",
        settled.kept
    );
    let send_as = settled.becomes_add.then_some(Action::Add.as_str());
    on_backend!(conn, |c| {
        diesel::update(deliveries::table.filter(deliveries::id.eq_any(&skipped)))
            .filter(is_still_pending())
            .set((
                deliveries::state.eq(DeliveryState::Skipped.as_str()),
                deliveries::worker_id.eq(None::<Vec<u8>>),
                deliveries::held_for.eq(None::<String>),
                deliveries::finished_at_us.eq(now_us),
                deliveries::last_error.eq(&because),
            ))
            .execute(c)?;
        diesel::update(deliveries::table.find(settled.kept.as_bytes()))
            .filter(is_still_pending())
            .set((
                deliveries::coalesced.eq(settled.coalesced),
                deliveries::due_at_us.eq(settled.due_at_us),
                // An edit that was to be sent as an add still is.
                send_as.map(|action| deliveries::send_as.eq(action)),
            ))
            .execute(c)?;
    });
    Ok(())
}
