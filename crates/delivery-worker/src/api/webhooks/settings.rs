//! Reads what only webhooks have out of a request.

use http_api::{Fields, Invalid, Presence, code};

use crate::api::callbacks::{KindPatch, KindSettings, or_default};
use crate::api::filters;
use crate::domain::webhook::EventSwitches;
use crate::domain::webhook_record::WebhookPatch;
use crate::render::BodyFormat;

const FORMATS: [(&str, BodyFormat); 3] = [
    ("form", BodyFormat::Form),
    ("json", BodyFormat::Json),
    ("envelope", BodyFormat::Envelope),
];

/// Enough to name each event several times over; more is not a list of events.
const MAX_EVENT_ENTRIES: usize = 64;

/// Reads what only a POST to `/webhooks` takes.
pub(crate) fn read_new(fields: &mut Fields, token_id: &str) -> KindSettings {
    let format = fields
        .one_of("format", &FORMATS)
        .unwrap_or(BodyFormat::Form);
    let events = read_events(fields);
    KindSettings {
        format,
        events: fields.require("events", events),
        filter: filters::read_new(fields, token_id, true),
        strict_body: fields.boolean("strict_body").unwrap_or(false),
        latest_only: fields.boolean("latest_only").unwrap_or(false),
        trigger: None,
        said_pipeline: None,
    }
}

/// Reads what only a PATCH of a webhook takes.
pub(crate) fn read_patch(fields: &mut Fields, token_id: &str) -> KindPatch {
    let format = or_default(fields.one_of("format", &FORMATS), BodyFormat::Form);
    let events = read_events(fields);
    let patch = WebhookPatch {
        format,
        events: fields.not_null("events", events),
        filter: filters::read_patch(fields, token_id, true),
        strict_body: or_default(fields.boolean("strict_body"), false),
        latest_only: or_default(fields.boolean("latest_only"), false),
        ..WebhookPatch::default()
    };
    KindPatch {
        patch,
        said_pipeline: None,
    }
}

fn read_events(fields: &mut Fields) -> Presence<EventSwitches> {
    let mut sent = 0;
    let events = fields.list("events", MAX_EVENT_ENTRIES, |value| {
        sent += 1;
        let name = value
            .as_str()
            .ok_or_else(|| Invalid::wrong_type("text", value))?;
        let known = EventSwitches::NAMES
            .into_iter()
            .find(|known| *known == name);
        known.ok_or_else(unknown_event)
    });
    if matches!(events, Presence::Value(_)) && sent == 0 {
        fields.error(
            "events",
            code::REQUIRED,
            "Send at least one event: a webhook without any would never fire.",
        );
        return Presence::Absent;
    }
    // Every name was found among the known ones.
    events.map(|names| EventSwitches::from_names(names).unwrap_or_default())
}

fn unknown_event() -> Invalid {
    Invalid::new(
        code::UNKNOWN_VALUE,
        format!("Send one of {}.", EventSwitches::NAMES.join(", ")),
    )
}
