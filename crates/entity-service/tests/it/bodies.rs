//! Bodies that are no JSON, too large, of another type, or made to do harm.

use serde_json::json;
use test_support::Method;

use crate::app::{TestApp, errors, field_errors, problem_code};

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];
const RECORDS: [&str; 3] = ["/api/v1/orders", "/api/v1/tasks", "/api/v1/clients"];

/// A record of each kind to patch, and where it is.
async fn records(app: &TestApp) -> Vec<String> {
    let order = app.create_order(json!({"name": "n"})).await;
    let task = app.create_task(json!({"name": "n"})).await;
    let client = app.create_client(json!({"realname": "n"})).await;
    [order, task, client]
        .iter()
        .zip(RECORDS)
        .map(|(record, path)| format!("{path}/{}", record["id"]))
        .collect()
}

/// Every address of records that takes a body.
async fn addresses(app: &TestApp) -> Vec<(Method, String)> {
    let patched = records(app).await;
    app.new_events().await;
    RECORDS
        .iter()
        .map(|path| (Method::POST, (*path).to_owned()))
        .chain(patched.into_iter().map(|path| (Method::PATCH, path)))
        .collect()
}

async fn nothing_happened(app: &TestApp) {
    for table in ["orders", "tasks", "clients"] {
        assert_eq!(app.count_rows(table).await, 1, "{table}");
    }
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_json_is_400_and_says_where() {
    let app = TestApp::start().await;
    for (method, path) in addresses(&app).await {
        for (body, place) in [
            ("", "line 1 column 0"),
            ("{", "line 1 column 1"),
            ("{\"name\":}", "line 1 column 9"),
            ("{\n  \"name\": \"x\",\n}", "line 3 column 1"),
            ("{\"name\":\"x\"} {}", "line 1 column 14"),
            ("{'name':'x'}", "line 1 column 2"),
            ("name=x", "line 1 column 2"),
            ("{\"name\":\"\u{1}\"}", "line 1 column"),
            // A half of a pair is no character.
            ("{\"name\":\"\\ud800\"}", "line 1 column"),
            ("{\"name\":\"\\udc00x\"}", "line 1 column"),
            ("{\"name\":\"\\ud83dx\"}", "line 1 column"),
            ("{\"name\":1e999}", "line 1 column"),
        ] {
            let answer = app.raw(method.clone(), &path, &JSON, body).await;
            let answer = answer.expect(400);
            assert_eq!(problem_code(&answer), "malformed_json", "{body}");
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains(place), "{body}: {detail}");
        }
        let not_utf8 = b"{\"name\":\"\xff\xfe\"}".to_vec();
        let answer = app.raw(method, &path, &JSON, not_utf8).await;
        assert_eq!(problem_code(&answer.expect(400)), "malformed_json");
    }
    nothing_happened(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nesting_without_end_is_no_json() {
    let app = TestApp::start().await;
    let depth = 100_000;
    let bombs = [
        "[".repeat(depth),
        "{\"a\":".repeat(depth),
        format!("{{\"name\":{}{}}}", "[".repeat(depth), "]".repeat(depth)),
        format!("{{\"fields\":{{\"a\":{}1", "[".repeat(depth)),
    ];
    for (method, path) in addresses(&app).await {
        for bomb in &bombs {
            let answer = app.raw(method.clone(), &path, &JSON, bomb.as_str()).await;
            assert_eq!(problem_code(&answer.expect(400)), "malformed_json");
        }
    }
    nothing_happened(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_object_is_422() {
    let app = TestApp::start().await;
    for (method, path) in addresses(&app).await {
        for body in ["[]", "null", "5", "\"{}\"", "true"] {
            let answer = app.raw(method.clone(), &path, &JSON, body).await;
            assert_eq!(
                field_errors(&answer),
                errors(&[("", "wrong_type")]),
                "{body}"
            );
        }
    }
    nothing_happened(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_media_types_are_415() {
    let app = TestApp::start().await;
    let body = r#"{"name":"x"}"#;
    for (method, path) in addresses(&app).await {
        for media_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
        ] {
            let headers = [("Content-Type", media_type)];
            let answer = app.raw(method.clone(), &path, &headers, body).await;
            let answer = answer.expect(415);
            assert_eq!(problem_code(&answer), "unsupported_media_type");
        }
        let zipped = [
            ("Content-Type", "application/json"),
            ("Content-Encoding", "gzip"),
        ];
        app.raw(method, &path, &zipped, body).await.expect(415);
    }
    nothing_happened(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mebibyte_is_read_and_no_more() {
    let app = TestApp::start().await;
    for (method, path) in addresses(&app).await {
        let rest = "{\"x\":\"\"}".len();
        let fits = format!("{{\"x\":\"{}\"}}", "x".repeat((1 << 20) - rest));
        assert_eq!(fits.len(), 1 << 20);
        let answer = app.raw(method.clone(), &path, &JSON, fits.as_str()).await;
        assert!(
            field_errors(&answer).contains(&("/x".to_owned(), "unknown_field".to_owned())),
            "{path}"
        );
        let answer = app.raw(method, &path, &JSON, format!("{fits} ")).await;
        assert_eq!(problem_code(&answer.expect(413)), "payload_too_large");
    }
    nothing_happened(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_equal_keys_the_last_counts() {
    let app = TestApp::start().await;
    let body = r#"{"name":"first","name":"second"}"#;
    let answer = app.raw(Method::POST, RECORDS[0], &JSON, body).await;
    assert_eq!(answer.expect(201).json()["name"], "second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_patch_may_say_that_it_is_one() {
    let app = TestApp::start().await;
    let headers = [("Content-Type", "application/merge-patch+json")];
    for path in records(&app).await {
        let answer = app
            .raw(Method::PATCH, &path, &headers, r#"{"text":"x"}"#)
            .await;
        assert_eq!(answer.expect(200).json()["text"], "x");
    }
}
