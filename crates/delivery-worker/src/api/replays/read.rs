//! What both kinds of job read of a body.

use events::Timestamp;
use http_api::{Fields, Invalid, Presence, code};
use serde_json::Value;

use crate::domain::replay::REPLAY_RATE_PER_SECOND;
use crate::domain::webhook::EventSwitches;

/// The most values of one filter.
pub(super) const MAX_VALUES: usize = 100;

/// A moment, RFC 3339 or whole Unix seconds.
pub(super) fn read_moment(fields: &mut Fields, key: &str) -> Presence<Timestamp> {
    fields.custom(key, |value| {
        let moment = match value {
            Value::String(text) => Timestamp::parse_rfc3339(text),
            Value::Number(number) => number.as_i64().and_then(Timestamp::from_unix_seconds),
            other => return Err(Invalid::wrong_type("a time as text", other)),
        };
        moment.ok_or_else(|| {
            Invalid::new(
                code::INVALID,
                "Send a time such as \"2026-01-31T09:00:00Z\", or whole Unix seconds.",
            )
        })
    })
}

/// Types of events, none twice.
pub(super) fn read_event_types(fields: &mut Fields, key: &str) -> Vec<String> {
    let names = EventSwitches::NAMES.map(|name| (name, name));
    any_of(fields, key, &names)
}

/// One name out of a set, or a list of them. Empty: no filter.
pub(super) fn any_of(
    fields: &mut Fields,
    key: &str,
    names: &[(&'static str, &'static str)],
) -> Vec<String> {
    let sent = if is_list(fields, key) {
        fields.list_of(key, MAX_VALUES, names)
    } else {
        fields.one_of(key, names).map(|name| vec![name])
    };
    let mut names: Vec<String> = Vec::new();
    for name in sent.value().unwrap_or_default() {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// One id, or a list of them. Empty: no filter.
pub(super) fn ids(fields: &mut Fields, key: &str) -> Vec<i64> {
    let sent = if is_list(fields, key) {
        fields.id_list(key, MAX_VALUES)
    } else {
        fields.id(key).map(|id| vec![id])
    };
    sent.value().unwrap_or_default()
}

fn is_list(fields: &Fields, key: &str) -> bool {
    fields.peek(key).is_some_and(Value::is_array)
}

/// How many deliveries to queue per second.
pub(super) fn read_rate(fields: &mut Fields) -> Option<i64> {
    fields
        .integer("rate_per_second", REPLAY_RATE_PER_SECOND)
        .value()
}

/// Whether the caller takes responsibility for what is old or was delivered.
pub(super) fn read_force(fields: &mut Fields) -> bool {
    fields.boolean("force").unwrap_or(false)
}
