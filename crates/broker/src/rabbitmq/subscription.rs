//! One channel that takes from one queue, and what of it is in the consumer's hands.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{FutureExt, StreamExt};
use lapin::Channel;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::connect::Reason;
use super::properties::incoming;
use crate::message::IncomingMessage;

/// Deliveries of one queue over one channel.
#[derive(Debug)]
pub(super) struct Subscription {
    stream: lapin::Consumer,
    /// Arrived, but not in a batch yet.
    arrived: VecDeque<Delivery>,
    hold: Arc<Hold>,
}

/// Tells consumers of this process from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConsumerId(u64);

/// What a subscription and its batch share: who may end the channel, and whether it has ended.
#[derive(Debug)]
pub(super) struct Hold {
    /// The consumer whose it is.
    owner: ConsumerId,
    /// Tells it from the same consumer's earlier ones.
    number: u64,
    runtime: Handle,
    state: Mutex<HoldState>,
}

#[derive(Debug)]
enum HoldState {
    Open(Box<OpenChannel>),
    /// The channel is being closed, and everything un-acked goes back to the queue.
    Ended(Option<JoinHandle<()>>),
}

#[derive(Debug)]
struct OpenChannel {
    channel: Channel,
    /// Dropping the last clone makes lapin cancel the subscription, and if that meets a channel that
    /// is just being closed, lapin ends the connection. So one is kept until it is closed.
    stream: lapin::Consumer,
    /// While a batch is out.
    leased: bool,
}

/// A batch's claim on its messages; gives them back when it is dropped and they were not acked.
#[derive(Debug)]
pub(crate) struct Lease {
    hold: Arc<Hold>,
    last_tag: u64,
}

impl ConsumerId {
    pub(super) fn next() -> Self {
        Self(next_number())
    }
}

fn next_number() -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

impl Subscription {
    pub(super) async fn open(
        owner: ConsumerId,
        connection: &lapin::Connection,
        queue: &str,
        prefetch: u16,
    ) -> lapin::Result<Self> {
        let channel = connection.create_channel().await?;
        channel
            .basic_qos(prefetch, BasicQosOptions::default())
            .await?;
        let stream = channel
            .basic_consume(
                queue.into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await?;
        let hold = Hold {
            owner,
            number: next_number(),
            runtime: Handle::current(),
            state: Mutex::new(HoldState::Open(Box::new(OpenChannel {
                channel,
                stream: stream.clone(),
                leased: false,
            }))),
        };
        Ok(Self {
            stream,
            arrived: VecDeque::new(),
            hold: Arc::new(hold),
        })
    }

    pub(super) fn hold(&self) -> &Arc<Hold> {
        &self.hold
    }

    /// Waits for a message, then takes what has arrived under the limits.
    pub(super) async fn next_batch(
        &mut self,
        max_messages: usize,
        max_bytes: usize,
    ) -> Result<(Vec<IncomingMessage>, Lease), Reason> {
        if self.hold.is_lost() {
            return Err(self.loss().await);
        }
        if self.arrived.is_empty() {
            let delivery = self.stream.next().await;
            self.arrived.push_back(arrival(delivery)?);
        }
        let mut messages = Vec::new();
        let mut bytes = 0_usize;
        let mut last_tag = 0;
        while messages.len() < max_messages.max(1) {
            let Some(delivery) = self.peek()? else {
                break;
            };
            bytes = bytes.saturating_add(delivery.data.len());
            if bytes > max_bytes && !messages.is_empty() {
                break;
            }
            last_tag = delivery.delivery_tag;
            messages.extend(self.arrived.pop_front().map(incoming));
        }
        self.hold.lease();
        let lease = Lease {
            hold: Arc::clone(&self.hold),
            last_tag,
        };
        Ok((messages, lease))
    }

    /// Why the channel was lost. What had arrived by then is the broker's again.
    async fn loss(&mut self) -> Reason {
        self.arrived.clear();
        loop {
            if let Err(reason) = arrival(self.stream.next().await) {
                return reason;
            }
        }
    }

    /// The next message, if it is here already.
    fn peek(&mut self) -> Result<Option<&Delivery>, Reason> {
        if self.arrived.is_empty()
            && let Some(delivery) = self.stream.next().now_or_never()
        {
            match arrival(delivery) {
                Ok(delivery) => self.arrived.push_back(delivery),
                Err(reason) => return Err(reason),
            }
        }
        Ok(self.arrived.front())
    }

    /// Acks a batch of this subscription and all before it, of which there are none.
    pub(super) async fn ack(&self, mut lease: Lease) -> lapin::Result<()> {
        let channel = self.hold.settle();
        let tag = std::mem::take(&mut lease.last_tag);
        match channel {
            Some(channel) => {
                channel
                    .basic_ack(tag, BasicAckOptions { multiple: true })
                    .await
            }
            None => Err(lapin::ErrorKind::InvalidChannel(0).into()),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hold.give_back();
    }
}

impl Hold {
    pub(super) fn is_leased(&self) -> bool {
        matches!(&*self.lock(), HoldState::Open(open) if open.leased)
    }

    fn is_lost(&self) -> bool {
        matches!(&*self.lock(), HoldState::Open(open) if !open.channel.status().connected())
    }

    /// Ends the channel: the broker puts back everything un-acked, in its order, for whoever asks
    /// next. Nothing if it has ended already.
    fn give_back(&self) {
        let mut state = self.lock();
        if let HoldState::Open(open) = &*state {
            let (channel, stream) = (open.channel.clone(), open.stream.clone());
            let closing = async move {
                // A channel of a connection that is gone has given back already.
                drop(channel.close(200, "given back".into()).await);
                drop(stream);
            };
            *state = HoldState::Ended(Some(self.runtime.spawn(closing)));
        }
    }

    /// The end of the channel, to be awaited before the next one is opened: else that could be
    /// served later messages before these.
    pub(super) fn ended(&self) -> Option<Option<JoinHandle<()>>> {
        match &mut *self.lock() {
            HoldState::Open(_) => None,
            HoldState::Ended(closing) => Some(closing.take()),
        }
    }

    fn lease(&self) {
        if let HoldState::Open(open) = &mut *self.lock() {
            open.leased = true;
        }
    }

    fn settle(&self) -> Option<Channel> {
        match &mut *self.lock() {
            HoldState::Open(open) => {
                open.leased = false;
                Some(open.channel.clone())
            }
            HoldState::Ended(_) => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HoldState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    pub(super) fn is_from(&self, owner: ConsumerId) -> bool {
        self.hold.owner == owner
    }

    pub(super) fn is_of(&self, hold: &Hold) -> bool {
        self.hold.number == hold.number
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.last_tag != 0 {
            self.hold.give_back();
        }
    }
}

fn arrival(delivery: Option<lapin::Result<Delivery>>) -> Result<Delivery, Reason> {
    match delivery {
        Some(Ok(delivery)) => Ok(delivery),
        Some(Err(error)) => Err(error.into()),
        None => Err(Reason::queue_gone(
            "the broker ended the subscription: the queue was deleted or moved",
        )),
    }
}
