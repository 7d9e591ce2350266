//! What orders, tasks and clients have in common on the wire.

use http_api::{Fields, Presence, QueryParams, TextLimit};

use crate::domain::text::LINE_CHARS;

/// Names, contacts and other single lines (WIRE, "Bad input").
pub(crate) const LINE: TextLimit = TextLimit::Chars(LINE_CHARS);

/// Descriptions.
pub(crate) const TEXT: TextLimit = TextLimit::Bytes(64 << 10);

/// A text that is never null: null means empty (WIRE 1).
pub(crate) fn text(fields: &mut Fields, key: &str, limit: TextLimit) -> Option<String> {
    match fields.text(key, limit) {
        Presence::Absent => None,
        Presence::Null => Some(String::new()),
        Presence::Value(text) => Some(text),
    }
}

/// A flag that is never null: null means false (WIRE 1).
pub(crate) fn flag(fields: &mut Fields, key: &str) -> Option<bool> {
    match fields.boolean(key) {
        Presence::Absent => None,
        Presence::Null => Some(false),
        Presence::Value(flag) => Some(flag),
    }
}

/// Ids under either of two names of one filter.
pub(crate) fn ids_of_both(query: &mut QueryParams, names: [&str; 2]) -> Vec<i64> {
    names.into_iter().flat_map(|name| query.ids(name)).collect()
}
