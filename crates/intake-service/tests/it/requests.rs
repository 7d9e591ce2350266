//! The journal: lists, one request, replay, and what goes after its time.

mod one;
mod replay;
mod retention;

use serde_json::{Value, json};
use test_support::Method;

use crate::app::{Inbound, TestApp};

const JSON: (&str, &str) = ("content-type", "application/json");

fn list_path(source: &Inbound, query: &str) -> String {
    format!("/api/v1/sources/{}/requests{query}", source.id)
}

/// The entries that a query finds, newest first.
async fn entries(app: &TestApp, source: &Inbound, query: &str) -> Vec<Value> {
    let page = app
        .api
        .get(&list_path(source, query))
        .await
        .expect(200)
        .json();
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_request_is_listed_newest_first() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let other = app.webhook_source().await;
    app.post(&other.path, &json!({"phone": "88005553535"}))
        .await
        .expect(201);
    let lead = app
        .post(&source.path, &json!({"phone": "88005553535"}))
        .await
        .expect(201);
    app.post(&source.path, &json!({})).await.expect(422);
    let headers = [JSON, ("x-request-id", "from-the-sender")];
    app.send(Method::POST, &source.path, &headers, "{")
        .await
        .expect(400);

    let all = entries(&app, &source, "").await;
    let outcomes: Vec<&Value> = all.iter().map(|entry| &entry["outcome"]).collect();
    assert_eq!(outcomes, ["malformed", "rejected", "lead"]);
    assert_eq!(all[0]["status"], 400);
    assert_eq!(all[0]["correlation_id"], "from-the-sender");
    assert_eq!(all[0]["body_bytes"], 1);
    assert!(!all[0]["error"].as_str().unwrap().is_empty());
    assert_eq!(all[1]["error"], "phone: The Phone field is required.");
    assert_eq!(all[2]["lead_id"], lead.json()["data"]["id"]);
    assert_eq!(all[2]["source_id"], source.id);
    assert_eq!(all[2]["method"], "POST");
    assert_eq!(all[2]["remote_address"], "127.0.0.1");
    assert_eq!(all[2]["content_type"], "application/json");

    let wrong = entries(&app, &source, "?outcome=malformed&outcome=rejected").await;
    assert_eq!(wrong.len(), 2);
    let at = all[0]["received_at"].as_str().unwrap();
    let since = entries(&app, &source, &format!("?created_from={at}")).await;
    assert_eq!(since, all[..1]);
    let before = entries(&app, &source, &format!("?created_to={at}")).await;
    assert_eq!(before, all[1..]);

    let page = app
        .api
        .get(&list_path(&source, "?limit=2"))
        .await
        .expect(200);
    assert!(page.headers.contains_key("link"));
    let cursor = page.json()["next_cursor"].as_str().unwrap().to_owned();
    let rest = entries(&app, &source, &format!("?limit=2&cursor={cursor}")).await;
    assert_eq!(rest, all[2..]);
}

#[tokio::test]
async fn the_journal_is_the_accounts_own() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    app.post(&source.path, &json!({})).await.expect(422);
    let id = entries(&app, &source, "").await[0]["id"].clone();
    let paths = [
        list_path(&source, ""),
        format!("/api/v1/intake-requests/{id}"),
    ];
    for path in &paths {
        app.api.get(path).await.expect(200);
        app.other.get(path).await.expect(404);
    }
    let replay = format!("/api/v1/intake-requests/{id}/replay");
    app.other.post(&replay, json!({})).await.expect(404);
    let reader = app.api_with(&[http_api::Scope::LeadsRead]);
    reader.get(&paths[1]).await.expect(200);
    reader.post(&replay, json!({})).await.expect(403);
    let stranger = app.api_with(&[http_api::Scope::RecordsRead]);
    stranger.get(&paths[1]).await.expect(403);
    app.api
        .get("/api/v1/intake-requests/999999")
        .await
        .expect(404);
    app.api
        .get(&list_path(&source, "?outcome=none"))
        .await
        .expect(400);
    app.api
        .get(&list_path(
            &source,
            "?created_from=2026-01-02&created_to=2026-01-01",
        ))
        .await
        .expect(400);
}
