//! Bad input: every error is named and nothing is stored.

use serde_json::{Value, json};

use super::{TASKS, path_of};
use crate::app::{TestApp, errors, field_errors};

const ABSENT: i64 = 999_999;

/// Each body has one mistake.
fn mistakes() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (json!({"nmae": "x"}), "/nmae", "unknown_field"),
        (json!({"component": "task"}), "/component", "unknown_field"),
        (json!({"name": 5}), "/name", "wrong_type"),
        (json!({"name": "x".repeat(256)}), "/name", "too_long"),
        (json!({"name": "a\0b"}), "/name", "nul_character"),
        (json!({"text": true}), "/text", "wrong_type"),
        (
            json!({"text": "ж".repeat(32 * 1024 + 1)}),
            "/text",
            "too_long",
        ),
        (json!({"text": "\0"}), "/text", "nul_character"),
        (json!({"date_from": "5"}), "/date_from", "wrong_type"),
        (json!({"date_from": 1.5}), "/date_from", "wrong_type"),
        (json!({"date_to": true}), "/date_to", "wrong_type"),
        (json!({"date_to": 1e30}), "/date_to", "out_of_range"),
        (json!({"date_to": i64::MAX}), "/date_to", "out_of_range"),
        (json!({"date_from": i64::MIN}), "/date_from", "out_of_range"),
        (
            json!({"date_from": 10, "date_to": 9}),
            "/date_to",
            "before_date_from",
        ),
        (json!({"all_day": 1}), "/all_day", "wrong_type"),
        (json!({"all_day": "true"}), "/all_day", "wrong_type"),
        (json!({"color": "red"}), "/color", "invalid"),
        (json!({"color": 5}), "/color", "wrong_type"),
        (json!({"id_deal": "1"}), "/id_deal", "wrong_type"),
        (json!({"id_deal": 0}), "/id_deal", "out_of_range"),
        (json!({"id_deal": ABSENT}), "/id_deal", "not_found"),
        (json!({"id_order": ABSENT}), "/id_order", "not_found"),
        (json!({"id_status": ABSENT}), "/id_status", "not_found"),
        (json!({"id_type": ABSENT}), "/id_type", "not_found"),
        (json!({"id_type": []}), "/id_type", "wrong_type"),
        (json!({"id": 5}), "/id", "read_only"),
        (json!({"revision": 5}), "/revision", "read_only"),
        (json!({"created_at": "x"}), "/created_at", "read_only"),
        (json!({"updated_at": "x"}), "/updated_at", "read_only"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let task = app.create_task(json!({"name": "Дело"})).await;
    app.new_events().await;
    for (mut body, pointer, code) in mistakes() {
        let shown: String = body.to_string().chars().take(80).collect();
        let patched = app.api.patch(&path_of(&task), body.clone()).await;
        assert_eq!(
            field_errors(&patched),
            errors(&[(pointer, code)]),
            "PATCH {shown}"
        );
        body["text"] = body.get("text").cloned().unwrap_or(json!("t"));
        body["name"] = body.get("name").cloned().unwrap_or(json!("n"));
        let posted = app.api.post(TASKS, body).await;
        assert_eq!(
            field_errors(&posted),
            errors(&[(pointer, code)]),
            "POST {shown}"
        );
    }
    assert_eq!(app.count_rows("tasks").await, 1);
    assert_eq!(app.api.get(&path_of(&task)).await.json(), task);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_without_a_name_has_an_empty_one() {
    let app = TestApp::start().await;
    let answer = app.api.post(TASKS, json!({"text": "t"})).await.expect(201);
    assert_eq!(answer.json()["name"], "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_of_another_directory_are_not_taken() {
    let app = TestApp::start().await;
    let kind = app.create_entry("task_type", "Звонок").await;
    let status = app.create_entry("task_status", "Ждёт").await;
    let answer = app
        .api
        .post(
            TASKS,
            json!({"name": "n", "id_status": kind, "id_type": status}),
        )
        .await;
    assert_eq!(
        field_errors(&answer),
        errors(&[("/id_status", "not_found"), ("/id_type", "not_found")])
    );
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_mistakes_of_a_body_are_named_at_once() {
    let app = TestApp::start().await;
    let body = json!({
        "name": 5,
        "date_from": "x",
        "color": "red",
        "id_status": ABSENT,
        "id_type": -1,
        "id_order": ABSENT,
        "title": "?",
        "revision": 3,
    });
    assert_eq!(
        field_errors(&app.api.post(TASKS, body).await),
        errors(&[
            ("/name", "wrong_type"),
            ("/date_from", "wrong_type"),
            ("/color", "invalid"),
            ("/id_status", "not_found"),
            ("/id_type", "out_of_range"),
            ("/id_order", "not_found"),
            ("/title", "unknown_field"),
            ("/revision", "read_only"),
        ])
    );
    assert_eq!(app.count_rows("tasks").await, 0);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_belongs_to_one_order() {
    let app = TestApp::start().await;
    let first = app.create_order(json!({"name": "1"})).await;
    let second = app.create_order(json!({"name": "2"})).await;
    app.new_events().await;
    let body = json!({"name": "n", "id_deal": first["id"], "id_order": second["id"]});
    assert_eq!(
        field_errors(&app.api.post(TASKS, body).await),
        errors(&[("/id_deal", "different_orders")])
    );
    assert_eq!(app.count_rows("tasks").await, 0);
    app.no_new_event().await;
}
