//! What is refused, where it is pointed at, and that nothing of it is stored.

mod headers;
mod settings;
mod urls;

use serde_json::{Map, Value, json};

use crate::app::{TestApp, errors, field_errors, path_of, problem_code};

/// A good body with one key replaced.
fn with(app: &TestApp, key: &str, value: Value) -> Value {
    let mut body = json!({
        "name": "n", "url": app.receiver.url("/"), "events": ["order.add"],
    });
    body[key] = value;
    body
}

/// Each value is refused on creation with exactly this error, and nothing is stored or sent.
async fn refused(app: &TestApp, cases: &[(&str, Value, &str, &str)]) {
    for (key, value, pointer, code) in cases {
        let body = with(app, key, value.clone());
        let answer = app.api.post("/api/v1/webhooks", body).await;
        let expected = errors(&[(*pointer, *code)]);
        assert_eq!(field_errors(&answer), expected, "{key}: {value}");
    }
    assert_eq!(app.count_rows("webhooks").await, 0);
    assert_eq!(app.count_rows("webhook_versions").await, 0);
    assert!(app.receiver.requests().is_empty());
}

#[tokio::test]
async fn every_fault_is_named_in_one_answer() {
    let app = TestApp::start().await;
    let answer = app.api.post("/api/v1/webhooks", json!({})).await;
    assert_eq!(
        field_errors(&answer),
        errors(&[
            ("/name", "required"),
            ("/url", "required"),
            ("/events", "required")
        ])
    );
    let answer = app
        .api
        .post(
            "/api/v1/webhooks",
            json!({
                "name": "", "url": "ftp://example.com", "events": ["order.sold", "task.add", 5],
                "headers": {"Host": "h", "X-Ok": "1"}, "colour": "red",
            }),
        )
        .await;
    assert_eq!(
        field_errors(&answer),
        errors(&[
            ("/name", "blank"),
            ("/url", "url_scheme"),
            ("/events/0", "unknown_value"),
            ("/events/2", "wrong_type"),
            ("/headers/Host", "header_reserved"),
            ("/colour", "unknown_field"),
        ])
    );
    assert_eq!(app.count_rows("webhooks").await, 0);
}

#[tokio::test]
async fn names_are_1_to_255_characters() {
    let app = TestApp::start().await;
    let cases = [
        ("name", json!("ж".repeat(256)), "/name", "too_long"),
        ("name", json!(" \t"), "/name", "blank"),
        ("name", json!("a\u{0}b"), "/name", "nul_character"),
        ("name", json!(5), "/name", "wrong_type"),
        ("name", json!(null), "/name", "not_null"),
    ];
    refused(&app, &cases).await;
    let longest = with(&app, "name", json!("ж".repeat(255)));
    app.api.post("/api/v1/webhooks", longest).await.expect(201);
}

#[tokio::test]
async fn events_are_among_those_there_are() {
    let app = TestApp::start().await;
    let many = vec!["order.add"; 65];
    let cases = [
        ("events", json!([]), "/events", "required"),
        ("events", json!(null), "/events", "not_null"),
        ("events", json!("order.add"), "/events", "wrong_type"),
        ("events", json!(many), "/events", "too_many"),
        (
            "events",
            json!(["order.sold"]),
            "/events/0",
            "unknown_value",
        ),
        ("events", json!(["Order.Add"]), "/events/0", "unknown_value"),
        (
            "events",
            json!(["pipeline.add"]),
            "/events/0",
            "unknown_value",
        ),
        (
            "events",
            json!(["order.add", null]),
            "/events/1",
            "wrong_type",
        ),
    ];
    refused(&app, &cases).await;
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_told_so() {
    let app = TestApp::start().await;
    let headers = [("content-type", "application/json")];
    let post = async |body: &'static str| {
        let method = test_support::Method::POST;
        app.api
            .send_bytes(method, "/api/v1/webhooks", &headers, body)
            .await
            .unwrap()
    };
    assert_eq!(
        problem_code(&post("{\"name\":").await.expect(400)),
        "malformed_json"
    );
    assert_eq!(
        field_errors(&post("[]").await),
        errors(&[("", "wrong_type")])
    );
}

#[tokio::test]
async fn a_bad_patch_changes_nothing() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"headers": {"X-A": "1"}})).await;
    let path = path_of(&created);
    let before = app.api.get(&path).await.expect(200).json();
    let many: Map<String, Value> = (0..20).map(|n| (format!("X-{n}"), json!("v"))).collect();
    for (patch, expected) in [
        (json!({"name": null}), [("/name", "not_null")]),
        (json!({"url": null}), [("/url", "not_null")]),
        (json!({"events": []}), [("/events", "required")]),
        (
            json!({"url": "http://10.0.0.1/", "name": "x"}),
            [("/url", "url_refused")],
        ),
        (
            json!({"headers": {"Host": "x"}}),
            [("/headers/Host", "header_reserved")],
        ),
        (json!({ "headers": many }), [("/headers", "too_many")]),
        (json!({"secret": "whsec_x"}), [("/secret", "read_only")]),
        (json!({"id": 999}), [("/id", "read_only")]),
        (json!({"revision": 7}), [("/revision", "read_only")]),
        (json!({"urls": []}), [("/urls", "unknown_field")]),
    ] {
        let answer = app.api.patch(&path, patch.clone()).await;
        assert_eq!(field_errors(&answer), errors(&expected), "{patch}");
    }
    assert_eq!(app.api.get(&path).await.expect(200).json(), before);
    assert_eq!(app.count_rows("webhook_versions").await, 1);
    assert_eq!(
        app.receiver.requests().len(),
        1,
        "the test on creation only"
    );
}
