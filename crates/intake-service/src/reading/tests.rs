//! What every sender sends, read to the end.

mod contacts;
mod fields;
mod presets;
mod senders;

use events::{AccountId, Timestamp};
use serde_json::{Map, Value, json};
use submission::{Limits, Posted};

use super::{Language, Reading, read_lead};
use crate::domain::lead::LeadDraft;
use crate::domain::source::{Source, SourceId, SourceSettings};
use crate::preset::Preset;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A source with settings of its own.
fn source_with(preset: &str, settings: SourceSettings) -> Source {
    Source {
        id: SourceId(1),
        account_id: AccountId(1),
        preset: Preset::parse(preset).unwrap(),
        name: "site".to_owned(),
        token: "token".to_owned(),
        active: true,
        settings,
        revision: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

fn source(preset: &str) -> Source {
    source_with(preset, SourceSettings::default())
}

fn read(source: &Source, content_type: &str, query: &str, body: impl AsRef<[u8]>) -> Reading {
    let posted = Posted {
        content_type: (!content_type.is_empty()).then_some(content_type),
        query,
        body: body.as_ref(),
        limits: Limits::default(),
    };
    read_lead(&submission::read(&posted).unwrap(), source)
}

/// What is set of a lead, by S1's names.
fn lead(reading: Reading) -> Value {
    let Reading::Lead(draft) = reading else {
        panic!("no lead: {reading:?}")
    };
    let LeadDraft {
        name,
        phone,
        email,
        owner_id,
        origin_id,
        remote_id,
        office_id,
        city_id,
        stage_id,
        cost,
        marks,
        extra,
        warnings,
        ..
    } = *draft;
    let mut all = Map::new();
    let pairs = [
        ("name", json!(name)),
        ("phone", json!(phone.map(|phone| phone.digits().to_owned()))),
        (
            "email",
            json!(email.map(|email| email.as_sent().to_owned())),
        ),
        ("userIdOwner", json!(owner_id)),
        ("sourceId", json!(origin_id)),
        ("remoteId", remote_id.map_or(Value::Null, |id| id.to_json())),
        ("locationUnitId", json!(office_id)),
        ("locationCityId", json!(city_id)),
        ("funnelStageId", json!(stage_id)),
        ("cost", json!(cost)),
    ];
    let marks = marks.iter().map(|(key, text)| (key, json!(text)));
    for (key, value) in pairs.into_iter().chain(marks) {
        if !value.is_null() {
            all.insert(key.to_owned(), value);
        }
    }
    if !extra.is_empty() {
        all.insert("extra".to_owned(), extra.into());
    }
    if !warnings.is_empty() {
        all.insert("warnings".to_owned(), json!(warnings));
    }
    all.into()
}

/// The answer's `errors`.
fn errors(reading: Reading, language: Language) -> Value {
    let Reading::Refused(problems) = reading else {
        panic!("not refused: {reading:?}")
    };
    let pairs = problems
        .iter()
        .map(|problem| (problem.field.to_owned(), json!([problem.message(language)])));
    Value::Object(pairs.collect())
}
