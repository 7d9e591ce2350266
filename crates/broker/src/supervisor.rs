//! Keeping a consumer's task alive.
//!
//! It lives beside the queues because it is the other half of their promise: a task that panics
//! drops its batch, the queue takes the messages back, and the task that is started next gets them
//! again. Without the restart the first half would only keep messages, not deliver them.

use std::any::Any;
use std::error::Error;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// The wait before the first restart; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest wait. A run that lasts as long as this counts as healthy and starts the waits anew.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Runs the task that `start` makes, again and again, until it ends by itself (`Ok`) or `cancel` is
/// set.
///
/// A run that fails or panics is logged and started again after a pause: 100 ms, doubling to 10 s.
/// A message that makes its consumer panic every time is therefore tried for ever; a consumer parks
/// what it cannot take in.
///
/// After `cancel` nothing is started any more, but the present run is waited for: it gets a clone
/// of the token and ends when it has finished what is in flight. Dropping the future of `supervise`
/// aborts the run.
pub async fn supervise<Start, Run, Failure>(name: &str, cancel: CancellationToken, mut start: Start)
where
    Start: FnMut(CancellationToken) -> Run,
    Run: Future<Output = Result<(), Failure>> + Send + 'static,
    Failure: Error + Send + 'static,
{
    let mut pause = FIRST_PAUSE;
    while !cancel.is_cancelled() {
        let started = Instant::now();
        if run_once(name, start(cancel.clone())).await.is_ok() {
            return;
        }
        if started.elapsed() >= LONGEST_PAUSE {
            pause = FIRST_PAUSE;
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The run did not end well; what happened is in the log.
struct Failed;

async fn run_once<Failure>(
    name: &str,
    run: impl Future<Output = Result<(), Failure>> + Send + 'static,
) -> Result<(), Failed>
where
    Failure: Error + Send + 'static,
{
    // A task of its own turns a panic into a value; the set aborts it when this future is dropped.
    let mut tasks = JoinSet::new();
    tasks.spawn(run.in_current_span());
    match tasks.join_next().await {
        Some(Ok(Ok(()))) | None => Ok(()),
        Some(Ok(Err(failure))) => {
            let error: &(dyn Error + 'static) = &failure;
            tracing::warn!(task = name, error, "task failed and will be restarted");
            Err(Failed)
        }
        Some(Err(ended)) => {
            let reason = match ended.try_into_panic() {
                Ok(panic) => panic_message(panic.as_ref()).to_owned(),
                Err(cancelled) => cancelled.to_string(),
            };
            tracing::error!(task = name, reason, "task panicked and will be restarted");
            Err(Failed)
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "panic without a message"
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::pending;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn failures_and_panics_are_restarted_with_growing_pauses() {
        let began = Instant::now();
        let mut starts = Vec::new();
        supervise("test", CancellationToken::new(), |_| {
            starts.push(began.elapsed().as_millis());
            let run = starts.len();
            async move {
                match run {
                    1 => Err(std::fmt::Error),
                    2 => panic!("second failure"),
                    3 => Err(std::fmt::Error),
                    _ => Ok(()),
                }
            }
        })
        .await;
        assert_eq!(starts, [0, 100, 300, 700]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_healthy_run_starts_the_pauses_anew_and_none_is_over_the_longest() {
        let mut pauses = Vec::new();
        let mut ended = Instant::now();
        let ends = Arc::new(std::sync::Mutex::new(ended));
        let noted = Arc::clone(&ends);
        let mut runs = 0;
        supervise("test", CancellationToken::new(), |_| {
            runs += 1;
            ended = *noted.lock().unwrap();
            pauses.push(ended.elapsed().as_millis());
            let (run, ends) = (runs, Arc::clone(&ends));
            async move {
                if run == 10 {
                    sleep(Duration::from_secs(10)).await;
                }
                *ends.lock().unwrap() = Instant::now();
                if run == 12 {
                    Ok(())
                } else {
                    Err(std::fmt::Error)
                }
            }
        })
        .await;
        assert_eq!(
            pauses,
            [
                0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 100, 200
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn cancelling_waits_for_the_present_run_and_starts_no_other() {
        let cancel = CancellationToken::new();
        let finished = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&finished);
        let supervised = tokio::spawn({
            let cancel = cancel.clone();
            async move {
                supervise("test", cancel, move |cancel| {
                    let count = Arc::clone(&count);
                    async move {
                        cancel.cancelled().await;
                        sleep(Duration::from_secs(1)).await;
                        count.fetch_add(1, Ordering::SeqCst);
                        Err(std::fmt::Error)
                    }
                })
                .await;
            }
        });
        tokio::task::yield_now().await;
        cancel.cancel();
        supervised.await.unwrap();
        assert_eq!(finished.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn cancelling_ends_a_pause() {
        let cancel = CancellationToken::new();
        let began = Instant::now();
        let token = cancel.clone();
        let supervised = supervise("test", cancel, |_| async { Err(std::fmt::Error) });
        tokio::join!(supervised, async move {
            sleep(Duration::from_millis(50)).await;
            token.cancel();
        });
        assert_eq!(began.elapsed(), Duration::from_millis(50));
    }

    #[tokio::test(start_paused = true)]
    async fn dropping_the_supervisor_aborts_the_run() {
        let held = Arc::new(());
        let run_holds = Arc::clone(&held);
        let supervised = supervise("test", CancellationToken::new(), move |_| {
            let held = Arc::clone(&run_holds);
            async move {
                let _held = held;
                pending::<Result<(), Infallible>>().await
            }
        });
        assert!(
            tokio::time::timeout(Duration::from_secs(1), supervised)
                .await
                .is_err()
        );
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
