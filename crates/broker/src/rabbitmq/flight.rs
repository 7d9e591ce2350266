//! Messages that are published and not yet settled.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use lapin::message::BasicReturnMessage;
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation};
use tokio::sync::oneshot;

use super::connect::Reason;
use super::properties;
use crate::error::PublishError;
use crate::message::OutgoingMessage;

/// A message on its way, with its way to tell the sender.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) exchange: String,
    pub(super) message: OutgoingMessage,
    pub(super) settle: oneshot::Sender<Result<(), PublishError>>,
}

/// What one channel has published and not settled.
pub(super) struct Flight {
    channel: Channel,
    last_number: u64,
    pending: BTreeMap<u64, Pending>,
    confirming: FuturesUnordered<Confirming>,
}

struct Pending {
    routing_key: String,
    message_id: String,
    body_bytes: usize,
    returned: bool,
    settle: oneshot::Sender<Result<(), PublishError>>,
}

type Confirming = Pin<Box<dyn Future<Output = (u64, lapin::Result<Confirmation>)> + Send>>;

/// How a message ended.
pub(super) struct Settled {
    pub(super) body_bytes: usize,
    pub(super) unroutable: bool,
}

const MANDATORY: BasicPublishOptions = BasicPublishOptions {
    mandatory: true,
    immediate: false,
};

impl Flight {
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            channel,
            last_number: 0,
            pending: BTreeMap::new(),
            confirming: FuturesUnordered::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Hands a message to the connection. It is in line for the wire when this returns.
    pub(super) async fn publish(&mut self, publication: Publication) {
        let Publication {
            exchange,
            message,
            settle,
        } = publication;
        self.last_number += 1;
        let number = self.last_number;
        let pending = Pending {
            routing_key: message.routing_key.clone(),
            message_id: message.message_id.clone(),
            body_bytes: message.body.len(),
            returned: false,
            settle,
        };
        self.pending.insert(number, pending);
        let channel = self.channel.clone();
        let mut confirming: Confirming = Box::pin(async move {
            let written = channel
                .basic_publish(
                    exchange.into(),
                    message.routing_key.as_str().into(),
                    MANDATORY,
                    &message.body,
                    properties::outgoing(&message),
                )
                .await;
            let outcome = match written {
                Ok(confirmation) => confirmation.await,
                Err(error) => Err(error),
            };
            (number, outcome)
        });
        // The first poll puts the frames in line; so the order of calls is the order on the wire.
        let first = std::future::poll_fn(|context| Poll::Ready(confirming.as_mut().poll(context)));
        match first.await {
            Poll::Pending => self.confirming.push(confirming),
            Poll::Ready(done) => self.confirming.push(Box::pin(std::future::ready(done))),
        }
    }

    /// Waits until some messages can be settled, and settles them.
    ///
    /// # Errors
    /// The channel is of no use any more, and why.
    ///
    /// lapin gives the messages that came back to confirmations in the order in which those arrive,
    /// not to those that they belong to: a returned message can turn up with the confirmation of an
    /// earlier one, and when one frame confirms many, with any of them. So what came back is found
    /// by its own properties, and no message is settled before every confirmation that arrived with
    /// its own has been looked at.
    pub(super) async fn settle(&mut self) -> Result<Vec<Settled>, Reason> {
        let Some(first) = self.confirming.next().await else {
            return Ok(Vec::new());
        };
        let mut observed = self.observe(Some(first))?;
        let mut settled = Vec::with_capacity(observed.len());
        while !observed.is_empty() {
            self.wait_for_whole_frame()?;
            let later = self.observe(None)?;
            settled.extend(
                observed
                    .into_iter()
                    .filter_map(|(number, acked)| self.end(number, acked)),
            );
            observed = later;
        }
        Ok(settled)
    }

    /// Takes what has been confirmed by now, and notes what came back.
    fn observe(
        &mut self,
        first: Option<(u64, lapin::Result<Confirmation>)>,
    ) -> Result<Vec<(u64, bool)>, Reason> {
        let mut observed = Vec::new();
        let mut next = first;
        loop {
            let Some((number, outcome)) = next else {
                match self.confirming.next().now_or_never().flatten() {
                    Some(ready) => {
                        next = Some(ready);
                        continue;
                    }
                    None => return Ok(observed),
                }
            };
            next = None;
            let confirmation = outcome?;
            observed.push((number, confirmation.is_ack()));
            if let Some(returned) = confirmation.take_message() {
                self.note_returned(&returned)?;
            }
        }
    }

    /// lapin confirms all messages of one frame under a lock that this call takes, too.
    fn wait_for_whole_frame(&mut self) -> Result<(), Reason> {
        if let Some(Ok(returned)) = self.channel.wait_for_confirms().now_or_never() {
            for message in &returned {
                self.note_returned(message)?;
            }
        }
        Ok(())
    }

    /// Marks every open message that it can be: to publish one again repeats it, no more.
    fn note_returned(&mut self, returned: &BasicReturnMessage) -> Result<(), Reason> {
        let message_id = returned.properties.message_id().as_ref();
        let message_id = message_id.map_or("", |id| id.as_str());
        let routing_key = returned.routing_key.as_str();
        let mut found = false;
        for pending in self.pending.values_mut() {
            if pending.message_id == message_id && pending.routing_key == routing_key {
                pending.returned = true;
                found = true;
            }
        }
        if found {
            Ok(())
        } else {
            Err(Reason::new("a message came back that is not on its way"))
        }
    }

    fn end(&mut self, number: u64, acked: bool) -> Option<Settled> {
        let pending = self.pending.remove(&number)?;
        let outcome = if pending.returned {
            Err(PublishError::Unroutable {
                routing_key: pending.routing_key,
            })
        } else if acked {
            Ok(())
        } else {
            Err(PublishError::Refused)
        };
        // A sender that dropped its confirmation does not want to know.
        drop(pending.settle.send(outcome));
        Some(Settled {
            body_bytes: pending.body_bytes,
            unroutable: pending.returned,
        })
    }

    /// Ends every open message alike; the bytes of each.
    pub(super) fn fail(self, mut outcome: impl FnMut() -> PublishError) -> Vec<usize> {
        self.pending
            .into_values()
            .map(|pending| {
                drop(pending.settle.send(Err(outcome())));
                pending.body_bytes
            })
            .collect()
    }
}
