//! Keeps one connection alive for as long as anybody wants it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::{Connection, Event};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::config::RabbitMqConfig;
use super::connect::{Reason, connect};
use super::declare::{Declared, declare_all};
use crate::topology::Topology;

/// The waits between attempts, before jitter.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long ending a connection in good order may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often a connection is looked at that has reported nothing.
const LOOK: Duration = Duration::from_secs(1);

/// One of a broker's connections, wherever it stands at the moment. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Link {
    state: watch::Receiver<LinkState>,
}

#[derive(Debug, Clone)]
enum LinkState {
    /// Not connected, and why; `None` before the first attempt has ended.
    Down(Option<Reason>),
    Up(Up),
    /// For good.
    Closed,
}

/// A connection over which everything is declared.
#[derive(Debug, Clone)]
pub(super) struct Up {
    pub(super) connection: Arc<Connection>,
    blocked: watch::Receiver<Option<String>>,
}

/// The broker was closed on purpose.
#[derive(Debug)]
pub(super) struct Closed;

impl Link {
    /// Connects in the background, and again for ever, until `cancel`.
    pub(super) fn open(
        config: Arc<RabbitMqConfig>,
        purpose: &'static str,
        declared: Declared,
        cancel: CancellationToken,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (sender, state) = watch::channel(LinkState::Down(None));
        let keeper = Keeper {
            config,
            purpose,
            declared,
            state: sender,
        };
        let task = tokio::spawn(keeper.run(cancel));
        (Self { state }, task)
    }

    /// Waits for the connection, however long it takes.
    pub(super) async fn up(&mut self) -> Result<Up, Closed> {
        let state = self
            .state
            .wait_for(|state| !matches!(state, LinkState::Down(_)))
            .await;
        match state.as_deref() {
            Ok(LinkState::Up(up)) => Ok(up.clone()),
            _ => Err(Closed),
        }
    }

    /// Waits for the connection, but not longer than `patience`, and not while the broker refuses
    /// this topology; then says why there is none.
    pub(super) async fn up_for(
        &mut self,
        topology: &Topology,
        patience: Duration,
    ) -> Result<Result<Up, Reason>, Closed> {
        let refuses = |reason: &Option<Reason>| {
            let refusal = reason.as_ref().and_then(Reason::refusal);
            refusal.is_some_and(|refusal| refusal.concerns(topology))
        };
        let settled = self.state.wait_for(|state| match state {
            LinkState::Up(_) | LinkState::Closed => true,
            LinkState::Down(reason) => refuses(reason),
        });
        if let Ok(Ok(state)) = tokio::time::timeout(patience, settled).await {
            match &*state {
                LinkState::Up(up) => return Ok(Ok(up.clone())),
                LinkState::Closed => return Err(Closed),
                LinkState::Down(_) => {}
            }
        }
        Ok(Err(self.reason()))
    }

    /// Waits until this very connection is no longer the one in use.
    pub(super) async fn lost(&mut self, up: &Up) -> Reason {
        let gone = self
            .state
            .wait_for(|state| !matches!(state, LinkState::Up(now) if Arc::ptr_eq(&now.connection, &up.connection)))
            .await;
        match gone.as_deref() {
            Ok(LinkState::Down(Some(reason))) => reason.clone(),
            _ => Reason::new("the connection was closed"),
        }
    }

    /// Why there is no connection now.
    pub(super) fn reason(&self) -> Reason {
        match &*self.state.borrow() {
            LinkState::Down(Some(reason)) => reason.clone(),
            LinkState::Down(None) => Reason::new("still connecting"),
            LinkState::Up(_) | LinkState::Closed => Reason::new("the connection was closed"),
        }
    }

    /// The connection, if there is one, or why not.
    pub(super) fn now(&self) -> Result<Up, Reason> {
        match &*self.state.borrow() {
            LinkState::Up(up) => Ok(up.clone()),
            _ => Err(self.reason()),
        }
    }
}

impl Up {
    /// Why the broker takes no messages over this connection, if it does not.
    pub(super) fn blocked(&self) -> Option<String> {
        self.blocked.borrow().clone()
    }
}

struct Keeper {
    config: Arc<RabbitMqConfig>,
    purpose: &'static str,
    declared: Declared,
    state: watch::Sender<LinkState>,
}

impl Keeper {
    async fn run(self, cancel: CancellationToken) {
        let mut pause = SHORTEST_PAUSE;
        // A line when it is lost, a line when it is back, whatever lies between.
        let mut told = false;
        while let Some(attempt) = cancel.run_until_cancelled(self.attempt()).await {
            let reason = match attempt {
                Ok((connection, blocked)) => {
                    if std::mem::take(&mut told) {
                        tracing::info!(
                            broker = self.config.target(),
                            purpose = self.purpose,
                            "connected to the broker again"
                        );
                    } else {
                        tracing::debug!(purpose = self.purpose, "connected to the broker");
                    }
                    pause = SHORTEST_PAUSE;
                    match self.hold(connection, blocked, &cancel).await {
                        Some(reason) => reason,
                        None => break,
                    }
                }
                Err(reason) => reason,
            };
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(
                    broker = self.config.target(),
                    purpose = self.purpose,
                    %reason,
                    "no connection to the broker; trying for ever"
                );
            }
            self.state.send_replace(LinkState::Down(Some(reason)));
            if cancel
                .run_until_cancelled(tokio::time::sleep(jittered(pause)))
                .await
                .is_none()
            {
                break;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.state.send_replace(LinkState::Closed);
    }

    async fn attempt(&self) -> Result<(Connection, EventStream), Reason> {
        let connection = connect(&self.config, self.purpose).await?;
        let events = connection.events_listener().boxed();
        declare_all(&connection, &self.declared)
            .await
            .map_err(Reason::from)?;
        Ok((connection, events))
    }

    /// Offers the connection until it is lost, and says why; `None` when it was ended on purpose.
    async fn hold(
        &self,
        connection: Connection,
        mut events: EventStream,
        cancel: &CancellationToken,
    ) -> Option<Reason> {
        let connection = Arc::new(connection);
        let (block, blocked) = watch::channel(None);
        self.state.send_replace(LinkState::Up(Up {
            connection: Arc::clone(&connection),
            blocked,
        }));
        let mut look = tokio::time::interval(LOOK);
        loop {
            let reported = tokio::select! {
                () = cancel.cancelled() => {
                    self.state.send_replace(LinkState::Closed);
                    // One that cannot be closed in good order is dropped.
                    let goodbye = connection.close(200, "closed".into());
                    drop(tokio::time::timeout(FAREWELL, goodbye).await);
                    return None;
                }
                event = events.next() => match event {
                    Some(Event::ConnectionBlocked(why)) => {
                        tracing::warn!(broker = self.config.target(), reason = why, "the broker takes no messages");
                        block.send_replace(Some(why));
                        None
                    }
                    Some(Event::ConnectionUnblocked) => {
                        tracing::info!(broker = self.config.target(), "the broker takes messages again");
                        block.send_replace(None);
                        None
                    }
                    // A channel's error comes here too; it ends no connection.
                    Some(Event::Error(error)) => Some(Reason::from(error)),
                    Some(_) | None => None,
                },
                _ = look.tick() => None,
            };
            if !connection.status().connected() {
                return Some(reported.unwrap_or_else(|| Reason::new("the connection ended")));
            }
        }
    }
}

type EventStream = futures_util::stream::BoxStream<'static, Event>;

/// Half of the pause and a random part of the other half, so that processes that lost the same
/// broker do not come back in step.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}
