//! What may be asked, by whom, and of which events.

use serde_json::json;

use super::explain_until;
use crate::app::{ACCOUNT, OTHER_ACCOUNT, TestApp, errors, path_of, problem_code, query_errors};
use crate::samples::order_added;

#[tokio::test]
async fn an_event_that_is_not_known_is_said_to_be_so() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    app.create_webhook_as(&app.other, json!({})).await;
    let theirs = order_added(OTHER_ACCOUNT, 1);
    app.publish(&theirs).await;
    for event in [order_added(ACCOUNT, 1), theirs] {
        let path = format!("{}/explain?event_id={}", path_of(&created), event.id);
        let answer = app.api.get(&path).await;
        assert_eq!(answer.status, 404);
        problem_code(&answer);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains("has not come yet") && detail.contains("no longer kept"),
            "{detail}"
        );
    }
}

#[tokio::test]
async fn the_id_of_an_event_is_needed_and_has_to_be_one() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = format!("{}/explain", path_of(&created));
    for (query, expected) in [
        ("", vec![("event_id", "required")]),
        ("?event_id=42", vec![("event_id", "invalid")]),
        (
            "?event=019b7ca9-8d03-7000-8000-000000000001",
            vec![("event_id", "required"), ("event", "unknown_parameter")],
        ),
    ] {
        let answer = app.api.get(&format!("{path}{query}")).await;
        assert_eq!(query_errors(&answer), errors(&expected), "{query}");
    }
}

#[tokio::test]
async fn a_webhook_is_not_explained_as_a_trigger_nor_to_others() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let webhook = app.create_webhook(json!({})).await;
    let trigger = app.create_stage_trigger("created_in", 12, json!({})).await;
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    let path =
        |resource: &str, id| format!("/api/v1/{resource}/{id}/explain?event_id={}", event.id);
    for (resource, id, status) in [
        ("webhooks", &webhook["id"], 200),
        ("triggers", &trigger["id"], 200),
        ("triggers", &webhook["id"], 404),
        ("webhooks", &trigger["id"], 404),
    ] {
        app.api.get(&path(resource, id)).await.expect(status);
        app.other.get(&path(resource, id)).await.expect(404);
    }
    explain_until(&app, &trigger, &event, "delivered").await;
}
