//! What goes from the journal after its time, and from memory.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::state::AppState;
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

/// Deletes what is past its time, batch by batch.
async fn expire(state: &AppState, cancel: &CancellationToken) {
    let kept_us = i64::try_from(state.config.keep_requests.as_micros()).unwrap_or(i64::MAX);
    let before_us = state.clock.now().0.saturating_sub(kept_us);
    while !cancel.is_cancelled() {
        let began = Instant::now();
        let deleted = state
            .database
            .write(move |conn| delete_expired(conn, before_us, BATCH_ROWS))
            .await;
        match deleted {
            Ok(0) => return,
            Ok(deleted) => {
                state.metrics.count_expired(deleted);
                // Others go first for as long.
                tokio::time::sleep(began.elapsed()).await;
            }
            Err(error) => {
                tracing::warn!(%error, "old requests could not be deleted");
                return;
            }
        }
    }
}
