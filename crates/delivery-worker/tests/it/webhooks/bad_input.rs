//! What is refused, where it is pointed at, and that nothing of it is stored.

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
async fn urls_are_public_whole_and_without_passwords() {
    let app = TestApp::start().await;
    app.dns
        .set("inside.test", &["10.0.0.1".parse().unwrap()], 60);
    let mixed = [
        "93.184.216.34".parse().unwrap(),
        "169.254.169.254".parse().unwrap(),
    ];
    app.dns.set("mixed.test", &mixed, 60);
    let long = format!("http://example.com/{}", "x".repeat(8 * 1024));
    let cases = [
        ("http://10.0.0.1/", "url_refused"),
        ("http://169.254.169.254/latest/meta-data", "url_refused"),
        ("http://[::1]:8080/", "url_refused"),
        ("http://[::ffff:10.0.0.1]/", "url_refused"),
        ("http://0x0a000001/", "url_refused"),
        ("http://192.168.1.1:80/", "url_refused"),
        ("http://inside.test/hook", "url_refused"),
        ("http://mixed.test/hook", "url_refused"),
        ("ftp://example.com/", "url_scheme"),
        ("file:///etc/passwd", "url_scheme"),
        ("javascript:alert(1)", "url_scheme"),
        ("example.com/hook", "invalid"),
        ("not a url", "invalid"),
        ("http://", "invalid"),
        ("http://a b/", "invalid"),
        ("http://example.com:99999/", "invalid"),
        ("http://user:hunter2@example.com/", "url_credentials"),
        ("http://user@example.com/", "url_credentials"),
        ("https://example.com/#part", "url_fragment"),
        (&long, "too_long"),
    ]
    .map(|(url, code)| ("url", json!(url), "/url", code));
    refused(&app, &cases).await;
    let cases = [
        ("url", json!(null), "/url", "not_null"),
        ("url", json!(["http://example.com/"]), "/url", "wrong_type"),
    ];
    refused(&app, &cases).await;
}

#[tokio::test]
async fn a_refused_url_is_explained_without_its_password() {
    let app = TestApp::start().await;
    let body = with(&app, "url", json!("http://user:hunter2@example.com/"));
    let answer = app.api.post("/api/v1/webhooks", body).await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("hunter2"));

    let body = with(&app, "url", json!("http://10.0.0.1/"));
    let answer = app.api.post("/api/v1/webhooks", body).await.json();
    assert_eq!(
        answer["errors"][0]["message"],
        "This URL may not be called: 10.0.0.1 is a private address."
    );
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
async fn headers_are_the_webhooks_own() {
    let app = TestApp::start().await;
    let many: Map<String, Value> = (0..21).map(|n| (format!("X-{n}"), json!("v"))).collect();
    let reserved = [
        "Host",
        "Content-Type",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "User-Agent",
        "webhook-id",
        "Webhook-Signature",
        "X-Delivery-Attempt",
        "X-Record-Revision",
    ];
    for name in reserved {
        let pointer = format!("/headers/{name}");
        let value = json!({ name: "x" });
        refused(&app, &[("headers", value, &pointer, "header_reserved")]).await;
    }
    let long = "v".repeat(1025);
    let cases = [
        (
            "headers",
            json!({"a b": "x"}),
            "/headers/a b",
            "header_name",
        ),
        (
            "headers",
            json!({"a/b": "x"}),
            "/headers/a~1b",
            "header_name",
        ),
        ("headers", json!({"": "x"}), "/headers/", "header_name"),
        (
            "headers",
            json!({"X-A": "a\r\nX-B: b"}),
            "/headers/X-A",
            "header_value",
        ),
        (
            "headers",
            json!({"X-A": "ключ"}),
            "/headers/X-A",
            "header_value",
        ),
        (
            "headers",
            json!({"X-A": "\u{0}"}),
            "/headers/X-A",
            "header_value",
        ),
        (
            "headers",
            json!({ "X-A": long }),
            "/headers/X-A",
            "too_long",
        ),
        ("headers", json!({"X-A": 5}), "/headers/X-A", "wrong_type"),
        (
            "headers",
            json!({"X-A": null}),
            "/headers/X-A",
            "wrong_type",
        ),
        (
            "headers",
            json!({"X-A": "1", "x-a": "2"}),
            "/headers/x-a",
            "header_repeated",
        ),
        ("headers", json!(["X-A"]), "/headers", "wrong_type"),
        ("headers", Value::Object(many), "/headers", "too_many"),
    ];
    refused(&app, &cases).await;
}

