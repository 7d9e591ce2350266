//! Bad input: every error is named and nothing is stored.

use serde_json::{Value, json};

use super::{CLIENTS, path_of};
use crate::app::{TestApp, errors, field_errors};

const ABSENT: i64 = 999_999;

/// Each body has one mistake.
fn mistakes() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (json!({"name": "x"}), "/name", "unknown_field"),
        (
            json!({"component": "client"}),
            "/component",
            "unknown_field",
        ),
        (json!({"realname": 5}), "/realname", "wrong_type"),
        (
            json!({"realname": "x".repeat(256)}),
            "/realname",
            "too_long",
        ),
        (json!({"realname": "a\0b"}), "/realname", "nul_character"),
        (json!({"email": ["a@b.ru"]}), "/email", "wrong_type"),
        (json!({"email": "x".repeat(256)}), "/email", "too_long"),
        (json!({"email": "\0"}), "/email", "nul_character"),
        (json!({"phone": 79_998_888_888_i64}), "/phone", "wrong_type"),
        (json!({"phone": "5".repeat(256)}), "/phone", "too_long"),
        (json!({"phone": "\0"}), "/phone", "nul_character"),
        (json!({"position": 1}), "/position", "wrong_type"),
        (
            json!({"position": "x".repeat(256)}),
            "/position",
            "too_long",
        ),
        (json!({"text": 1}), "/text", "wrong_type"),
        (
            json!({"text": "x".repeat(64 * 1024 + 1)}),
            "/text",
            "too_long",
        ),
        (json!({"text": "\0"}), "/text", "nul_character"),
        (json!({"id_status": "1"}), "/id_status", "wrong_type"),
        (json!({"id_status": 0}), "/id_status", "out_of_range"),
        (json!({"id_status": ABSENT}), "/id_status", "not_found"),
        (json!({"id": 5}), "/id", "read_only"),
        (json!({"revision": 5}), "/revision", "read_only"),
        (json!({"created_at": "x"}), "/created_at", "read_only"),
        (json!({"updated_at": "x"}), "/updated_at", "read_only"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let client = app.create_client(json!({"realname": "Иван"})).await;
    app.new_events().await;
    for (mut body, pointer, code) in mistakes() {
        let shown: String = body.to_string().chars().take(80).collect();
        let patched = app.api.patch(&path_of(&client), body.clone()).await;
        assert_eq!(
            field_errors(&patched),
            errors(&[(pointer, code)]),
            "PATCH {shown}"
        );
        body["realname"] = body.get("realname").cloned().unwrap_or(json!("n"));
        body["fields"] = json!({"новое": 1});
        let posted = app.api.post(CLIENTS, body).await;
        assert_eq!(
            field_errors(&posted),
            errors(&[(pointer, code)]),
            "POST {shown}"
        );
    }
    assert_eq!(app.count_rows("clients").await, 1);
    assert_eq!(app.count_rows("custom_fields").await, 0);
    assert_eq!(app.api.get(&path_of(&client)).await.json(), client);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_whom_nothing_is_known_is_taken() {
    let app = TestApp::start().await;
    let client = app.create_client(json!({})).await;
    for key in ["realname", "email", "phone", "position", "text"] {
        assert_eq!(client[key], "", "{key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_mistakes_of_a_body_are_named_at_once() {
    let app = TestApp::start().await;
    let body = json!({
        "realname": 5,
        "email": 6,
        "phone": true,
        "position": "\0",
        "id_status": ABSENT,
        "fields": {"a[": 1, "b": [], "c": "fine"},
        "adress": "x",
        "id": 1,
    });
    let listed = field_errors(&app.api.post(CLIENTS, body).await);
    let pointers: Vec<&str> = listed.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/adress",
            "/email",
            "/fields/a[",
            "/fields/b",
            "/id",
            "/id_status",
            "/phone",
            "/position",
            "/realname",
        ]
    );
    assert_eq!(app.count_rows("clients").await, 0);
    assert_eq!(app.count_rows("custom_fields").await, 0);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_of_tasks_is_none_of_clients() {
    let app = TestApp::start().await;
    let status = app.create_entry("task_status", "Ждёт").await;
    let answer = app
        .api
        .post(CLIENTS, json!({"realname": "n", "id_status": status}))
        .await;
    assert_eq!(
        field_errors(&answer),
        errors(&[("/id_status", "not_found")])
    );
}
