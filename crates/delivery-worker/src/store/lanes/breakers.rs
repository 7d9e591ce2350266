//! The circuit breakers of lanes, read and written once their rows are locked.

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend, statement};
use diesel::SqliteExpressionMethods;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable};
use diesel::sqlite::SqliteConnection;

use super::LaneRow;
use crate::domain::webhook::WebhookId;
use crate::lane::Breaker;
use crate::store::schema::webhook_lanes;

/// The breakers of these webhooks.
pub(crate) fn list_breakers(
    conn: &mut Connection<'_>,
    webhooks: &[i64],
) -> Result<HashMap<WebhookId, Breaker>, DatabaseError> {
    let rows: Vec<LaneRow> = on_backend!(conn, |c| webhook_lanes::table
        .filter(webhook_lanes::webhook_id.eq_any(webhooks))
        .select(LaneRow::as_select())
        .load(c))?;
    Ok(rows
        .iter()
        .map(|row| (WebhookId(row.webhook_id), row.breaker()))
        .collect())
}

/// Sets breakers of locked lanes. Failures that only count hold nobody up, so
/// that other workers are not told of them.
pub(crate) fn set_breakers(
    conn: &mut Connection<'_>,
    breakers: &[(WebhookId, Breaker)],
    now_us: i64,
) -> Result<(), DatabaseError> {
    if breakers.is_empty() {
        return Ok(());
    }
    match conn {
        Connection::Sqlite(c) => one_by_one(c, breakers, now_us),
        Connection::Postgres(c) => all_at_once(c, breakers, now_us),
    }
}

fn one_by_one(
    conn: &mut SqliteConnection,
    breakers: &[(WebhookId, Breaker)],
    now_us: i64,
) -> Result<(), DatabaseError> {
    for (webhook, breaker) in breakers {
        let row = webhook_lanes::table.find(webhook.0);
        diesel::update(row.filter(webhook_lanes::open_until_us.is_not(breaker.open_until_us)))
            .set((
                webhook_lanes::open_until_us.eq(breaker.open_until_us),
                webhook_lanes::changed_at_us.eq(now_us),
                webhook_lanes::revision.eq(webhook_lanes::revision + 1),
            ))
            .execute(conn)?;
        diesel::update(row)
            .set((
                webhook_lanes::failures.eq(breaker.failures),
                webhook_lanes::openings.eq(breaker.openings),
            ))
            .execute(conn)?;
    }
    Ok(())
}

const ALL_AT_ONCE: &str = "
UPDATE webhook_lanes l SET
    failures = b.failures,
    openings = b.openings,
    open_until_us = b.open_until_us,
    changed_at_us = CASE WHEN l.open_until_us IS DISTINCT FROM b.open_until_us
        THEN $5 ELSE l.changed_at_us END,
    revision = l.revision + CASE WHEN l.open_until_us IS DISTINCT FROM b.open_until_us
        THEN 1 ELSE 0 END
FROM unnest($1, $2, $3, $4) AS b (webhook_id, failures, openings, open_until_us)
WHERE l.webhook_id = b.webhook_id";

/// One round trip, however many there are.
fn all_at_once(
    conn: &mut PgConnection,
    breakers: &[(WebhookId, Breaker)],
    now_us: i64,
) -> Result<(), DatabaseError> {
    let column = |value: fn(&Breaker) -> i64| -> Vec<i64> {
        breakers.iter().map(|(_, breaker)| value(breaker)).collect()
    };
    let webhooks: Vec<i64> = breakers.iter().map(|(webhook, _)| webhook.0).collect();
    let open_until: Vec<Option<i64>> = breakers
        .iter()
        .map(|(_, breaker)| breaker.open_until_us)
        .collect();
    statement(ALL_AT_ONCE)
        .bind::<Array<BigInt>, _>(webhooks)
        .bind::<Array<BigInt>, _>(column(|breaker| breaker.failures))
        .bind::<Array<BigInt>, _>(column(|breaker| breaker.openings))
        .bind::<Array<Nullable<BigInt>>, _>(open_until)
        .bind::<BigInt, _>(now_us)
        .execute(conn)?;
    Ok(())
}
