//! The one channel over which a process publishes, opened again whenever it is lost.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Fuse, FusedFuture};
use lapin::options::ConfirmSelectOptions;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::connect::Reason;
use super::declare::{Declared, declare_all};
use super::flight::{Flight, Publication};
use super::link::{Link, Up};
use crate::error::PublishError;
use crate::window::Window;

/// How much may be out unconfirmed, for all publishers of a process together.
const MAX_MESSAGES: u32 = 5_000;
const MAX_BYTES: u32 = 16 << 20;
/// How many messages are put in line before confirmations are looked at.
const BURST: usize = 256;
/// The pause after a channel that could not be opened over a connection that could.
const PAUSE: Duration = Duration::from_millis(500);

/// Where publishers put their messages.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) window: Window,
    pub(super) state: watch::Receiver<LaneState>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct LaneState {
    pub(super) open: Option<Open>,
    /// The latest channel that was lost while messages were out over it.
    pub(super) failed: u64,
    pub(super) closed: bool,
}

/// A channel that takes messages.
#[derive(Debug, Clone)]
pub(super) struct Open {
    /// Counts the channels of this lane, from 1.
    pub(super) number: u64,
    pub(super) line: mpsc::UnboundedSender<Publication>,
}

impl Lane {
    /// Opens channels over `link` until `cancel`.
    pub(super) fn open(
        link: Link,
        declared: Declared,
        cancel: CancellationToken,
    ) -> (Arc<Self>, tokio::task::JoinHandle<()>) {
        let (sender, state) = watch::channel(LaneState::default());
        let lane = Arc::new(Self {
            window: Window::new(MAX_MESSAGES, MAX_BYTES),
            state,
        });
        let driver = Driver {
            lane: Arc::clone(&lane),
            state: sender,
            link,
            declared,
        };
        (lane, tokio::spawn(driver.run(cancel)))
    }
}

struct Driver {
    lane: Arc<Lane>,
    state: watch::Sender<LaneState>,
    link: Link,
    declared: Declared,
}

/// Why a channel is no longer used.
enum End {
    Lost(Reason),
    Closed,
}

impl Driver {
    async fn run(mut self, cancel: CancellationToken) {
        let mut number = 0;
        while let Some(Ok(up)) = cancel.run_until_cancelled(self.link.up()).await {
            number += 1;
            match self.serve(&up, number, &cancel).await {
                End::Closed => break,
                End::Lost(reason) => {
                    tracing::debug!(%reason, "the channel for publishing was lost");
                }
            }
            // A connection that is lost is waited for; one that lives may refuse channels.
            let pause = tokio::time::timeout(PAUSE, self.link.lost(&up));
            drop(cancel.run_until_cancelled(pause).await);
        }
        self.lane.window.close();
        self.state.send_modify(|state| {
            state.open = None;
            state.closed = true;
        });
    }

    /// Publishes over one channel for as long as it lives.
    async fn serve(&mut self, up: &Up, number: u64, cancel: &CancellationToken) -> End {
        let opening = async {
            let channel = up.connection.create_channel().await?;
            channel
                .confirm_select(ConfirmSelectOptions::default())
                .await?;
            Ok::<_, lapin::Error>(channel)
        };
        let channel = match cancel.run_until_cancelled(opening).await {
            None => return End::Closed,
            Some(Err(error)) => return End::Lost(error.into()),
            Some(Ok(channel)) => channel,
        };
        let (line, mut waiting) = mpsc::unbounded_channel();
        self.state
            .send_modify(|state| state.open = Some(Open { number, line }));
        let mut flight = Flight::new(channel);
        let end = self.pump(up, &mut waiting, &mut flight, cancel).await;

        waiting.close();
        let mut unsent = Vec::new();
        while let Ok(publication) = waiting.try_recv() {
            unsent.push(publication);
        }
        self.state.send_modify(|state| {
            state.open = None;
            if !(flight.is_empty() && unsent.is_empty()) {
                state.failed = number;
            }
        });
        for body_bytes in flight.fail(|| end.as_error()) {
            self.release(body_bytes);
        }
        for publication in unsent {
            self.release(publication.message.body.len());
            drop(publication.settle.send(Err(end.as_error())));
        }
        end
    }

    async fn pump(
        &mut self,
        up: &Up,
        waiting: &mut mpsc::UnboundedReceiver<Publication>,
        flight: &mut Flight,
        cancel: &CancellationToken,
    ) -> End {
        let mut burst = Vec::with_capacity(BURST);
        let declaring = Fuse::terminated();
        tokio::pin!(declaring);
        let mut lost = self.link.clone();
        let lost = lost.lost(up);
        tokio::pin!(lost);
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return End::Closed,
                settled = flight.settle(), if !flight.is_empty() => {
                    let settled = match settled {
                        Ok(settled) => settled,
                        Err(reason) => return End::Lost(reason),
                    };
                    let came_back = settled.iter().any(|message| message.unroutable);
                    for message in settled {
                        self.release(message.body_bytes);
                    }
                    // A queue may have been deleted while the connection lived on; then it is made
                    // again, and what its producers publish again finds it.
                    if came_back && declaring.is_terminated() {
                        self.declared.found_gone();
                        declaring.set(declare_all(&up.connection, &self.declared).fuse());
                    }
                }
                declared = &mut declaring, if !declaring.is_terminated() => {
                    if let Err(error) = declared {
                        return End::Lost(error.into());
                    }
                }
                reason = &mut lost => return End::Lost(reason),
                count = waiting.recv_many(&mut burst, BURST) => {
                    if count == 0 {
                        return End::Closed;
                    }
                    for publication in burst.drain(..) {
                        flight.publish(publication).await;
                    }
                }
            }
        }
    }

    fn release(&self, body_bytes: usize) {
        let cost = self.lane.window.cost(body_bytes);
        self.lane.window.release(1, cost as usize);
    }
}

impl End {
    fn as_error(&self) -> PublishError {
        match self {
            Self::Lost(reason) => PublishError::ConnectionLost {
                source: Box::new(reason.clone()),
            },
            Self::Closed => PublishError::Closed,
        }
    }
}
