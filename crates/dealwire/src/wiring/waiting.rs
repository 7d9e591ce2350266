//! While a service waits for its database: the address answers already, and
//! says what is missing.

use std::fmt::Display;
use std::net::TcpListener;
use std::time::Duration;

use http_api::{HttpApi, HttpApiParts, Readiness, ServerConfig, TokenVerifier, unavailable_routes};
use telemetry::Metrics;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The pauses between attempts: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// How long the same reason is not told again.
const REMIND_EVERY: Duration = Duration::from_secs(60);

/// When a caller may ask again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A server that answers `/healthz`, and everything else with 503.
#[derive(Debug)]
pub(super) struct WaitingRoom {
    end: CancellationToken,
    serving: JoinHandle<()>,
}

impl WaitingRoom {
    /// Opens on `listener`; `readiness` is what `/readyz` shows.
    pub(super) fn open(
        listener: &TcpListener,
        verifier: TokenVerifier,
        readiness: Vec<Readiness>,
    ) -> anyhow::Result<Self> {
        let api = HttpApi::new(HttpApiParts {
            verifier,
            routes: vec![unavailable_routes("", RETRY_AFTER)],
            root_routes: vec![unavailable_routes("/in", RETRY_AFTER)],
            openapi: super::openapi,
            readiness,
            metrics: Metrics::new(),
        })?;
        let end = CancellationToken::new();
        let config = ServerConfig {
            // Nobody shall be on a connection that ends with the waiting.
            keep_alive: Duration::ZERO,
            hands_over: true,
            ..ServerConfig::default()
        };
        let serving = http_api::serve(vec![listener.try_clone()?], config, api, end.clone());
        let serving = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::warn!(%error, "nothing is answered until the service has started");
            }
        });
        Ok(Self { end, serving })
    }

    /// Answers whoever is in it and takes in nobody else. Who connects meanwhile
    /// waits in the listener's queue.
    pub(super) async fn close(self) {
        self.end.cancel();
        // A panic in it is no reason not to start.
        drop(self.serving.await);
    }
}

/// Repeats `attempt` until it works; `None` if the process is to stop before.
///
/// A reason is told when it is new, and once a minute while it stays.
pub(super) async fn until_there<T, E, F, Attempt>(
    what: &str,
    stop: &CancellationToken,
    mut attempt: F,
) -> Option<T>
where
    F: FnMut() -> Attempt,
    Attempt: Future<Output = Result<T, E>>,
    E: Display,
{
    let mut told: Option<(String, Instant)> = None;
    let (mut pause, longest) = PAUSES;
    loop {
        let error = match stop.run_until_cancelled(attempt()).await? {
            Ok(there) => {
                if told.is_some() {
                    tracing::info!("{what} is there");
                }
                return Some(there);
            }
            Err(error) => error.to_string(),
        };
        let is_news = told
            .as_ref()
            .is_none_or(|(reason, at)| *reason != error || at.elapsed() >= REMIND_EVERY);
        if is_news {
            tracing::warn!(reason = error, "waiting for {what}");
            told = Some((error, Instant::now()));
        }
        stop.run_until_cancelled(tokio::time::sleep(pause)).await?;
        pause = (pause * 2).min(longest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_until_it_works() {
        let mut tries = 0;
        let stop = CancellationToken::new();
        let there = until_there("the thing", &stop, || {
            tries += 1;
            let tried = tries;
            async move {
                if tried < 20 {
                    Err("not yet")
                } else {
                    Ok(tried)
                }
            }
        })
        .await;
        assert_eq!(there, Some(20));
    }

    #[tokio::test(start_paused = true)]
    async fn gives_up_when_the_process_stops() {
        let stop = CancellationToken::new();
        let waiting = until_there("the thing", &stop, || async { Err::<(), _>("never") });
        let stopping = async {
            tokio::time::sleep(Duration::from_secs(600)).await;
            stop.cancel();
        };
        let (there, ()) = tokio::join!(waiting, stopping);
        assert_eq!(there, None);
    }
}
