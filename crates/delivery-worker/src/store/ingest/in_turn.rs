//! What arrivals mean for deliveries of the same records that wait.

use std::collections::BTreeMap;

use database::{Connection, DatabaseError};

use crate::domain::webhook::WebhookId;
use crate::ingest::Arrival;
use crate::lane::RecordKey;
use crate::ordering::Keeping;
use crate::store::record_order::{keep_latest, note_revisions};

/// Notes the revisions of what is new, for accounts that follow them; returns the
/// webhooks with deliveries that are due by it.
pub(super) fn note_revisions_of(
    conn: &mut Connection<'_>,
    arrivals: &[&Arrival],
    now_us: i64,
) -> Result<Vec<WebhookId>, DatabaseError> {
    let followed = arrivals.iter().filter(|arrival| arrival.in_order.is_some());
    note_revisions(conn, followed.map(|arrival| &*arrival.event), now_us)
}

/// Lets what is new stand for what waits, at webhooks that want the latest only.
pub(super) fn keep_latest_of(
    conn: &mut Connection<'_>,
    arrivals: &[&Arrival],
    now_us: i64,
) -> Result<(), DatabaseError> {
    let mut records: BTreeMap<WebhookId, Vec<RecordKey>> = BTreeMap::new();
    for arrival in arrivals {
        let Some(record) = arrival.record else {
            continue;
        };
        for planned in &arrival.deliveries {
            if planned.keeping == Some(Keeping::Latest) {
                records.entry(planned.webhook).or_default().push(record);
            }
        }
    }
    for (webhook, records) in records {
        keep_latest(conn, webhook, &records, now_us)?;
    }
    Ok(())
}
