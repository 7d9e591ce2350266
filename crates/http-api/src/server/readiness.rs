//! `/readyz`: whether everything needed to answer is there.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use futures_util::future::{BoxFuture, FutureExt, join_all};
use serde_json::{Map, Value, json};

/// A check that takes longer has failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type CheckResult = Result<(), Box<dyn Error + Send + Sync>>;

/// One thing that must be well, by name.
#[derive(Clone)]
pub struct Readiness {
    name: &'static str,
    check: Arc<dyn Fn() -> BoxFuture<'static, CheckResult> + Send + Sync>,
    /// What is wrong with it as the log has it, so that each reason is told once.
    told: Arc<Mutex<Option<String>>>,
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Readiness").field(&self.name).finish()
    }
}

impl Readiness {
    /// A check called `name` in the answer. Its error goes to the log only, once while it lasts.
    pub fn new<F, Checked, E>(name: &'static str, check: F) -> Self
    where
        F: Fn() -> Checked + Send + Sync + 'static,
        Checked: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self {
            name,
            check: Arc::new(move || check().map(|result| result.map_err(Into::into)).boxed()),
            told: Arc::default(),
        }
    }

    /// Something called `name` that is not there yet, as whoever waits for it says in the log.
    #[must_use]
    pub fn never(name: &'static str) -> Self {
        const REASON: &str = "it is not there yet";
        let waiting = Self::new(name, || std::future::ready(Err::<(), _>(REASON)));
        waiting.is_news(Some(REASON.to_owned()));
        waiting
    }

    async fn is_ready(&self) -> bool {
        let wrong = match tokio::time::timeout(CHECK_TIMEOUT, (self.check)()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(telemetry::Chain(error.as_ref()).to_string()),
            Err(_elapsed) => Some("the check did not answer".to_owned()),
        };
        if self.is_news(wrong.clone()) {
            match &wrong {
                Some(reason) => tracing::warn!(check = self.name, reason, "not ready"),
                None => tracing::info!(check = self.name, "ready again"),
            }
        }
        wrong.is_none()
    }

    /// Keeps what is wrong; whether it was something else before.
    fn is_news(&self, wrong: Option<String>) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *told, wrong.clone()) != wrong
    }
}

pub(super) async fn answer(checks: &[Readiness], stopping: bool) -> HttpResponse {
    let results = join_all(checks.iter().map(Readiness::is_ready)).await;
    let ready = !stopping && results.iter().all(|ready| *ready);
    let checks: Map<String, Value> = checks
        .iter()
        .zip(&results)
        .map(|(check, ready)| {
            let state = if *ready { "ok" } else { "unavailable" };
            (check.name.to_owned(), json!(state))
        })
        .collect();
    let (mut response, status) = match (ready, stopping) {
        (true, _) => (HttpResponse::Ok(), "ok"),
        (false, true) => (HttpResponse::ServiceUnavailable(), "stopping"),
        (false, false) => (HttpResponse::ServiceUnavailable(), "unavailable"),
    };
    response.json(json!({"status": status, "checks": checks}))
}
