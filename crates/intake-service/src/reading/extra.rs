//! What was sent and is no field of a lead.

use serde_json::Map;
use submission::{Submission, Value};

use crate::preset::Preset;

/// Everything of a request but blanks, secrets, and the values that became fields.
pub(super) fn of(
    submission: &Submission,
    preset: &Preset,
    taken: &[&Value],
) -> Map<String, serde_json::Value> {
    let mut extra = Map::new();
    for (name, value) in submission.body.iter() {
        add(&mut extra, preset, name, rest_of(value, preset, taken));
    }
    for (name, value) in submission.query.iter() {
        let in_body = submission.body.get(name);
        if !extra.contains_key(name) && in_body != Some(value) {
            add(&mut extra, preset, name, rest_of(value, preset, taken));
        }
    }
    extra
}

fn add(
    extra: &mut Map<String, serde_json::Value>,
    preset: &Preset,
    name: &str,
    rest: Option<serde_json::Value>,
) {
    if let Some(rest) = rest.filter(|_| !preset.is_secret(name)) {
        extra.insert(name.to_owned(), rest);
    }
}

/// A value without secrets and what was taken of it; `None` if that was all.
fn rest_of(value: &Value, preset: &Preset, taken: &[&Value]) -> Option<serde_json::Value> {
    if value.is_blank() || taken.iter().any(|one| std::ptr::eq(*one, value)) {
        return None;
    }
    Some(match value {
        Value::List(items) => {
            let rest: Vec<_> = items
                .iter()
                .filter_map(|item| rest_of(item, preset, taken))
                .collect();
            (!rest.is_empty()).then_some(rest)?.into()
        }
        Value::Object(object) => {
            let rest: Map<_, _> = object
                .iter()
                .filter(|(name, _)| !preset.is_secret(name))
                .filter_map(|(name, value)| Some((name.to_owned(), rest_of(value, preset, taken)?)))
                .collect();
            (!rest.is_empty()).then_some(rest)?.into()
        }
        scalar => scalar.into(),
    })
}
