//! One time of leading: from taking the lead to losing it or stopping.

use std::pin::Pin;
use std::time::Duration;

use broker::{Confirmation, OutgoingMessage, PublishError, Publisher};
use database::{Backend, Connection, DatabaseError};
use events::{EventId, traceparent_of};
use futures_util::stream::{FuturesOrdered, StreamExt};
use telemetry::traces;
use tokio::time::{Instant, Interval, MissedTickBehavior, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use super::{Relay, RelayError, micros};
use crate::numbering::{self, Numbered};
use crate::state;
use crate::topology::EXCHANGE;

type Confirmed = Pin<Box<dyn Future<Output = (i64, Result<(), PublishError>)> + Send>>;
type Sent = Result<Vec<(i64, Confirmation, Span)>, RelayError>;
type Sending = Pin<Box<dyn Future<Output = Sent> + Send>>;

/// How long from one look for new events to the next, as long as a look finds all there are: a
/// look costs the same for one and for many, and on PostgreSQL it writes.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How long stopping waits for confirmations that are on their way.
const STOP_GRACE: Duration = Duration::from_secs(2);

pub(super) struct Session<'a> {
    relay: &'a Relay,
    publisher: Publisher,
    epoch: i64,
    /// Everything up to here is confirmed.
    through: i64,
    /// Everything up to here is saved as confirmed.
    saved: i64,
    saved_at: Instant,
    /// Everything up to here was read.
    read_to: i64,
    /// Whether there may be more to read.
    more: bool,
    /// When to read next at the earliest.
    rests_until: Instant,
    /// Whether there may be events that have a number already.
    catching_up: bool,
    careful: bool,
    sending: Option<Sending>,
    unconfirmed: FuturesOrdered<Confirmed>,
}

impl<'a> Session<'a> {
    /// A careful one publishes a single event and waits for its confirmation
    /// before it goes on with more.
    pub(super) async fn start(
        relay: &'a Relay,
        epoch: i64,
        careful: bool,
    ) -> Result<Self, RelayError> {
        let through = relay.database.read(state::published_through).await?;
        let publisher = relay
            .broker
            .publisher(EXCHANGE)
            .await
            .map_err(RelayError::Broker)?;
        Ok(Self {
            relay,
            publisher,
            epoch,
            through,
            saved: through,
            saved_at: Instant::now(),
            read_to: through,
            more: true,
            rests_until: Instant::now(),
            catching_up: true,
            careful,
            sending: None,
            unconfirmed: FuturesOrdered::new(),
        })
    }

    /// `works` is called at the first confirmation.
    pub(super) async fn run(
        &mut self,
        cancel: &CancellationToken,
        works: impl FnOnce() + Send,
    ) -> Result<(), RelayError> {
        let mut works = Some(works);
        let mut poll = ticks(self.relay.config.poll);
        let mut save = ticks(self.relay.config.save_every);
        loop {
            let reads_next = self.more && self.has_room();
            if reads_next && self.rests_until <= Instant::now() {
                self.read().await?;
                continue;
            }
            tokio::select! {
                biased;
                () = cancel.cancelled() => return self.settle().await,
                Some((seq, outcome)) = self.unconfirmed.next() => {
                    self.confirm(seq, outcome)?;
                    if let Some(works) = works.take() {
                        works();
                    }
                }
                sent = finish(&mut self.sending) => self.await_confirmations(sent?),
                () = self.relay.waker.woken() => self.more = true,
                _ = poll.tick() => self.more = true,
                _ = save.tick() => self.save().await?,
                () = sleep_until(self.rests_until), if reads_next => {}
            }
        }
    }

    /// Saves the cursor and lets another replica lead.
    pub(super) async fn give_back(self) -> Result<(), RelayError> {
        let (epoch, through) = (self.epoch, self.through);
        self.relay
            .database
            .write(move |conn| state::give_lead_back(conn, epoch, through))
            .await?;
        Ok(())
    }

    fn has_room(&self) -> bool {
        let window = if self.careful {
            1
        } else {
            self.relay.config.window
        };
        self.sending.is_none() && self.unconfirmed.len() < window
    }

    /// Reads what comes next, and begins to publish it.
    async fn read(&mut self) -> Result<(), RelayError> {
        let limit = if self.careful {
            1
        } else {
            self.relay.config.read_limit
        };
        let started = Instant::now();
        let events = if self.catching_up {
            self.read_numbered(limit).await?
        } else {
            self.number(limit).await?
        };
        let all = events.len() < usize::try_from(limit).unwrap_or(usize::MAX);
        self.more = !all;
        if all {
            self.rests_until = started + LOOK_EVERY;
        }
        if all && self.catching_up && self.relay.database.backend() == Backend::Postgres {
            // From here on, what is numbered is read in the same step.
            self.catching_up = false;
            self.more = true;
        }
        if let Some(last) = events.last() {
            self.read_to = last.seq;
            self.sending = Some(send(self.publisher.clone(), events));
        }
        Ok(())
    }

