//! `/webhooks/{id}/explain`, `/triggers/{id}/explain`: why an event was delivered, or was not.

mod asking;
mod outcomes;
mod rules;
mod versions;

use events::Event;
use serde_json::Value;

use crate::app::{DEADLINE, TestApp};

/// The explanation of an event for a webhook or trigger that the API answered with.
async fn explain(app: &TestApp, created: &Value, event: &Event) -> Value {
    let resource = match created.get("parameters") {
        Some(_) => "triggers",
        None => "webhooks",
    };
    let path = format!(
        "/api/v1/{resource}/{}/explain?event_id={}",
        created["id"], event.id
    );
    let explained = app.api.get(&path).await.expect(200).json();
    assert_eq!(explained["webhook_id"], created["id"]);
    assert_eq!(explained["event_id"], event.id.to_string());
    assert_eq!(explained["event_type"], event.change.event_type());
    assert!(explained["summary"].as_str().unwrap().ends_with('.'));
    explained
}

/// The same, asked again until the outcome is this one.
async fn explain_until(app: &TestApp, created: &Value, event: &Event, outcome: &str) -> Value {
    let started = tokio::time::Instant::now();
    loop {
        let explained = explain(app, created, event).await;
        if explained["outcome"] == outcome {
            return explained;
        }
        assert!(started.elapsed() < DEADLINE, "{outcome}: {explained:#}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// The rules that an event did not pass, each with what it says.
fn failed(explained: &Value) -> Vec<(&str, &str)> {
    let rules = explained["rules"].as_array().unwrap();
    rules
        .iter()
        .filter(|rule| rule["passed"] != true)
        .map(|rule| {
            (
                rule["rule"].as_str().unwrap(),
                rule["detail"].as_str().unwrap(),
            )
        })
        .collect()
}

/// The names of the rules in order.
fn names(explained: &Value) -> Vec<&str> {
    let rules = explained["rules"].as_array().unwrap();
    rules
        .iter()
        .map(|rule| rule["rule"].as_str().unwrap())
        .collect()
}
