//! One message, on its way out and on its way in.

use bytes::Bytes;

use crate::error::PublishError;
use crate::topology::SHORT_STRING_BYTES;

/// A message to publish. Cloning shares the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// `<component>.<action>`; bindings are matched against it. At most 255 bytes.
    pub routing_key: String,
    /// What consumers dedupe by; the same on every repeat. At most 255 bytes.
    pub message_id: String,
    /// What the body holds. At most 255 bytes.
    pub message_type: String,
    /// The producer's gap-free number for this message, if it numbers them.
    pub seq: Option<u64>,
    /// W3C trace context of the change that caused it.
    pub traceparent: Option<String>,
    /// The encoded event. Windows and batches count these bytes.
    pub body: Bytes,
}

impl OutgoingMessage {
    /// Refuses properties that AMQP has no room for, on every broker alike.
    pub(crate) fn check(&self) -> Result<(), PublishError> {
        for (property, value) in [
            ("routing_key", &self.routing_key),
            ("message_id", &self.message_id),
            ("message_type", &self.message_type),
        ] {
            if value.len() > SHORT_STRING_BYTES {
                return Err(PublishError::TooLong {
                    property,
                    actual_bytes: value.len(),
                    limit_bytes: SHORT_STRING_BYTES,
                });
            }
        }
        Ok(())
    }
}

/// A message as a consumer gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingMessage {
    /// The key it was published under.
    pub routing_key: String,
    /// What to dedupe by.
    pub message_id: String,
    /// What the body holds.
    pub message_type: String,
    /// The producer's number for it, if the producer numbers its messages.
    pub seq: Option<u64>,
    /// W3C trace context of the change that caused it.
    pub traceparent: Option<String>,
    /// The encoded event, shared with every other queue that got it.
    pub body: Bytes,
    /// Set when it was handed out before and not acked: it may have been worked on already. RabbitMQ
    /// sets it also for what it had only sent ahead.
    pub redelivered: bool,
}

impl IncomingMessage {
    pub(crate) fn new(message: &OutgoingMessage, redelivered: bool) -> Self {
        let OutgoingMessage {
            routing_key,
            message_id,
            message_type,
            seq,
            traceparent,
            body,
        } = message;
        Self {
            routing_key: routing_key.clone(),
            message_id: message_id.clone(),
            message_type: message_type.clone(),
            seq: *seq,
            traceparent: traceparent.clone(),
            body: body.clone(),
            redelivered,
        }
    }
}
