//! A consumer that outlives its channels.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Life;
use super::connect::Reason;
use super::declare::{Declared, declare_all};
use super::link::{Closed, Link};
use super::subscription::{ConsumerId, Lease, Subscription};
use crate::error::ConsumeError;
use crate::message::IncomingMessage;

#[derive(Debug)]
pub(crate) struct Consumer {
    id: ConsumerId,
    queue: Arc<str>,
    prefetch: u16,
    link: Link,
    declared: Declared,
    state: State,
    /// Before the next attempt to open a channel.
    pause: Duration,
    life: Arc<Life>,
    /// Ends a wait for a connection. What is being opened by then is opened, and closed in good
    /// order.
    unwanted: CancellationToken,
    _unwanted_when_dropped: DropGuard,
}

/// The pause after a channel that could not be opened over a connection that could: callers may ask
/// again at once.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug)]
enum State {
    /// A task, so that a `receive` that is cancelled again and again gets on all the same.
    Opening(Opening),
    Open(Subscription),
    /// The channel was lost, and the caller knows or was told with the loss.
    Lost,
}

type Opening = JoinHandle<Result<Result<Subscription, Reason>, Closed>>;

impl Consumer {
    pub(super) fn attach(
        queue: &str,
        prefetch: u16,
        link: Link,
        declared: Declared,
        life: Arc<Life>,
    ) -> Self {
        let unwanted = CancellationToken::new();
        let mut consumer = Self {
            id: ConsumerId::next(),
            queue: queue.into(),
            prefetch,
            link,
            declared,
            state: State::Lost,
            pause: Duration::ZERO,
            life,
            _unwanted_when_dropped: unwanted.clone().drop_guard(),
            unwanted,
        };
        consumer.open(None, false);
        consumer
    }

    pub(crate) async fn receive(
        &mut self,
        max_messages: usize,
        max_bytes: usize,
    ) -> Result<(Vec<IncomingMessage>, Lease), ConsumeError> {
        if let State::Open(subscription) = &self.state
            && subscription.hold().is_leased()
        {
            return Err(ConsumeError::BatchOutstanding);
        }
        loop {
            if self.life.is_over() {
                return Err(ConsumeError::Closed);
            }
            match &mut self.state {
                State::Lost => self.open(None, true),
                State::Opening(opening) => match opening.await {
                    Ok(Ok(Ok(subscription))) => self.state = State::Open(subscription),
                    Ok(Ok(Err(reason))) => {
                        self.pause = PAUSE;
                        return Err(self.lose(reason));
                    }
                    Ok(Err(Closed)) => return Err(ConsumeError::Closed),
                    Err(panicked) => return Err(self.lose(Reason::new(panicked.to_string()))),
                },
                State::Open(subscription) => {
                    if let Some(closing) = subscription.hold().ended() {
                        self.open(closing, false);
                        continue;
                    }
                    let batch = tokio::select! {
                        batch = subscription.next_batch(max_messages, max_bytes) => batch,
                        () = self.life.over() => return Err(ConsumeError::Closed),
                    };
                    return batch.map_err(|reason| self.lose(reason));
                }
            }
        }
    }

    pub(crate) async fn ack(&mut self, lease: Lease) -> Result<(), ConsumeError> {
        if self.life.is_over() {
            return Err(ConsumeError::Closed);
        }
        let acked = match &self.state {
            State::Open(subscription) if lease.is_of(subscription.hold()) => {
                subscription.ack(lease).await
            }
            _ if lease.is_from(self.id) => {
                return Err(ConsumeError::ConnectionLost {
                    source: Box::new(Reason::new("the channel that the batch came over was lost")),
                });
            }
            _ => return Err(ConsumeError::ForeignBatch),
        };
        acked.map_err(|error| self.lose(error.into()))
    }

    /// Opens a channel in the background, as soon as there is a connection and what was `closing`
    /// is closed.
    fn open(&mut self, closing: Option<JoinHandle<()>>, mut declare: bool) {
        let (id, pause) = (self.id, std::mem::take(&mut self.pause));
        let mut link = self.link.clone();
        let (queue, prefetch) = (Arc::clone(&self.queue), self.prefetch);
        let (declared, unwanted) = (self.declared.clone(), self.unwanted.clone());
        let opening = async move {
            if let Some(closing) = closing {
                // It fails only by being aborted, with the runtime.
                drop(closing.await);
            }
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            loop {
                let up = unwanted.run_until_cancelled(link.up()).await;
                let up = up.unwrap_or(Err(Closed))?;
                declare |= declared.is_settling();
                let opened = async {
                    if declare {
                        declare_all(&up.connection, &declared)
                            .await
                            .map_err(Reason::from)?;
                    }
                    Ok(Subscription::open(id, &up.connection, &queue, prefetch).await?)
                };
                let mut watched = link.clone();
                let opened: Result<_, Reason> = tokio::select! {
                    opened = opened => opened,
                    // What is asked of a connection that ends may never be answered.
                    _reason = watched.lost(&up) => continue,
                };
                if !declare && opened.as_ref().is_err_and(Reason::is_queue_gone) {
                    tracing::warn!(%queue, "the queue is gone; it is declared again");
                    declared.found_gone();
                    continue;
                }
                if opened.is_ok() || up.connection.status().connected() {
                    return Ok(opened);
                }
                // Nothing was there that could be lost: the wait goes on.
                unwanted.run_until_cancelled(link.lost(&up)).await;
            }
        };
        self.state = State::Opening(tokio::spawn(opening));
    }

    fn lose(&mut self, reason: Reason) -> ConsumeError {
        self.state = State::Lost;
        if reason.is_queue_gone() {
            self.declared.found_gone();
            return ConsumeError::QueueGone {
                queue: self.queue.to_string(),
                source: Box::new(reason),
            };
        }
        ConsumeError::ConnectionLost {
            source: Box::new(reason),
        }
    }
}
