//! What a field holds.

use std::borrow::Cow;

use events::{ClientSnapshot, Color, FieldValue, Price, Timestamp};
use serde_json::Value as Json;

use super::Snapshot;

/// A value of a record, in its own type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    /// Nothing is set, or the record has no such field.
    Null,
    /// Text; may be empty.
    Text(Cow<'a, str>),
    /// An id, Unix seconds, or any whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// Money.
    Price(Price),
    /// Yes or no.
    Flag(bool),
    /// Tags; on the wire one text, comma separated.
    Tags(&'a [String]),
}

impl Value<'_> {
    /// As JSON, in its own type: a price is a number without trailing zeros, tags
    /// are one text, comma separated.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Text(text) => text.as_ref().into(),
            Self::Integer(number) => (*number).into(),
            Self::Number(number) => FieldValue::Number(*number).to_json(),
            Self::Price(price) => Json::Number(price.to_json_number()),
            Self::Flag(flag) => (*flag).into(),
            Self::Tags(tags) => tags.join(",").into(),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<Option<&'a Color>> for Value<'a> {
    fn from(color: Option<&'a Color>) -> Self {
        color.map_or(Self::Null, |color| color.as_str().into())
    }
}

impl<'a> From<&'a FieldValue> for Value<'a> {
    fn from(value: &'a FieldValue) -> Self {
        match value {
            FieldValue::Null => Self::Null,
            FieldValue::Text(text) => text.as_str().into(),
            FieldValue::Integer(number) => Self::Integer(*number),
            FieldValue::Number(number) => Self::Number(*number),
            FieldValue::Flag(flag) => Self::Flag(*flag),
        }
    }
}

pub(super) fn id(id: Option<i64>) -> Value<'static> {
    id.map_or(Value::Null, Value::Integer)
}

pub(super) fn date(time: Option<Timestamp>) -> Value<'static> {
    id(time.map(Timestamp::unix_seconds))
}

/// Of two marks with one key the later counts, as in the REST body.
pub(super) fn mark<'a>(at: Snapshot<'a>, key: &str) -> Value<'a> {
    let Snapshot::Order(order) = at else {
        return Value::Null;
    };
    let mark = order.marks.iter().rfind(|mark| mark.key == key);
    mark.map_or(Value::Null, |mark| mark.value.as_str().into())
}

/// The client that a record is of: an order's, or itself.
pub(super) fn client(at: Snapshot<'_>) -> Option<&ClientSnapshot> {
    match at {
        Snapshot::Order(order) => order.client.as_ref(),
        Snapshot::Client(client) => Some(client),
        Snapshot::Task(_) | Snapshot::TasksOfOrder(_) => None,
    }
}

pub(super) fn client_field<'a>(at: Snapshot<'a>, name: &str) -> Value<'a> {
    client(at)
        .and_then(|client| client.fields.iter().rfind(|field| field.name == name))
        .map_or(Value::Null, |field| (&field.value).into())
}