    async fn read_numbered(&mut self, limit: i64) -> Result<Vec<Numbered>, RelayError> {
        let (epoch, after) = (self.epoch, self.read_to);
        self.relay
            .database
            .read(move |conn| {
                // The cursor may have been moved back while there was nothing to save.
                if state::epoch(conn)? != epoch {
                    return Ok::<_, DatabaseError>(None);
                }
                numbering::read(conn, after, limit).map(Some)
            })
            .await?
            .ok_or(RelayError::LostLead)
    }

    /// PostgreSQL only: on SQLite an event has its number from the start.
    async fn number(&mut self, limit: i64) -> Result<Vec<Numbered>, RelayError> {
        let epoch = self.epoch;
        self.relay
            .database
            .write_statement(move |conn| {
                let Connection::Postgres(c) = conn else {
                    return Ok::<_, DatabaseError>(Some(Vec::new()));
                };
                let events = numbering::assign(c, epoch, limit)?;
                if events.is_empty() && state::epoch(conn)? != epoch {
                    return Ok(None);
                }
                Ok(Some(events))
            })
            .await?
            .ok_or(RelayError::LostLead)
    }

    fn await_confirmations(&mut self, sent: Vec<(i64, Confirmation, Span)>) {
        self.sending = None;
        for (seq, confirmation, span) in sent {
            let confirmed = async move { (seq, confirmation.await) };
            self.unconfirmed
                .push_back(Box::pin(confirmed.instrument(span)));
        }
    }

    fn confirm(&mut self, seq: i64, outcome: Result<(), PublishError>) -> Result<(), RelayError> {
        outcome.map_err(|source| RelayError::Publish { seq, source })?;
        self.through = seq;
        self.careful = false;
        Ok(())
    }

    /// Saves the cursor if it moved, and renews the lease where others wait for it.
    async fn save(&mut self) -> Result<(), RelayError> {
        let lease = self.relay.config.lease;
        let renew = self.relay.database.backend() == Backend::Postgres
            && self.saved_at.elapsed() > lease / 5;
        if self.through == self.saved && !renew {
            return Ok(());
        }
        let (epoch, through, lease_us) = (self.epoch, self.through, micros(lease));
        let kept = self
            .relay
            .database
            .write(move |conn| state::keep_lead(conn, epoch, through, lease_us))
            .await?;
        if !kept {
            return Err(RelayError::LostLead);
        }
        self.saved = through;
        self.saved_at = Instant::now();
        Ok(())
    }

    /// Takes in the confirmations that are about to come.
    async fn settle(&mut self) -> Result<(), RelayError> {
        let settle = async {
            if self.sending.is_some() {
                let sent = finish(&mut self.sending).await?;
                self.await_confirmations(sent);
            }
            while let Some((seq, outcome)) = self.unconfirmed.next().await {
                self.confirm(seq, outcome)?;
            }
            Ok(())
        };
        // What is not confirmed by then is published again at the next start.
        tokio::time::timeout(STOP_GRACE, settle)
            .await
            .unwrap_or(Ok(()))
    }
}

/// Publishes a batch; awaiting it is awaiting room in the broker's windows.
fn send(publisher: Publisher, events: Vec<Numbered>) -> Sending {
    Box::pin(async move {
        let mut confirmations = Vec::with_capacity(events.len());
        for event in events {
            let seq = event.seq;
            let (message, span) = message(event);
            let confirmation = publisher
                .publish(message)
                .await
                .map_err(|source| RelayError::Publish { seq, source })?;
            confirmations.push((seq, confirmation, span));
        }
        Ok(confirmations)
    })
}

/// The message of an event, and the span that ends with its confirmation.
fn message(event: Numbered) -> (OutgoingMessage, Span) {
    let message_id = EventId::from_bytes(&event.event_id)
        .map(|id| id.to_string())
        .unwrap_or_default();
    let cause = traceparent_of(&event.body);
    let span = traces::under(cause.as_deref().unwrap_or_default(), || {
        info_span!(
            target: traces::TARGET,
            "publish",
            otel.kind = "producer",
            trace_id = Empty,
            messaging.destination.name = EXCHANGE,
            messaging.message.id = message_id,
            event_type = event.event_type,
        )
    });
    // Who relays without a collector passes on what it got.
    let published = traces::traceparent_of(&span);
    let traceparent = Some(published).filter(|it| !it.is_empty()).or(cause);
    let message = OutgoingMessage {
        message_id,
        routing_key: event.event_type.clone(),
        message_type: event.event_type,
        seq: u64::try_from(event.seq).ok(),
        traceparent,
        body: event.body.into(),
    };
    (message, span)
}

async fn finish(sending: &mut Option<Sending>) -> Sent {
    match sending {
        Some(sending) => sending.await,
        None => std::future::pending().await,
    }
}

fn ticks(every: Duration) -> Interval {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
