//! What the account's settings (pipelines, stages, directory entries, custom
//! fields) have in common on the wire: a name, a place, a color, and keys that
//! nobody sets.

use events::Color;
use http_api::{Fields, Invalid, Presence, TextLimit, code, read_text};
use serde_json::Value;
use utoipa::IntoParams;

/// The code of a name without a visible character.
pub(crate) const BLANK: &str = "blank";

/// The longest name (WIRE, "Bad input").
const NAME_LIMIT: TextLimit = TextLimit::Chars(255);

/// Places beyond this are a mistake; every real one past the end means the end.
const MAX_POSITION: i64 = 1_000_000;

/// The keys that the server sets on every record.
pub(crate) const SERVER_KEYS: [&str; 4] = ["id", "revision", "created_at", "updated_at"];

/// What lists of settings can be narrowed by.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query string; QueryParams reads it")]
pub(crate) struct NamedListParams {
    /// Exactly this name.
    name: Option<String>,
    /// Added at or after this time (RFC 3339 or Unix seconds).
    created_from: Option<String>,
    /// Added before this time.
    created_to: Option<String>,
    /// Last changed at or after this time.
    updated_from: Option<String>,
    /// Last changed before this time.
    updated_to: Option<String>,
    /// 1 to 200; 50 if left out.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which part of a list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query string; QueryParams reads it")]
pub(crate) struct PageParams {
    /// 1 to 200; 50 if left out.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// `name`: 1 to 255 characters, one of them visible.
pub(crate) fn read_name(fields: &mut Fields) -> Presence<String> {
    fields.custom("name", |value| {
        let name = read_text(value, NAME_LIMIT)?;
        if name.trim().is_empty() {
            return Err(Invalid::new(BLANK, "Send a name that is not blank."));
        }
        Ok(name)
    })
}

/// `color`: six hex digits in any case, with or without `#` (WIRE 1).
pub(crate) fn read_color(fields: &mut Fields) -> Presence<Color> {
    fields.custom("color", |value| {
        let text = value
            .as_str()
            .ok_or_else(|| Invalid::wrong_type("text", value))?;
        Color::parse(text)
            .ok_or_else(|| Invalid::new(code::INVALID, "Send six hex digits, such as \"AD3939\"."))
    })
}

/// `position`: counts from 0; null is refused, since every entry has a place.
pub(crate) fn read_position(fields: &mut Fields) -> Option<i64> {
    let position = fields.integer("position", 0..=MAX_POSITION);
    fields.not_null("position", position)
}

/// Keys that cannot be set when a record is added.
pub(crate) fn refuse_keys(fields: &mut Fields, keys: &[&str]) {
    for key in keys {
        fields.read_only(key, None);
    }
}

/// Keys of a change that cannot be set: accepted if they say what `current`, the
/// record's body, says (WIRE 5).
pub(crate) fn keep_keys(fields: &mut Fields, keys: &[&str], current: &Value) {
    for key in keys {
        fields.read_only(key, current.get(key));
    }
}
