//! Reads what a manager sets of a source.

use contacts::Region;
use http_api::{Fields, Invalid, Presence, TextLimit, check_text, code, nearest, read_text};
use serde_json::Value;

use super::READ_ONLY_KEYS;
use super::redirect::read_redirect_url;
use crate::domain::lead::sent_keys;
use crate::domain::source::{Answer, DefaultsPatch, LimitsPatch, SourcePatch};
use crate::preset::{PRESETS, Preset};

/// Codes of field errors that only sources have; stable.
pub(super) mod own_code {
    /// The name has no visible character.
    pub(crate) const BLANK: &str = "blank";
    /// The URL does not begin with `http://` or `https://`.
    pub(crate) const URL_SCHEME: &str = "url_scheme";
    /// The URL carries a user name or a password.
    pub(crate) const URL_CREDENTIALS: &str = "url_credentials";
}

/// Names, of sources and in bodies.
const NAME_LIMIT: TextLimit = TextLimit::Chars(255);
/// The longest answer of a source's own.
const ANSWER_LIMIT: TextLimit = TextLimit::Bytes(4 << 10);
/// The most names that a mapping takes.
const MAX_MAPPED: usize = 100;
/// The longest name of a honeypot.
const HONEYPOT_LIMIT: TextLimit = TextLimit::Chars(64);
/// Faster is no limit any more.
const MAX_LIMIT: i64 = 100_000;

/// `type`, which stays as it was set at first.
pub(super) fn read_preset(fields: &mut Fields) -> Option<&'static Preset> {
    let names: Vec<(&str, &'static Preset)> =
        PRESETS.iter().map(|preset| (preset.name, preset)).collect();
    let preset = fields.one_of("type", &names).map(Some);
    fields.require("type", preset)
}

/// Reads all that can be set but the type. Whatever is wrong is recorded in `fields`; what is
/// returned is of use only if they finish well.
pub(super) fn read_settings(fields: &mut Fields) -> SourcePatch {
    let name = read_name(fields);
    SourcePatch {
        name: fields.not_null("name", name),
        active: or_default(fields.boolean("active"), true),
        strict: or_default(fields.boolean("strict"), false),
        auto_convert: fields.boolean("auto_convert"),
        accept_get: fields.boolean("accept_get"),
        phone_region: read_region(fields),
        redirect_url: read_redirect_url(fields),
        honeypot: read_honeypot(fields),
        answer: fields.object("answer", read_answer),
        defaults: fields.object("defaults", read_defaults),
        limits: fields.object("limits", read_limits),
        mapping: read_mapping(fields),
    }
}

/// Keys that cannot be set: accepted if they say what `current` says (WIRE 5).
pub(super) fn keep_read_only(fields: &mut Fields, current: &Value) {
    for key in READ_ONLY_KEYS {
        fields.read_only(key, current.get(key));
    }
}

fn or_default<T>(presence: Presence<T>, default: T) -> Option<T> {
    match presence {
        Presence::Absent => None,
        Presence::Null => Some(default),
        Presence::Value(value) => Some(value),
    }
}

fn read_name(fields: &mut Fields) -> Presence<String> {
    fields.custom("name", |value| {
        let name = read_text(value, NAME_LIMIT)?;
        if name.trim().is_empty() {
            return Err(Invalid::new(
                own_code::BLANK,
                "Send a name that is not blank.",
            ));
        }
        Ok(name)
    })
}

fn read_region(fields: &mut Fields) -> Presence<String> {
    fields.custom("phone_region", |value| {
        let text = value
            .as_str()
            .ok_or_else(|| Invalid::wrong_type("text", value))?;
        Region::parse(text)
            .map(|region| region.to_string())
            .ok_or_else(|| {
                Invalid::new(
                    code::UNKNOWN_VALUE,
                    "Send the two letters of a country (ISO 3166), such as \"RU\".",
                )
            })
    })
}

/// The name stands in HTML and in form bodies, where brackets make lists of it.
fn read_honeypot(fields: &mut Fields) -> Presence<String> {
    fields.custom("honeypot", |value| {
        let name = read_text(value, HONEYPOT_LIMIT)?;
        let is_odd = |letter: char| letter.is_control() || matches!(letter, '[' | ']');
        if name.trim() != name || name.contains(is_odd) {
            return Err(Invalid::new(
                code::INVALID,
                "Send a field's name without blanks around it, brackets and control characters.",
            ));
        }
        if sent_keys().any(|key| key.eq_ignore_ascii_case(&name)) {
            return Err(Invalid::new(
                code::INVALID,
                "Send a name that no field of a lead has: people fill those in.",
            ));
        }
        Ok(name)
    })
}

fn read_answer(fields: &mut Fields) -> Answer {
    let status = fields.integer("status", 200..=299);
    let status = u16::try_from(fields.require("status", status)).unwrap_or_default();
    let content_type = fields.custom("content_type", |value| {
        let text = read_text(value, NAME_LIMIT)?;
        let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let (kind, rest) = text.split_once('/').unwrap_or_default();
        if is_plain && !kind.trim().is_empty() && !rest.trim().is_empty() {
            return Ok(text);
        }
        Err(Invalid::new(
            code::INVALID,
            "Send a media type on one line, such as \"text/plain; charset=utf-8\".",
        ))
    });
    let content_type = fields.require("content_type", content_type);
    let body = fields.required_text("body", ANSWER_LIMIT);
    if matches!(status, 204 | 205) && !body.is_empty() {
        fields.error(
            "body",
            code::INVALID,
            "Send an empty body: an answer with this status has none (RFC 9110).",
        );
    }
    Answer {
        status,
        content_type,
        body,
    }
}

fn read_defaults(fields: &mut Fields) -> DefaultsPatch {
    DefaultsPatch {
        origin_id: fields.id("id_origin"),
        stage_id: fields.id("id_status"),
        owner_id: fields.id("id_owner"),
        office_id: fields.id("id_office"),
        city_id: fields.id("id_city"),
    }
}

fn read_limits(fields: &mut Fields) -> LimitsPatch {
    let mut limit = |key, least| {
        let presence = fields.integer(key, least..=MAX_LIMIT);
        presence.map(|limit| u32::try_from(limit).unwrap_or_default())
    };
    LimitsPatch {
        per_second: limit("per_second", 0),
        burst: limit("burst", 1),
        per_address_per_minute: limit("per_address_per_minute", 0),
    }
}

fn read_mapping(fields: &mut Fields) -> Presence<Vec<(String, Option<String>)>> {
    fields.entries("mapping", MAX_MAPPED, |name, value| {
        check_text(name, NAME_LIMIT)?;
        if name.trim().is_empty() {
            return Err(Invalid::new(own_code::BLANK, "Name a field of the sender."));
        }
        if value.is_null() {
            return Ok(None);
        }
        let target = value
            .as_str()
            .ok_or_else(|| Invalid::wrong_type("text", value))?;
        if sent_keys().any(|key| key == target) {
            return Ok(Some(target.to_owned()));
        }
        Err(unknown_target(target))
    })
}

fn unknown_target(target: &str) -> Invalid {
    let keys: Vec<&str> = sent_keys().collect();
    let hint = match nearest(target, &keys) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("send one of {}.", keys.join(", ")),
    };
    Invalid::new(
        code::UNKNOWN_VALUE,
        format!("No field of a lead has that name; {hint}"),
    )
}
