//! Making deliveries due again that waited for something which is over.

use std::fmt::Write;

use database::{Backend, Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use events::AccountId;

use super::columns;
use crate::domain::delivery::DeliveryId;
use crate::domain::webhook::WebhookId;
use crate::lane::{Component, RecordKey};
use crate::ordering::{HeldFor, WHEN_FREED_US};
use crate::store::deliveries::{is_pending, is_still_pending};
use crate::store::schema::deliveries;

#[derive(QueryableByName)]
struct Freed {
    #[diesel(sql_type = BigInt)]
    webhook_id: i64,
}

/// After something happened to these deliveries: makes the next one of each
/// record due, the next live one, which does not wait for replays, and the first
/// deletion of many tasks, if one of them was of a task. They are judged again when
/// they are claimed. Returns the webhooks.
pub(crate) fn free_after(
    conn: &mut Connection<'_>,
    over: &[DeliveryId],
    now_us: i64,
) -> Result<Vec<WebhookId>, DatabaseError> {
    if over.is_empty() {
        return Ok(Vec::new());
    }
    let ids = literals(conn, over);
    let next_of_record = |which: &str| {
        format!(
            "SELECT (SELECT d.id FROM deliveries d WHERE d.webhook_id = o.webhook_id \
                 AND d.record_id = o.record_id AND d.component = o.component \
                 AND d.state = 'pending' {which} ORDER BY d.revision LIMIT 1) \
             FROM deliveries o WHERE o.id IN ({ids})"
        )
    };
    let all_tasks = format!(
        "SELECT (SELECT d.id FROM deliveries d WHERE d.webhook_id = o.webhook_id \
             AND d.record_id IS NULL AND d.component = 'task' AND d.state = 'pending' \
             AND d.origin = 'event' ORDER BY d.id LIMIT 1) \
         FROM (SELECT DISTINCT webhook_id FROM deliveries \
             WHERE id IN ({ids}) AND component = 'task') o"
    );
    let queries = [
        next_of_record("AND d.origin = 'event'"),
        next_of_record(""),
        all_tasks,
    ];
    free(conn, &queries, now_us)
}

/// Makes what waits for nothing any longer due, however it came about; returns
/// whether there was any. Needs the lane's lock.
pub(crate) fn free_first(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    now_us: i64,
) -> Result<bool, DatabaseError> {
    let first = format!(
        "SELECT d.id FROM deliveries d WHERE d.webhook_id = {} AND d.state = 'pending' \
             AND d.due_at_us >= {WHEN_FREED_US} \
             AND CASE WHEN d.record_id IS NULL THEN NOT EXISTS (SELECT 1 FROM deliveries e \
                 WHERE e.webhook_id = d.webhook_id AND e.record_id IS NULL \
                 AND e.component = d.component AND e.state = 'pending' \
                 AND e.due_at_us >= {WHEN_FREED_US} AND e.id < d.id) \
             ELSE NOT EXISTS (SELECT 1 FROM deliveries e \
                 WHERE e.webhook_id = d.webhook_id AND e.record_id = d.record_id \
                 AND e.component = d.component AND e.state = 'pending' \
                 AND (d.origin <> 'event' OR e.origin = 'event') \
                 AND e.revision < d.revision) END",
        webhook.0
    );
    Ok(!free(conn, &[first], now_us)?.is_empty())
}

/// Makes all that was put aside of a webhook due, in its own time or not: it was
/// judged by what the webhook does not want any longer. Needs the lane's lock.
pub(crate) fn free_held(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    now_us: i64,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        deliveries::table
            .filter(deliveries::webhook_id.eq(webhook.0))
            .filter(is_pending())
            .filter(deliveries::held_for.is_not_null())
    )
    .set((
        deliveries::due_at_us.eq(now_us),
        deliveries::held_for.eq(None::<String>),
    ))
    .execute(c))?;
    Ok(())
}

/// Makes deliveries due that wait for another one, at most `limit`, the oldest
/// first: their webhook does not want all of them in order any longer. Returns how
/// many. Needs the lane's lock.
pub(crate) fn free_all(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    limit: i64,
    now_us: i64,
) -> Result<usize, DatabaseError> {
    on_backend!(conn, |c| {
        let ids: Vec<Vec<u8>> = deliveries::table
            .filter(deliveries::webhook_id.eq(webhook.0))
            .filter(is_pending())
            .filter(deliveries::due_at_us.ge(WHEN_FREED_US))
            .order(deliveries::id)
            .limit(limit)
            .select(deliveries::id)
            .load(c)?;
        Ok(diesel::update(
            deliveries::table
                .filter(deliveries::id.eq_any(&ids))
                .filter(is_still_pending()),
        )
        .set((
            deliveries::due_at_us.eq(now_us),
            deliveries::held_for.eq(None::<String>),
        ))
        .execute(c)?)
    })
}

