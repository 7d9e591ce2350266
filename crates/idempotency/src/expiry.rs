//! Stored answers go after a day.

use std::time::Duration;

use database::{Connection, Database, DatabaseError, on_backend};
use diesel::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::schema::idempotency_keys::dsl;

/// How long a key is remembered.
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// How often old keys are looked for.
const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// How many go in one transaction, so that nobody waits long behind it.
const BATCH_ROWS: i64 = 500;

pub(crate) fn retention_us() -> i64 {
    i64::try_from(RETENTION.as_micros()).unwrap_or(i64::MAX)
}

/// Deletes at most `limit` keys that are past [`RETENTION`], the oldest first; answers how many.
///
/// # Errors
/// Database failures.
pub fn delete_expired(conn: &mut Connection<'_>, limit: i64) -> Result<usize, DatabaseError> {
    let expired_before_us = conn.now_us()? - retention_us();
    let expired = dsl::idempotency_keys
        .filter(dsl::created_at_us.lt(expired_before_us))
        .order(dsl::created_at_us)
        .limit(limit)
        .select(dsl::id);
    let ids: Vec<i64> = match conn {
        Connection::Sqlite(c) => expired.load(*c)?,
        // What another replica is deleting is left to it.
        Connection::Postgres(c) => expired.for_update().skip_locked().load(*c)?,
    };
    Ok(on_backend!(conn, |c| diesel::delete(
        dsl::idempotency_keys.filter(dsl::id.eq_any(ids))
    )
    .execute(c))?)
}

/// Deletes old keys until `cancel`: a service's background task.
pub async fn run_expiry(database: Database, cancel: CancellationToken) {
    loop {
        match database
            .write(|conn| delete_expired(conn, BATCH_ROWS))
            .await
        {
            // A full batch: there is probably more.
            Ok(deleted) if i64::try_from(deleted).is_ok_and(|rows| rows >= BATCH_ROWS) => continue,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "old idempotency keys could not be deleted");
            }
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}
