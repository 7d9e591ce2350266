//! `GET /intake-requests/{id}`.

use serde_json::{Value, json};
use test_support::Method;

use super::{JSON, entries};
use crate::app::{Inbound, TestApp};

async fn newest(app: &TestApp, source: &Inbound) -> Value {
    let id = entries(app, source, "").await[0]["id"].clone();
    let path = format!("/api/v1/intake-requests/{id}");
    app.api.get(&path).await.expect(200).json()
}

#[tokio::test]
async fn a_request_is_shown_raw_and_read() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let path = format!("{}?utm_source=ya", source.path);
    let headers = [JSON, ("cookie", "session=secret"), ("x-own", "seen")];
    let body = r#"{"phone": 79998888888, "cost": "abc", "Город": "Тверь"}"#;
    app.send(Method::POST, &path, &headers, body)
        .await
        .expect(201);
    let shown = newest(&app, &source).await;
    assert_eq!(shown["outcome"], "lead");
    let raw = &shown["raw"];
    assert_eq!(raw["body"], body);
    assert_eq!(raw["body_base64"], Value::Null);
    assert_eq!(raw["query"], "utm_source=ya");
    assert_eq!(raw["is_cut"], false);
    assert_eq!(raw["headers"]["x-own"], "seen");
    assert_eq!(raw["headers"]["cookie"], "***");
    assert_eq!(raw["headers"]["authorization"], "***");
    let parsed = &shown["parsed"];
    assert_eq!(parsed["query"], json!({"utm_source": "ya"}));
    assert_eq!(
        parsed["body"],
        json!({"phone": 79_998_888_888_i64, "cost": "abc", "Город": "Тверь"})
    );
    assert_eq!(parsed["outcome"], "lead");
    assert_eq!(parsed["lead"]["phone"], "79998888888");
    assert_eq!(parsed["lead"]["utmSource"], "ya");
    assert_eq!(parsed["lead"]["extra"]["Город"], "Тверь");
    assert_eq!(parsed["lead"]["warnings"].as_array().map(Vec::len), Some(1));
    assert_eq!(parsed["errors"], json!([]));
}

#[tokio::test]
async fn secrets_of_the_sender_are_masked() {
    let app = TestApp::start().await;
    let source = app.add_source("google_ads", json!({})).await;
    let path = format!("{}?google_key=k-1", source.path);
    let body = json!({"google_key": "k-2", "phone_number": "79998888888", "more": [{"google_key": "k-3"}]});
    app.post(&path, &body).await.expect(200);
    let shown = newest(&app, &source).await;
    assert_eq!(shown["parsed"]["body"]["google_key"], "***");
    assert_eq!(shown["parsed"]["query"]["google_key"], "***");
    assert_eq!(shown["raw"]["query"], "google_key=***");
    assert!(!shown.to_string().contains("k-"), "{shown:#}");
    assert_eq!(shown["outcome"], "lead");
}

#[tokio::test]
async fn what_is_no_text_is_shown_in_base64() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    app.send(Method::POST, &source.path, &[JSON], &b"\xff\x00\xfe"[..])
        .await
        .expect(400);
    let shown = newest(&app, &source).await;
    assert_eq!(shown["raw"]["body"], Value::Null);
    assert_eq!(shown["raw"]["body_base64"], "/wD+");
    assert_eq!(shown["parsed"]["outcome"], "malformed");
    assert_eq!(shown["parsed"]["body"], Value::Null);
}

#[tokio::test]
async fn of_a_long_body_the_beginning_is_kept() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let long = "x".repeat(300_000);
    app.send(Method::POST, &source.path, &[JSON], long)
        .await
        .expect(413);
    let shown = newest(&app, &source).await;
    assert_eq!(shown["outcome"], "too_large");
    assert_eq!(shown["body_bytes"], 300_000);
    assert_eq!(shown["raw"]["body"].as_str().map(str::len), Some(16_384));
    assert_eq!(shown["raw"]["is_cut"], true);
    assert_eq!(shown["parsed"], Value::Null);
    let replay = format!("/api/v1/intake-requests/{}/replay", shown["id"]);
    app.api.post(&replay, json!({})).await.expect(409);
}
