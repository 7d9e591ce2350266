//! An event as it comes from the broker.

use std::sync::LazyLock;

use events::{Decoded, Event};
use serde_json::{Value, json};

use crate::domain::stage::AccountStages;
use crate::domain::webhook::WebhookSettings;
use crate::matching::{Occasion, Subject, fires, judge};
use crate::render::{RenderError, RenderSettings, render};

/// One webhook of each form, and triggers that send what there is.
static SETTINGS: LazyLock<Vec<WebhookSettings>> = LazyLock::new(|| {
    let parameters = json!([
        {"name": "a", "kind": "field", "value": "name"},
        {"name": "b", "kind": "field", "value": "price"},
        {"name": "c", "kind": "field", "value": "client.fields.x"},
        {"name": "d", "kind": "field", "value": "marks.utmSource"},
        {"name": "e", "kind": "field", "value": "previous.tags"},
        {"name": "f", "kind": "system", "value": "event_id"},
        {"name": "g", "kind": "system", "value": "timestamp"},
    ]);
    let trigger = |event: &str, method: &str| {
        json!({"stage": 12, "pipeline": 1, "event": event, "method": method,
               "parameters": parameters})
    };
    let all = [
        json!({}),
        json!({"strict_body": true}),
        json!({"format": "json"}),
        json!({"format": "envelope"}),
        json!({"filter": {"changed": ["name", "fields"], "pipelines": [1], "stages": [12]}}),
        json!({"trigger": trigger("entered", "GET")}),
        json!({"format": "json", "trigger": trigger("changed", "POST")}),
    ];
    all.into_iter().map(settings).collect()
});

#[expect(
    clippy::expect_used,
    reason = "what is written above is as it is stored"
)]
fn settings(keys: Value) -> WebhookSettings {
    let mut stored = json!({
        "url": "https://a.example/", "format": "form",
        "events": ["order.add", "order.edit", "order.delete", "task.add", "task.edit",
                   "task.delete", "client.add", "client.edit", "client.delete"],
    });
    if let (Value::Object(stored), Value::Object(keys)) = (&mut stored, keys) {
        stored.extend(keys);
    }
    serde_json::from_value(stored).expect("settings")
}

/// Reads an input as the worker takes in a message: decodes it, asks which webhooks
/// it fires, and renders it for each.
///
/// # Panics
/// If the event is another after it was stored, if the rules disagree about it, or if
/// a body is not what its content type says.
pub fn take_event(input: &[u8]) {
    let event = match Event::decode(input) {
        Ok(Decoded::Event(event)) => event,
        Ok(Decoded::Unknown) | Err(_) => return,
    };
    let stored = event.encode();
    match Event::decode(&stored) {
        Ok(Decoded::Event(again)) => assert_eq!(again.encode(), stored),
        other => panic!("stored, it is {other:?}"),
    }
    for settings in SETTINGS.iter() {
        let subject = Subject::from(settings);
        let is_fired = Occasion::of(&event).is_some_and(|occasion| fires(subject, &occasion));
        let rules = judge(subject, &event, &AccountStages::default());
        assert_eq!(is_fired, rules.iter().all(|rule| rule.passed), "{rules:?}");
        check_request(&event, settings, is_fired);
    }
}

fn check_request(event: &Event, settings: &WebhookSettings, is_fired: bool) {
    let rendered = match render(event, &RenderSettings::of(settings)) {
        Ok(rendered) => rendered,
        Err(RenderError::NoFlatBody(_)) if !is_fired => return,
        Err(error) => panic!("{error}"),
    };
    let (body, query) = (&rendered.body, rendered.query.as_bytes());
    match rendered.content_type {
        Some("application/json") => {
            assert!(serde_json::from_slice::<Value>(body).is_ok(), "{body:?}");
        }
        _ => {
            let encoded = |bytes: &[u8]| bytes.iter().all(|byte| byte.is_ascii_graphic());
            assert!(encoded(body) && encoded(query), "{rendered:?}");
        }
    }
}
