//! Waiting for a condition instead of for a time.

use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use tokio::time::Instant;

/// How often the condition is looked at.
const PAUSE: Duration = Duration::from_millis(5);

/// Returns as soon as `condition` holds.
///
/// # Panics
///
/// If it does not hold within `deadline`; the message names the caller's line.
#[track_caller]
pub fn wait_until<C, F>(deadline: Duration, mut condition: C) -> impl Future<Output = ()>
where
    C: FnMut() -> F,
    F: Future<Output = bool>,
{
    let caller = Location::caller();
    async move {
        let end = Instant::now() + deadline;
        while !condition().await {
            assert!(
                Instant::now() < end,
                "the condition at {caller} did not hold within {deadline:?}"
            );
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn returns_once_the_condition_holds() {
        let calls = AtomicUsize::new(0);
        wait_until(Duration::from_secs(1), || async {
            calls.fetch_add(1, Ordering::SeqCst) == 3
        })
        .await;
        assert_eq!(calls.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "did not hold within 1s")]
    async fn panics_at_the_deadline() {
        wait_until(Duration::from_secs(1), || async { false }).await;
    }
}
