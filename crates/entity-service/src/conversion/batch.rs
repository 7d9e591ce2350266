//! One batch: decode, convert in portions, park what cannot be taken in.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use broker::IncomingMessage;
use database::{Backend, DatabaseError, write_halving};
use events::{Change, Decoded, Event};
use outbox::parked::{NewParked, park};
use outbox::queue::ENTITY_LEADS;

use super::Conversion;
use super::lead::Lead;
use super::metrics::Outcome;
use super::unit::{Request, convert_all};
use crate::store::error::StoreError;
use telemetry::traces;
use tracing::field::Empty;
use tracing::{Span, info_span};

/// How long to wait where another transaction was in the way of one lead.
const CONFLICT_PAUSE: Duration = Duration::from_millis(5);

/// How many leads share a transaction on SQLite: more is faster, but others wait
/// longer for the one writer.
const SQLITE_PORTION: usize = 64;

/// The same on PostgreSQL, where each lead takes up to three of the locks that
/// the server has room for.
const POSTGRES_PORTION: usize = 128;

/// How often a lead is tried by itself if what it refers to goes away in the
/// moment between looking and writing.
const TRIES: usize = 5;

impl Conversion {
    /// Converts a batch; all of it may be acked when this returns.
    pub(super) async fn convert(&self, messages: &[IncomingMessage]) -> Result<(), DatabaseError> {
        let mut parked = Vec::new();
        let size = match self.database.backend() {
            Backend::Sqlite => SQLITE_PORTION,
            Backend::Postgres => POSTGRES_PORTION,
        };
        let mut requests = self.decode(messages, &mut parked).into_iter().peekable();
        while requests.peek().is_some() {
            let portion: Vec<Request> = requests.by_ref().take(size).collect();
            let guilty = self.convert_portion(Arc::new(portion)).await?;
            for (place, reason) in guilty {
                if let Some(message) = messages.get(place) {
                    parked.push(NewParked::of(ENTITY_LEADS, message, reason));
                }
            }
        }
        self.park(parked).await
    }

    async fn park(&self, parked: Vec<NewParked>) -> Result<(), DatabaseError> {
        if parked.is_empty() {
            return Ok(());
        }
        let parked = Arc::new(parked);
        let kept = Arc::clone(&parked);
        self.database
            .write(move |conn| kept.iter().try_for_each(|message| park(conn, message)))
            .await?;
        for message in parked.iter() {
            tracing::error!(
                message = message.message_id,
                reason = message.reason,
                "a request to convert a lead cannot be taken in and is parked"
            );
            self.metrics.count(Outcome::Parked);
        }
        Ok(())
    }

    /// The requests of a batch, each event once: a repeat may come right behind
    /// the first.
    fn decode(&self, messages: &[IncomingMessage], parked: &mut Vec<NewParked>) -> Vec<Request> {
        let mut seen = HashSet::with_capacity(messages.len());
        let mut requests = Vec::with_capacity(messages.len());
        for (place, message) in messages.iter().enumerate() {
            match Event::decode(&message.body) {
                Ok(Decoded::Event(event)) => {
                    let Change::LeadConversionRequested(lead) = event.change else {
                        continue;
                    };
                    if !seen.insert(event.id) {
                        self.metrics.count(Outcome::Redelivered);
                        continue;
                    }
                    requests.push(Request {
                        event_id: event.id,
                        account_id: event.account_id,
                        cause: event.cause,
                        lead: Lead::of(*lead),
                        place,
                    });
                }
                Ok(Decoded::Unknown) => {}
                Err(error) => {
                    parked.push(NewParked::of(ENTITY_LEADS, message, error.to_string()));
                }
            }
        }
        requests
    }

    /// Returns which messages could not be taken in, and why.
    async fn convert_portion(
        &self,
        portion: Arc<Vec<Request>>,
    ) -> Result<Vec<(usize, String)>, DatabaseError> {
        let now = self.clock.now();
        // Each ends when the leads are converted.
        let _spans: Vec<Span> = portion.iter().map(span_of).collect();
        let halved = write_halving(
            &self.database,
            Arc::clone(&portion),
            move |conn, requests: &[Request]| convert_all(conn, requests, now),
            is_not_theirs,
        )
        .await
        .map_err(unavailable)?;
        self.note(&halved.written.concat());
        let mut parked = Vec::new();
        for (at, error) in halved.guilty {
            let Some(request) = portion.get(at) else {
                continue;
            };
            if let Err(error) = self.convert_alone(&portion, at, error).await? {
                parked.push((request.place, error.to_string()));
            }
        }
        Ok(parked)
    }

    /// Tries a lead again that met a change of what it refers to.
    async fn convert_alone(
        &self,
        portion: &Arc<Vec<Request>>,
        at: usize,
        mut error: StoreError,
    ) -> Result<Result<(), StoreError>, DatabaseError> {
        for _ in 1..TRIES {
            if !met_a_change(&error) {
                break;
            }
            tokio::time::sleep(CONFLICT_PAUSE).await;
            let (portion, now) = (Arc::clone(portion), self.clock.now());
            let converted = self
                .database
                .write(move |conn| convert_all(conn, portion.get(at..=at).unwrap_or_default(), now))
                .await;
            match converted {
                Ok(outcomes) => {
                    self.note(&outcomes);
                    return Ok(Ok(()));
                }
                Err(again) if is_not_theirs(&again) => return Err(unavailable(again)),
                Err(again) => error = again,
            }
        }
        Ok(Err(error))
    }

    fn note(&self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            self.metrics.count(*outcome);
        }
        if !outcomes.is_empty() {
            self.waker.wake();
        }
    }
}

fn span_of(request: &Request) -> Span {
    traces::under(&request.cause.traceparent, || {
        info_span!(
            target: traces::TARGET,
            "convert lead",
            otel.kind = "consumer",
            trace_id = Empty,
            messaging.destination.name = ENTITY_LEADS,
            messaging.message.id = %request.event_id,
        )
    })
}

/// Whether the leads are not at fault.
fn is_not_theirs(error: &StoreError) -> bool {
    matches!(error, StoreError::Database(error) if error.is_retryable())
}

/// Whether a row went or came in the moment between looking and writing.
fn met_a_change(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Database(
            DatabaseError::ForeignKeyViolation(_) | DatabaseError::UniqueViolation(_)
        )
    )
}

/// What [`is_not_theirs`] lets through is the database's.
fn unavailable(error: StoreError) -> DatabaseError {
    match error {
        StoreError::Database(error) => error,
        StoreError::Refused(refusal) => DatabaseError::Unavailable(refusal.to_string()),
    }
}
