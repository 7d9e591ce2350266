//! `POST /intake-requests/{id}/replay`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use test_support::Method;

use super::{JSON, entries};
use crate::app::{Inbound, TestApp};
use crate::problems::errors;

async fn replay_path(app: &TestApp, source: &Inbound) -> String {
    let id = entries(app, source, "").await[0]["id"].clone();
    format!("/api/v1/intake-requests/{id}/replay")
}

/// The only entry, with the outcome that it has now.
async fn only_entry(app: &TestApp, source: &Inbound) -> Value {
    let entries = entries(app, source, "").await;
    assert_eq!(entries.len(), 1);
    entries[0].clone()
}

#[tokio::test]
async fn a_request_that_failed_makes_its_lead_once() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    app.refuse_leads("NEW.name = 'poison'", "no such luck")
        .await;
    let body = json!({"phone": "88005553535", "name": "poison", "remoteId": 5});
    app.post(&source.path, &body).await.expect(202);
    assert_eq!(only_entry(&app, &source).await["outcome"], "failed");
    let path = replay_path(&app, &source).await;
    app.api.post(&path, json!({})).await.expect(500);
    app.stop_refusing_leads().await;

    let replays = (0..6).map(|_| app.api.post(&path, json!({})));
    let mut ids: Vec<i64> = join_all(replays)
        .await
        .into_iter()
        .map(|answer| answer.expect(200).id())
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(app.count_rows("leads").await, 1);
    assert_eq!(app.count_rows("outbox_events").await, 1);
    let entry = only_entry(&app, &source).await;
    assert_eq!(entry["outcome"], "lead");
    assert_eq!(entry["lead_id"], ids[0]);
    assert!(entry["replayed_at"].is_string());
    let lead = app.api.post(&path, json!({})).await.expect(200).json();
    assert_eq!(lead["requestId"], entry["id"]);
    assert_eq!(lead["state"], "converting");
    // The sender that tries again finds it.
    let again = app.post(&source.path, &body).await.expect(200);
    assert_eq!(again.json()["data"]["id"], ids[0]);
}

#[tokio::test]
async fn a_request_is_read_by_the_present_settings() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    app.post(&source.path, &json!({"contact field": "88005553535"}))
        .await
        .expect(422);
    let path = replay_path(&app, &source).await;
    let refused = app.api.post(&path, json!({})).await.expect(422);
    assert_eq!(
        errors(&refused),
        [("/phone".to_owned(), "invalid".to_owned())]
    );
    let settings = r#"{"mapping": {"contact field": "phone"}}"#;
    app.execute(&format!(
        "UPDATE sources SET settings = '{settings}', active = FALSE"
    ))
    .await;
    let lead = app.api.post(&path, json!({})).await.expect(200).json();
    assert_eq!(lead["phone"], "78005553535");
    assert_eq!(only_entry(&app, &source).await["outcome"], "lead");
}

#[tokio::test]
async fn what_is_still_wrong_is_told() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    for (body, posted, replayed) in [("{", 400, 422), (r#"{"test": "test"}"#, 200, 409)] {
        app.send(Method::POST, &source.path, &[JSON], body)
            .await
            .expect(posted);
        let path = replay_path(&app, &source).await;
        app.api.post(&path, json!({})).await.expect(replayed);
        assert!(entries(&app, &source, "").await[0]["replayed_at"].is_string());
    }
    let jivo = app.add_source("jivo", json!({})).await;
    app.post(&jivo.path, &json!({"event_name": "chat_updated"}))
        .await
        .expect(200);
    let path = replay_path(&app, &jivo).await;
    app.api.post(&path, json!({})).await.expect(409);
    assert_eq!(only_entry(&app, &jivo).await["outcome"], "ignored");
    app.post(&source.path, &json!({"phone": "88005553535"}))
        .await
        .expect(201);
    app.execute("UPDATE leads SET deleted_at_us = 1").await;
    let path = replay_path(&app, &source).await;
    app.api.post(&path, json!({})).await.expect(409);
}