#[tokio::test]
async fn other_settings_are_within_their_bounds() {
    let app = TestApp::start().await;
    let many = vec![1; 21];
    let schedule = "retry_schedule_s";
    let cases = [
        ("format", json!("xml"), "/format", "unknown_value"),
        ("format", json!(1), "/format", "wrong_type"),
        ("active", json!("yes"), "/active", "wrong_type"),
        ("strict_body", json!(1), "/strict_body", "wrong_type"),
        ("stop_on_4xx", json!("true"), "/stop_on_4xx", "wrong_type"),
        ("concurrency", json!(0), "/concurrency", "out_of_range"),
        ("concurrency", json!(65), "/concurrency", "out_of_range"),
        ("concurrency", json!(1.5), "/concurrency", "wrong_type"),
        (
            "rate_per_second",
            json!(0),
            "/rate_per_second",
            "out_of_range",
        ),
        (
            "rate_per_second",
            json!(1_001),
            "/rate_per_second",
            "out_of_range",
        ),
        (
            "rate_per_second",
            json!(0.5),
            "/rate_per_second",
            "wrong_type",
        ),
        (
            "rate_per_second",
            json!("10"),
            "/rate_per_second",
            "wrong_type",
        ),
        ("ordered", json!("yes"), "/ordered", "wrong_type"),
        ("latest_only", json!(1), "/latest_only", "wrong_type"),
        ("ed25519", json!("true"), "/ed25519", "wrong_type"),
        (schedule, json!([]), "/retry_schedule_s", "required"),
        (schedule, json!(many), "/retry_schedule_s", "too_many"),
        (schedule, json!(5), "/retry_schedule_s", "wrong_type"),
        (
            schedule,
            json!([0, -1]),
            "/retry_schedule_s/1",
            "out_of_range",
        ),
        (
            schedule,
            json!([172_801]),
            "/retry_schedule_s/0",
            "out_of_range",
        ),
        (
            schedule,
            json!([1e30]),
            "/retry_schedule_s/0",
            "out_of_range",
        ),
        (schedule, json!([0.5]), "/retry_schedule_s/0", "wrong_type"),
        (schedule, json!(["5"]), "/retry_schedule_s/0", "wrong_type"),
        ("secret", json!("whsec_dG9vIHNob3J0"), "/secret", "invalid"),
        ("secret", json!("hunter2"), "/secret", "invalid"),
        ("id", json!(5), "/id", "read_only"),
        ("state", json!("active"), "/state", "read_only"),
        ("method", json!("GET"), "/method", "unknown_field"),
    ];
    refused(&app, &cases).await;
}

#[tokio::test]
async fn in_order_and_only_the_latest_exclude_each_other() {
    let app = TestApp::start().await;
    let mut body = with(&app, "ordered", json!(true));
    body["latest_only"] = json!(true);
    let answer = app.api.post("/api/v1/webhooks", body.clone()).await;
    assert_eq!(
        field_errors(&answer),
        errors(&[("/latest_only", "exclusive")])
    );
    // What is wrong in itself is not judged with the rest.
    body["ordered"] = json!("yes");
    let answer = app.api.post("/api/v1/webhooks", body).await;
    assert_eq!(field_errors(&answer), errors(&[("/ordered", "wrong_type")]));
    assert_eq!(app.count_rows("webhooks").await, 0);

    let created = app.create_webhook(json!({"ordered": true})).await;
    let path = path_of(&created);
    let answer = app.api.patch(&path, json!({"latest_only": true})).await;
    assert_eq!(
        field_errors(&answer),
        errors(&[("/latest_only", "exclusive")])
    );
    let turn = json!({"ordered": null, "latest_only": true});
    let turned = app.api.patch(&path, turn).await.expect(200).json();
    assert_eq!(turned["ordered"], false);
    assert_eq!(turned["latest_only"], true);
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