/// The webhooks with deliveries that wait for another one. Costs by the number of
/// webhooks, as [`list_pending_lanes`](crate::store::deliveries::list_pending_lanes).
pub(crate) fn list_holding_lanes(
    conn: &mut Connection<'_>,
) -> Result<Vec<WebhookId>, DatabaseError> {
    let query = format!(
        "WITH RECURSIVE lanes (webhook_id) AS (
             SELECT min(webhook_id) FROM deliveries WHERE state = 'pending'
             UNION ALL
             SELECT (SELECT min(d.webhook_id) FROM deliveries d
                     WHERE d.state = 'pending' AND d.webhook_id > lanes.webhook_id)
             FROM lanes WHERE lanes.webhook_id IS NOT NULL
         )
         SELECT lanes.webhook_id AS webhook_id FROM lanes
         WHERE lanes.webhook_id IS NOT NULL AND EXISTS (
             SELECT 1 FROM deliveries d WHERE d.state = 'pending'
                 AND d.webhook_id = lanes.webhook_id AND d.due_at_us >= {WHEN_FREED_US})"
    );
    let rows: Vec<Freed> = on_backend!(conn, |c| diesel::sql_query(&query).load(c))?;
    Ok(rows
        .into_iter()
        .map(|row| WebhookId(row.webhook_id))
        .collect())
}

/// Makes due what waited for revisions of these records.
pub(super) fn free_behind_gaps(
    conn: &mut Connection<'_>,
    account: AccountId,
    records: &[RecordKey],
    now_us: i64,
) -> Result<Vec<WebhookId>, DatabaseError> {
    let (components, ids) = columns(records);
    let has_tasks = components.contains(&Component::Task.as_str());
    let freed: Vec<i64> = on_backend!(conn, |c| {
        let mut waiting = deliveries::table
            .filter(deliveries::account_id.eq(account.0))
            .filter(deliveries::component.eq_any(&components))
            .filter(deliveries::record_id.eq_any(&ids))
            .filter(is_still_pending())
            .filter(deliveries::held_for.eq(HeldFor::Gap.as_str()))
            .select(deliveries::id)
            .load::<Vec<u8>>(c)?;
        if has_tasks {
            // A deletion of many tasks is of no single record.
            let of_many = deliveries::table
                .filter(deliveries::account_id.eq(account.0))
                .filter(deliveries::component.eq(Component::Task.as_str()))
                .filter(deliveries::record_id.is_null())
                .filter(is_still_pending())
                .filter(deliveries::held_for.eq(HeldFor::Gap.as_str()))
                .select(deliveries::id)
                .load::<Vec<u8>>(c)?;
            waiting.extend(of_many);
        }
        diesel::update(deliveries::table.filter(deliveries::id.eq_any(&waiting)))
            .filter(is_still_pending())
            .set((
                deliveries::due_at_us.eq(now_us),
                deliveries::held_for.eq(None::<String>),
            ))
            .returning(deliveries::webhook_id)
            .get_results(c)?
    });
    Ok(freed.into_iter().map(WebhookId).collect())
}

/// Makes those of the deliveries due that these queries name and that wait for
/// another one.
fn free(
    conn: &mut Connection<'_>,
    queries: &[String],
    now_us: i64,
) -> Result<Vec<WebhookId>, DatabaseError> {
    let mut freed = Vec::new();
    for query in queries {
        let update = format!(
            "UPDATE deliveries SET due_at_us = {now_us}, held_for = NULL \
             WHERE id IN ({query}) AND COALESCE(state = 'pending', false) AND due_at_us >= {WHEN_FREED_US} \
             RETURNING webhook_id"
        );
        let rows: Vec<Freed> = on_backend!(conn, |c| diesel::sql_query(&update).load(c))?;
        freed.extend(rows.into_iter().map(|row| WebhookId(row.webhook_id)));
    }
    Ok(freed)
}

/// The ids as both engines read them.
fn literals(conn: &Connection<'_>, ids: &[DeliveryId]) -> String {
    let (open, close) = match conn.backend() {
        Backend::Sqlite => ("x'", "'"),
        Backend::Postgres => ("'\\x", "'::bytea"),
    };
    let mut list = String::with_capacity(ids.len() * 48);
    for id in ids {
        let separator = if list.is_empty() { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(list, "{separator}{open}{}{close}", id.0.simple());
    }
    list
}
