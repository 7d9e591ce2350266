//! Reads what a manager changes of a lead.

use contacts::{Email, Phone, Region};
use http_api::{Fields, Invalid, Presence, TextLimit, code, read_text};
use serde_json::Value;

use crate::domain::lead::{Lead, MARK_KEYS, MAX_MARK_CHARS};

/// Names (WIRE 2).
const NAME_LIMIT: TextLimit = TextLimit::Chars(255);
/// As what senders say.
const MARK_LIMIT: TextLimit = TextLimit::Chars(MAX_MARK_CHARS);
/// 18 digits, which every reader of JSON keeps.
const MAX_INTEGER: i64 = 999_999_999_999_999_999;

/// The keys that nobody sets.
const READ_ONLY_KEYS: [&str; 21] = [
    "id",
    "firstId",
    "clientId",
    "notAnswer",
    "userIdCreate",
    "userIdUpdate",
    "dtCreate",
    "dtUpdate",
    "dtNotAnswer",
    "otherCount",
    "remoteId",
    "orderId",
    "state",
    "rejectReason",
    "extra",
    "warnings",
    "intakeSourceId",
    "requestId",
    "revision",
    "created_at",
    "updated_at",
];

/// Reads all keys into `lead`, of which `shown` is the body; what is wrong is recorded in `fields`,
/// and of use is the lead only if they finish well.
pub(super) fn read_into(
    fields: &mut Fields,
    lead: &mut Lead,
    shown: &serde_json::Map<String, Value>,
    region: Region,
) {
    for key in READ_ONLY_KEYS {
        fields.read_only(key, shown.get(key));
    }
    fields
        .text("name", NAME_LIMIT)
        .merge_into_option(&mut lead.name);
    read_phone(fields, lead, region);
    read_email(fields, lead);
    read_ids(fields, lead);
    let cost = fields.integer("cost", 0..=MAX_INTEGER);
    cost.merge_into_option(&mut lead.cost);
    for key in MARK_KEYS {
        match fields.text(key, MARK_LIMIT) {
            Presence::Absent => {}
            Presence::Null => lead.marks.remove(key),
            Presence::Value(value) => lead.marks.set(key, value),
        }
    }
    let has_contact = lead.phone.is_some() || lead.email.is_some();
    if !has_contact && !fields.has_error_at("phone") && !fields.has_error_at("email") {
        fields.error(
            "phone",
            code::REQUIRED,
            "Keep a phone or an email: a lead without either cannot be called back.",
        );
    }
}

/// What a conversion may say of the order to make.
pub(super) fn read_overrides(fields: &mut Fields, lead: &mut Lead) {
    let stage = fields.integer("funnelStageId", 1..=MAX_INTEGER);
    stage.merge_into_option(&mut lead.stage_id);
    let owner = fields.integer("userIdOwner", 1..=MAX_INTEGER);
    owner.merge_into_option(&mut lead.owner_id);
}

fn read_ids(fields: &mut Fields, lead: &mut Lead) {
    for (key, target) in [
        ("userIdOwner", &mut lead.owner_id),
        ("sourceId", &mut lead.origin_id),
        ("locationUnitId", &mut lead.office_id),
        ("locationCityId", &mut lead.city_id),
        ("funnelStageId", &mut lead.stage_id),
    ] {
        // Senders may have sent any integer, and what was read may be sent back.
        let id = fields.integer(key, i64::MIN..=i64::MAX);
        id.merge_into_option(target);
    }
}

/// Digits that are those of the lead's phone already change nothing: its own spelling stays.
fn read_phone(fields: &mut Fields, lead: &mut Lead, region: Region) {
    let phone = fields.custom("phone", |value| {
        let text = value
            .as_str()
            .ok_or_else(|| Invalid::wrong_type("text", value))?;
        if lead.phone_digits.as_deref() == Some(text) {
            return Ok(None);
        }
        read_text(value, NAME_LIMIT)?;
        Phone::parse(text, region)
            .map(Some)
            .ok_or_else(|| Invalid::new(code::INVALID, "Send a phone of 5 to 20 digits."))
    });
    match phone {
        Presence::Absent | Presence::Value(None) => {}
        Presence::Null => {
            lead.phone = None;
            lead.phone_digits = None;
            lead.phone_normalized = None;
        }
        Presence::Value(Some(phone)) => {
            lead.phone = Some(phone.raw().to_owned());
            lead.phone_digits = Some(phone.digits().to_owned());
            lead.phone_normalized = phone.e164().map(str::to_owned);
        }
    }
}

fn read_email(fields: &mut Fields, lead: &mut Lead) {
    let email = fields.custom("email", |value| {
        let text = read_text(value, NAME_LIMIT)?;
        Email::parse(&text)
            .map_err(|error| Invalid::new(code::INVALID, format!("Send a valid address: {error}.")))
    });
    match email {
        Presence::Absent => {}
        Presence::Null => {
            lead.email = None;
            lead.email_normalized = None;
        }
        Presence::Value(email) => {
            lead.email = Some(email.as_sent().to_owned());
            lead.email_normalized = Some(email.normalized().to_owned());
        }
    }
}
