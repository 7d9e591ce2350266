//! Asks the API until it answers, as an integrator who must not lose a change.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use hyper::StatusCode;
use hyper::header::RETRY_AFTER;
use rig::{Answer, Ask, Connection};

use crate::ledger::Ledger;

/// How long an answer may take before the request is sent again.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the service may be away before that is a finding of its own.
const DEADLINE: Duration = Duration::from_secs(120);

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A client of all replicas of a service.
#[derive(Debug)]
pub(crate) struct Insistent {
    addresses: Vec<SocketAddr>,
    next: usize,
    token: Arc<str>,
    ledger: Arc<Ledger>,
    connection: Option<Connection>,
}

/// An answer, and whether an earlier try of the request may have been carried out.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) answer: Answer,
    pub(crate) is_repeat: bool,
    /// Tries before the one that was answered, each of which may have been carried out.
    pub(crate) earlier_tries: usize,
}

impl Insistent {
    pub(crate) fn new(
        addresses: Vec<SocketAddr>,
        first: usize,
        token: Arc<str>,
        ledger: Arc<Ledger>,
    ) -> Self {
        Self {
            addresses,
            next: first,
            token,
            ledger,
            connection: None,
        }
    }

    /// Sends until there is an answer that says more than "not now".
    pub(crate) async fn ask(&mut self, ask: &Ask) -> anyhow::Result<Settled> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut earlier_tries = 0;
        let mut last = String::new();
        while started.elapsed() < DEADLINE {
            match tokio::time::timeout(PATIENCE, self.send(ask)).await {
                Ok(Ok(answer)) if !is_not_now(&answer) => {
                    return Ok(Settled {
                        answer,
                        is_repeat: earlier_tries > 0,
                        earlier_tries,
                    });
                }
                Ok(Ok(answer)) => {
                    last = format!("{} {}", answer.status, answer.text());
                    if answer.status == StatusCode::INTERNAL_SERVER_ERROR {
                        let what = format!("{} {}: {last}", ask.method, ask.path);
                        self.ledger.lock().wrong_answers.push(what);
                    }
                    pause = pause.max(retry_after(&answer).min(LONGEST_PAUSE));
                }
                Ok(Err(error)) => {
                    last = format!("{error:#}");
                    self.turn_away();
                }
                Err(_elapsed) => {
                    last = format!("no answer within {PATIENCE:?}");
                    self.turn_away();
                }
            }
            // Even a 503 may come after a commit whose outcome the service could not learn.
            earlier_tries += 1;
            self.ledger.lock().retries += 1;
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        bail!(
            "{} {} had no answer for {DEADLINE:?}, the last try: {last}",
            ask.method,
            ask.path
        )
    }

    /// The outcome is unknown; the next try goes to the next replica.
    fn turn_away(&mut self) {
        self.connection = None;
        self.next += 1;
        self.ledger.lock().unanswered += 1;
    }

    async fn send(&mut self, ask: &Ask) -> anyhow::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let address = self.addresses[self.next % self.addresses.len()];
                Connection::open(address, Some(&self.token)).await?
            }
        };
        let answer = connection.send(ask.clone()).await?;
        self.connection = Some(connection);
        Ok(answer)
    }
}

fn is_not_now(answer: &Answer) -> bool {
    let in_flight = || answer.text().contains("idempotency_key_in_flight");
    match answer.status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::CONFLICT => in_flight(),
        status => status.is_server_error(),
    }
}

fn retry_after(answer: &Answer) -> Duration {
    let header = answer.headers.get(RETRY_AFTER);
    let seconds = header.and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}
