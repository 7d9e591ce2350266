//! Methods, tokens and formats.

use serde_json::json;
use test_support::{ApiAnswer, Method};

use crate::app::TestApp;

fn request_errors(answer: &ApiAnswer) -> Vec<String> {
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    let body = answer.json();
    let errors = body["errors"]["request"].as_array().unwrap();
    assert_eq!(body, json!({"errors": {"request": errors}}));
    errors
        .iter()
        .map(|error| error.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn unknown_and_disabled_tokens_are_answered_alike() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    app.execute("UPDATE sources SET active = FALSE").await;
    let body = json!({"phone": "88005553535"});
    let disabled = app.post(&source.path, &body).await.expect(404);
    let path = format!("/in/{}", "f".repeat(32));
    let unknown = app.post(&path, &body).await.expect(404);
    assert_eq!(disabled.body, unknown.body);
    assert_eq!(
        request_errors(&disabled),
        ["Источник не найден или отключён."]
    );
    for path in [
        "/in/x",
        "/in/%00",
        "/in/%ff",
        &format!("/in/{}", "a".repeat(9_000)),
    ] {
        assert_eq!(app.post(path, &body).await.status, 404, "{path}");
    }
    assert_eq!(
        app.texts("SELECT outcome AS text FROM intake_requests")
            .await,
        ["disabled"]
    );
    assert_eq!(app.count_rows("leads").await, 0);
}

#[tokio::test]
async fn get_brings_a_lead_only_where_it_is_switched_on() {
    let app = TestApp::start().await;
    let closed = app.webhook_source().await;
    let open = app.add_source("roistat", json!({"answer": null})).await;
    let query = "?caller=88005553535&id=9&visit=12";

    let path = format!("{}{query}", closed.path);
    let refused = app.send(Method::GET, &path, &[], "").await.expect(405);
    assert_eq!(refused.headers["allow"], "POST, OPTIONS");
    assert_eq!(request_errors(&refused).len(), 1);
    let head = app.send(Method::HEAD, &path, &[], "").await.expect(405);
    assert!(head.body.is_empty());
    for (source, allowed) in [
        (&closed, "POST, OPTIONS"),
        (&open, "GET, HEAD, POST, OPTIONS"),
    ] {
        let preflight = app.send(Method::OPTIONS, &source.path, &[], "").await;
        assert_eq!(preflight.expect(204).headers["allow"], allowed);
    }

    let path = format!("{}{query}", open.path);
    let head = app.send(Method::HEAD, &path, &[], "").await.expect(200);
    assert!(head.body.is_empty());
    assert_eq!(app.count_rows("leads").await, 0);
    let taken = app.send(Method::GET, &path, &[], "").await.expect(200);
    assert_eq!(taken.body, "ok");
    assert_eq!(
        app.texts("SELECT remote_id AS text FROM leads").await,
        ["9"]
    );
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = app.send(method, &path, &[], "{}").await.expect(405);
        assert_eq!(answer.headers["allow"], "GET, HEAD, POST, OPTIONS");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_and_told() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let json = "application/json";
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let keys: Vec<String> = (0..100_000).map(|n| format!("\"k{n}\":1")).collect();
    let keys = format!("{{{}}}", &keys.join(",")[..200_000]);
    for (content_type, body, status, outcome) in [
        (json, &b"{\"phone\": \"8800555"[..], 400, "malformed"),
        (json, b"[1,2,3]", 400, "malformed"),
        (json, b"\xff\xfe\x00", 400, "malformed"),
        ("image/png", b"\x89PNG\r\n\x1a\n\x00", 415, "unsupported"),
        (
            json,
            format!("{{\"a\":{deep}}}").as_bytes(),
            413,
            "too_large",
        ),
        (json, keys.as_bytes(), 413, "too_large"),
    ] {
        let headers = [("content-type", content_type)];
        let answer = app
            .send(Method::POST, &source.path, &headers, body.to_vec())
            .await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(answer.status, status, "{content_type} {shown}");
        assert_eq!(request_errors(&answer).len(), 1);
        let last = "SELECT outcome AS text FROM intake_requests ORDER BY id DESC LIMIT 1";
        assert_eq!(app.texts(last).await, [outcome], "{content_type} {shown}");
    }
    let headers = [("content-type", json), ("content-encoding", "gzip")];
    let answer = app.send(Method::POST, &source.path, &headers, "{}").await;
    assert_eq!(answer.status, 415);
    assert_eq!(app.count_rows("leads").await, 0);
    for coding in ["identity", "utf-8"] {
        let headers = [("content-type", json), ("content-encoding", coding)];
        let body = r#"{"phone": "88005553535"}"#;
        app.send(Method::POST, &source.path, &headers, body)
            .await
            .expect(201);
    }
    let headers = [
        ("content-type", json),
        ("content-encoding", "identity, GZIP"),
    ];
    app.send(Method::POST, &source.path, &headers, "{}")
        .await
        .expect(415);
    let newest = format!("/api/v1/sources/{}/requests?limit=1", source.id);
    let newest = app.api.get(&newest).await.expect(200).json();
    let id = &newest["items"][0]["id"];
    let replay = format!("/api/v1/intake-requests/{id}/replay");
    app.api.post(&replay, json!({})).await.expect(422);
    let last = "SELECT outcome AS text FROM intake_requests ORDER BY id DESC LIMIT 1";
    assert_eq!(app.texts(last).await, ["unsupported"]);
}

#[tokio::test]
async fn the_language_is_the_senders() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    for (language, expected) in [
        (
            "",
            "Тело запроса не удалось прочитать: проверьте JSON или форму.",
        ),
        (
            "ru",
            "Тело запроса не удалось прочитать: проверьте JSON или форму.",
        ),
        (
            "en-US,ru;q=0.5",
            "The body cannot be read: check the JSON or the form.",
        ),
    ] {
        let headers = [
            ("content-type", "application/json"),
            ("accept-language", language),
        ];
        let answer = app.send(Method::POST, &source.path, &headers, "{").await;
        assert_eq!(request_errors(&answer), [expected], "{language}");
    }
}
