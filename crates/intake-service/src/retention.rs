//! What goes from the journal after its time, and from memory.
//!
//! Entries go in small batches with rests between. What requests held goes with them on SQLite; on
//! PostgreSQL it lies in partitions by the day that the request came, and goes with that, or one by
//! one where much of an old day is kept.

use std::time::Duration;

use database::DatabaseError;
use database::partitions::{self, Moment};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::state::AppState;
use crate::store::requests::bodies::BODIES;
use crate::store::requests::delete_expired;

/// How often old requests are looked for, and addresses that count no more.
const INTERVAL: Duration = Duration::from_secs(60);
/// How many go in one transaction, so that nobody waits long behind it.
const BATCH_ROWS: i64 = 500;

/// Deletes old requests until `cancel`.
pub(crate) async fn run(state: &AppState, cancel: &CancellationToken) {
    loop {
        expire(state, cancel).await;
        state.limiter.clean();
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Deletes what is past its time.
async fn expire(state: &AppState, cancel: &CancellationToken) {
    if let Err(error) = expire_until(state, cancel).await {
        tracing::warn!(%error, "old requests could not be deleted");
    }
}

async fn expire_until(state: &AppState, cancel: &CancellationToken) -> Result<(), DatabaseError> {
    partitions::make_ahead(&state.database, &BODIES).await?;
    let before_us = cutoff_us(state).await?;
    while !cancel.is_cancelled() {
        let began = Instant::now();
        let deleted = state
            .database
            .write(move |conn| delete_expired(conn, before_us, BATCH_ROWS))
            .await?;
        if deleted == 0 {
            break;
        }
        state.metrics.count_expired(deleted);
        // Others go first for as long.
        tokio::time::sleep(began.elapsed()).await;
    }
    if !cancel.is_cancelled() {
        let cutoff = Moment::of_us(before_us);
        partitions::drop_old(&state.database, &BODIES, cutoff).await?;
        let is_over = || cancel.is_cancelled();
        partitions::clear_unowned(&state.database, &BODIES, cutoff, is_over).await?;
    }
    Ok(())
}

/// What came before this is past its time. A clock that is ahead, here or on the server, deletes
/// nothing.
async fn cutoff_us(state: &AppState) -> Result<i64, DatabaseError> {
    let server_us = state.database.read(|conn| conn.now_us()).await?;
    let now_us = state.clock.now().0.min(server_us);
    let kept_us = i64::try_from(state.config.keep_requests.as_micros()).unwrap_or(i64::MAX);
    Ok(now_us.saturating_sub(kept_us))
}
