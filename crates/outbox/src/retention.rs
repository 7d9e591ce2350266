//! What goes after its time: published events with their bodies, and from the inbox what no
//! publisher has any more.
//!
//! Events go from the oldest on, so that the sequence that is left has no gaps. One that
//! is not published yet stays, and so do all after it; the last published one stays as
//! well, so that a reader of the feed can tell that events before it are gone.

use std::convert::Infallible;
use std::time::Duration;

use broker::supervise;
use database::{Connection, Database, DatabaseError, Outage, on_backend};
use diesel::prelude::*;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::schema::{inbox_events, outbox_bodies, outbox_events};
use crate::state::published_through;

/// How long published events are kept where nobody says otherwise.
pub const USUAL_KEEP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How often old events are looked for.
const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// How many go in one transaction, so that nobody waits long behind it.
const BATCH_ROWS: i64 = 500;
/// The inbox remembers for so many times as long as events are kept: it has to know
/// whatever may be published once more.
const INBOX_TIMES: i64 = 2;

/// Deletes what is older than `keep` until `cancel`: a service's background task. Several
/// replicas may do so beside each other.
pub async fn run(database: Database, keep: Duration, cancel: CancellationToken) {
    supervise("outbox.retention", cancel, |cancel| {
        let database = database.clone();
        async move {
            run_until(&database, keep, cancel).await;
            Ok::<_, Infallible>(())
        }
    })
    .await;
}

async fn run_until(database: &Database, keep: Duration, cancel: CancellationToken) {
    let outage = Outage::new("old events cannot be deleted");
    while !cancel.is_cancelled() {
        match delete_old(database, keep, &cancel).await {
            Ok(deleted) => {
                Outage::over(&outage);
                if deleted > 0 {
                    tracing::debug!(deleted, "old events were deleted");
                }
            }
            Err(error) => outage.failed(&error),
        }
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Batch by batch, with a rest after each that is as long as it took.
async fn delete_old(
    database: &Database,
    keep: Duration,
    cancel: &CancellationToken,
) -> Result<usize, DatabaseError> {
    let keep_us = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
    let mut deleted = 0;
    for delete in [delete_published, delete_taken_in] {
        loop {
            let began = Instant::now();
            let rows = database
                .write(move |conn| delete(conn, keep_us, BATCH_ROWS))
                .await?;
            deleted += rows;
            if rows == 0 || cancel.is_cancelled() {
                break;
            }
            tokio::time::sleep(began.elapsed()).await;
        }
    }
    Ok(deleted)
}

/// Deletes at most `limit` published events that happened longer than `keep_us` ago, by the
/// database's time, the first ones first; answers how many.
///
/// # Errors
/// Database failures.
pub fn delete_published(
    conn: &mut Connection<'_>,
    keep_us: i64,
    limit: i64,
) -> Result<usize, DatabaseError> {
    let before_us = conn.now_us()?.saturating_sub(keep_us);
    let through = published_through(conn)?;
    macro_rules! first_ones {
        ($number:ident) => {
            outbox_events::table
                .filter(outbox_events::$number.lt(through))
                .order(outbox_events::$number)
                .limit(limit)
                .select((outbox_events::position, outbox_events::occurred_at_us))
        };
    }
    // On SQLite the number is the position; saying so keeps the range scan.
    let rows: Vec<(i64, i64)> = match conn {
        Connection::Sqlite(c) => first_ones!(position).load(*c)?,
        // Not around what another replica deletes: that may fail and leave a gap behind.
        Connection::Postgres(c) => first_ones!(seq).for_update().load(*c)?,
    };
    let old: Vec<i64> = rows
        .into_iter()
        .take_while(|(_, occurred_at_us)| *occurred_at_us < before_us)
        .map(|(position, _)| position)
        .collect();
    if old.is_empty() {
        return Ok(0);
    }
    on_backend!(conn, |c| {
        diesel::delete(outbox_bodies::table.filter(outbox_bodies::position.eq_any(&old)))
            .execute(c)?;
        Ok(
            diesel::delete(outbox_events::table.filter(outbox_events::position.eq_any(&old)))
                .execute(c)?,
        )
    })
}

/// Deletes from the inbox at most `limit` events that happened and were taken in so long ago
/// that no publisher has them any more; answers how many.
///
/// # Errors
/// Database failures.
pub fn delete_taken_in(
    conn: &mut Connection<'_>,
    keep_us: i64,
    limit: i64,
) -> Result<usize, DatabaseError> {
    let before_us = conn
        .now_us()?
        .saturating_sub(keep_us.saturating_mul(INBOX_TIMES));
    // Ids begin with their milliseconds, in six bytes.
    let first_kept = u64::try_from(before_us / 1_000).unwrap_or(0).to_be_bytes();
    let ids: Vec<Vec<u8>> = on_backend!(conn, |c| inbox_events::table
        .filter(inbox_events::event_id.lt(&first_kept[2..]))
        .filter(inbox_events::received_at_us.lt(before_us))
        .order(inbox_events::event_id)
        .limit(limit)
        .select(inbox_events::event_id)
        .load(c))?;
    Ok(on_backend!(conn, |c| diesel::delete(
        inbox_events::table.filter(inbox_events::event_id.eq_any(&ids))
    )
    .execute(c))?)
}
