//! Pending deliveries, and the events that they are about.

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use events::EventId;

use super::schema::{deliveries, event_bodies};
use crate::domain::delivery::DeliveryState;
use crate::domain::webhook::WebhookId;

/// As what a delivery is sent that is queued again, and for how many others: one
/// that was skipped for a newer change stands for nothing but itself.
pub(super) type UnlessSkipped = (
    diesel::dsl::Eq<deliveries::send_as, SqlLiteral<Nullable<Text>>>,
    diesel::dsl::Eq<deliveries::coalesced, SqlLiteral<Nullable<BigInt>>>,
);

/// Leaves both as they are, unless the delivery was skipped; what was sent once as an
/// add stays one, under its `webhook-id`.
pub(super) fn unless_skipped() -> UnlessSkipped {
    (
        deliveries::send_as.eq(sql(
            "CASE WHEN state <> 'skipped' OR attempts > 0 THEN send_as END",
        )),
        deliveries::coalesced.eq(sql("CASE WHEN state <> 'skipped' THEN coalesced END")),
    )
}

/// The condition of the partial index on what is due. Written out, since an
/// engine cannot see a bound value when it chooses the index.
pub(crate) fn is_pending() -> SqlLiteral<Bool> {
    sql::<Bool>("deliveries.state = 'pending'")
}

/// The same of deliveries that are looked up by something else than their webhook. It hides the
/// partial index, by which PostgreSQL would read all that is pending if it made its plan while
/// there was nothing.
pub(crate) fn is_still_pending() -> SqlLiteral<Bool> {
    sql::<Bool>("COALESCE(deliveries.state = 'pending', false)")
}

/// The condition of the index by state: nearly all have arrived, and nobody looks for those by
/// their state.
pub(crate) fn has_not_arrived() -> SqlLiteral<Bool> {
    sql::<Bool>("deliveries.state <> 'delivered'")
}

/// The encoded event, as long as it is kept.
pub(crate) fn find_event_body(
    conn: &mut Connection<'_>,
    id: EventId,
) -> Result<Option<Vec<u8>>, DatabaseError> {
    Ok(on_backend!(conn, |c| event_bodies::table
        .find(id.as_bytes())
        .select(event_bodies::body)
        .first(c)
        .optional())?)
}

/// How many deliveries are neither delivered nor given up.
pub(crate) fn count_pending(conn: &mut Connection<'_>) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| deliveries::table
        .filter(is_pending())
        .count()
        .get_result(c))?)
}

/// How many deliveries of a webhook are neither delivered nor given up.
pub(crate) fn count_waiting(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| deliveries::table
        .filter(is_pending())
        .filter(deliveries::webhook_id.eq(webhook.0))
        .count()
        .get_result(c))?)
}

/// The same without those that a live worker has in its hands.
pub(crate) fn count_unclaimed(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
) -> Result<i64, DatabaseError> {
    let now_us = conn.now_us()?;
    Ok(on_backend!(conn, |c| deliveries::table
        .filter(is_pending())
        .filter(deliveries::webhook_id.eq(webhook.0))
        .filter(not_held_by_a_live_worker(now_us))
        .count()
        .get_result(c))?)
}

