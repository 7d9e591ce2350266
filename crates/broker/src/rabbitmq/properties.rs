//! Between our messages and AMQP's properties.

use bytes::Bytes;
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, ShortString};

use crate::message::{IncomingMessage, OutgoingMessage};

const CONTENT_TYPE: &str = "application/x-protobuf";
/// AMQP's number for a message that is to survive a restart of the broker.
const PERSISTENT: u8 = 2;
const SEQ: &str = "seq";
const TRACEPARENT: &str = "traceparent";

/// The properties of a message to publish, whose short strings were checked to be short.
pub(super) fn outgoing(message: &OutgoingMessage) -> BasicProperties {
    let mut headers = FieldTable::default();
    // AMQP has no unsigned 64-bit integer that every client can read.
    if let Some(seq) = message.seq.and_then(|seq| i64::try_from(seq).ok()) {
        headers.insert(SEQ.into(), AMQPValue::LongLongInt(seq));
    }
    if let Some(traceparent) = &message.traceparent {
        headers.insert(
            TRACEPARENT.into(),
            AMQPValue::LongString(traceparent.as_str().into()),
        );
    }
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type(CONTENT_TYPE.into())
        .with_message_id(message.message_id.as_str().into())
        .with_type(message.message_type.as_str().into())
        .with_headers(headers)
}

/// A message as it came. What a foreign publisher left out, or wrote otherwise than we do, is empty:
/// the consumer has to see the message to park it.
pub(super) fn incoming(delivery: Delivery) -> IncomingMessage {
    let properties = delivery.properties;
    let header = |name: &str| properties.headers().as_ref()?.inner().get(name);
    IncomingMessage {
        message_id: text(properties.message_id()),
        message_type: text(properties.kind()),
        seq: header(SEQ).and_then(unsigned),
        traceparent: header(TRACEPARENT).and_then(utf8),
        routing_key: delivery.routing_key.into(),
        body: Bytes::from(delivery.data),
        redelivered: delivery.redelivered,
    }
}

fn text(property: &Option<ShortString>) -> String {
    property
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn unsigned(value: &AMQPValue) -> Option<u64> {
    let number = match value {
        AMQPValue::ShortShortInt(number) => i64::from(*number),
        AMQPValue::ShortShortUInt(number) => i64::from(*number),
        AMQPValue::ShortInt(number) => i64::from(*number),
        AMQPValue::ShortUInt(number) => i64::from(*number),
        AMQPValue::LongInt(number) => i64::from(*number),
        AMQPValue::LongUInt(number) => i64::from(*number),
        AMQPValue::LongLongInt(number) => *number,
        _ => return None,
    };
    u64::try_from(number).ok()
}

fn utf8(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => String::from_utf8(text.as_bytes().to_vec()).ok(),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}