/// An event as it came.
#[derive(Debug, Queryable)]
pub(crate) struct StoredEvent {
    pub(crate) id: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

/// The encoded events of these ids, in no order.
pub(crate) fn list_event_bodies(
    conn: &mut Connection<'_>,
    ids: &[EventId],
) -> Result<Vec<StoredEvent>, DatabaseError> {
    let ids: Vec<&[u8]> = ids.iter().map(EventId::as_bytes).collect();
    let bodies = event_bodies::table
        .filter(event_bodies::event_id.eq_any(&ids))
        .select((event_bodies::event_id, event_bodies::body));
    Ok(match conn {
        Connection::Sqlite(c) => bodies.load(*c)?,
        Connection::Postgres(c) => {
            let (least, greatest) = bounds_of(&ids);
            bodies
                .filter(event_bodies::event_id.between(least, greatest))
                .load(*c)?
        }
    })
}

/// The least and the greatest of some ids. PostgreSQL looks only into the partitions between
/// them; by a list of ids alone it would look into all. (SQLite would read all between.)
pub(crate) fn bounds_of(ids: &[impl AsRef<[u8]>]) -> (&[u8], &[u8]) {
    let ids = || ids.iter().map(AsRef::as_ref);
    (
        ids().min().unwrap_or_default(),
        ids().max().unwrap_or_default(),
    )
}

/// Whether nobody has the delivery: no claim, or one whose worker's lease has
/// ended.
pub(crate) fn not_held_by_a_live_worker(now_us: i64) -> SqlLiteral<Bool> {
    sql::<Bool>(&format!(
        "(deliveries.worker_id IS NULL OR NOT EXISTS (SELECT 1 FROM workers \
         WHERE workers.id = deliveries.worker_id AND workers.lease_until_us > {now_us}))"
    ))
}

/// A webhook with pending deliveries that nobody has claimed.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub(crate) struct PendingLane {
    #[diesel(sql_type = BigInt)]
    webhook_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    earliest_due_us: Option<i64>,
}

impl PendingLane {
    pub(crate) fn webhook(&self) -> WebhookId {
        WebhookId(self.webhook_id)
    }

    /// `None` if all that is pending is claimed.
    pub(crate) fn earliest_due_us(&self) -> Option<i64> {
        self.earliest_due_us
    }
}

/// Every webhook with pending deliveries, and when the first that is free is
/// due. Steps from webhook to webhook through the index, so it costs by the
/// number of webhooks and not of deliveries.
pub(crate) fn list_pending_lanes(
    conn: &mut Connection<'_>,
    now_us: i64,
) -> Result<Vec<PendingLane>, DatabaseError> {
    let query = format!(
        "WITH RECURSIVE lanes (webhook_id) AS (
             SELECT min(webhook_id) FROM deliveries WHERE state = 'pending'
             UNION ALL
             SELECT (SELECT min(d.webhook_id) FROM deliveries d
                     WHERE d.state = 'pending' AND d.webhook_id > lanes.webhook_id)
             FROM lanes WHERE lanes.webhook_id IS NOT NULL
         )
         SELECT lanes.webhook_id AS webhook_id,
             (SELECT d.due_at_us FROM deliveries d
              WHERE d.state = 'pending' AND d.webhook_id = lanes.webhook_id
                  AND (d.worker_id IS NULL OR NOT EXISTS (
                      SELECT 1 FROM workers w
                      WHERE w.id = d.worker_id AND w.lease_until_us > {now_us}))
              ORDER BY d.due_at_us LIMIT 1) AS earliest_due_us
         FROM lanes WHERE lanes.webhook_id IS NOT NULL"
    );
    Ok(on_backend!(conn, |c| diesel::sql_query(&query).load(c))?)
}

/// Ends pending deliveries of one webhook, at most `limit` of those due before
/// `due_before_us` that nobody has; returns how many.
pub(crate) fn end_pending(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    state: DeliveryState,
    due_before_us: i64,
    limit: i64,
) -> Result<usize, DatabaseError> {
    let now_us = conn.now_us()?;
    on_backend!(conn, |c| {
        let ids: Vec<Vec<u8>> = deliveries::table
            .filter(deliveries::webhook_id.eq(webhook.0))
            .filter(is_pending())
            .filter(deliveries::due_at_us.lt(due_before_us))
            .filter(not_held_by_a_live_worker(now_us))
            .order(deliveries::due_at_us)
            .limit(limit)
            .select(deliveries::id)
            .load(c)?;
        Ok(diesel::update(
            deliveries::table
                .filter(deliveries::id.eq_any(&ids))
                .filter(is_still_pending()),
        )
        .set((
            deliveries::state.eq(state.as_str()),
            deliveries::worker_id.eq(None::<Vec<u8>>),
            deliveries::finished_at_us.eq(now_us),
        ))
        .execute(c)?)
    })
}

#[cfg(test)]
mod tests;
