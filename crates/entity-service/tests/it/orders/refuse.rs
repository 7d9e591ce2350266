//! Bad input: every error is named and nothing is stored.

use serde_json::{Value, json};
use test_support::Method;

use super::{ORDERS, path_of};
use crate::app::{TestApp, errors, field_errors, id_of};

const ABSENT: i64 = 999_999;

/// Each body has one mistake.
fn mistakes() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (json!({"nmae": "x"}), "/nmae", "unknown_field"),
        (json!({"component": "order"}), "/component", "unknown_field"),
        (json!({"a/b~c": 1}), "/a~1b~0c", "unknown_field"),
        (json!({"name": 5}), "/name", "wrong_type"),
        (json!({"name": ["x"]}), "/name", "wrong_type"),
        (json!({"name": "я".repeat(256)}), "/name", "too_long"),
        (json!({"name": "a\0b"}), "/name", "nul_character"),
        (json!({"text": {}}), "/text", "wrong_type"),
        (
            json!({"text": "x".repeat(64 * 1024 + 1)}),
            "/text",
            "too_long",
        ),
        (json!({"text": "\0"}), "/text", "nul_character"),
        (json!({"id_cat": "3"}), "/id_cat", "wrong_type"),
        (json!({"id_cat": 1.5}), "/id_cat", "wrong_type"),
        (json!({"id_cat": 0}), "/id_cat", "out_of_range"),
        (json!({"id_cat": -1}), "/id_cat", "out_of_range"),
        (json!({"id_cat": 1e30}), "/id_cat", "out_of_range"),
        (json!({"id_cat": ABSENT}), "/id_cat", "not_found"),
        (json!({"id_status": ABSENT}), "/id_status", "not_found"),
        (json!({"id_status": "1"}), "/id_status", "wrong_type"),
        (json!({"id_status": null}), "/id_status", "not_null"),
        (json!({"id_pipeline": null}), "/id_pipeline", "not_null"),
        (json!({"id_pipeline": ABSENT}), "/id_pipeline", "not_found"),
        (json!({"id_origin": ABSENT}), "/id_origin", "not_found"),
        (json!({"id_client": ABSENT}), "/id_client", "not_found"),
        (json!({"id_office": ABSENT}), "/id_office", "not_found"),
        (json!({"id_city": ABSENT}), "/id_city", "not_found"),
        (json!({"id_owner": "me"}), "/id_owner", "wrong_type"),
        (json!({"archive": 1}), "/archive", "wrong_type"),
        (json!({"archive": "false"}), "/archive", "wrong_type"),
        (json!({"tags": ["a"]}), "/tags", "wrong_type"),
        (json!({"tags": "a,\0"}), "/tags", "nul_character"),
        (json!({"color": "red"}), "/color", "invalid"),
        (json!({"color": "#12345"}), "/color", "invalid"),
        (json!({"color": "##123456"}), "/color", "invalid"),
        (json!({"color": "12345G"}), "/color", "invalid"),
        (json!({"color": ""}), "/color", "invalid"),
        (json!({"color": 123_456}), "/color", "wrong_type"),
        (json!({"marks": "utm"}), "/marks", "wrong_type"),
        (json!({"marks": {"gclid": 5}}), "/marks/gclid", "wrong_type"),
        (
            json!({"marks": {"gclid": "\0"}}),
            "/marks/gclid",
            "nul_character",
        ),
        (json!({"id": 5}), "/id", "read_only"),
        (json!({"revision": 5}), "/revision", "read_only"),
        (json!({"created_at": "x"}), "/created_at", "read_only"),
        (json!({"updated_at": "x"}), "/updated_at", "read_only"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "Заказ"})).await;
    app.new_events().await;
    for (mut body, pointer, code) in mistakes() {
        let shown: String = body.to_string().chars().take(80).collect();
        let patched = app.api.patch(&path_of(&order), body.clone()).await;
        assert_eq!(
            field_errors(&patched),
            errors(&[(pointer, code)]),
            "PATCH {shown}"
        );
        body["name"] = body.get("name").cloned().unwrap_or(json!("n"));
        let posted = app.api.post(ORDERS, body).await;
        assert_eq!(
            field_errors(&posted),
            errors(&[(pointer, code)]),
            "POST {shown}"
        );
    }
    assert_eq!(app.count_rows("orders").await, 1);
    assert_eq!(app.api.get(&path_of(&order)).await.json(), order);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_without_a_name_has_an_empty_one() {
    let app = TestApp::start().await;
    for body in [json!({}), json!({"name": null})] {
        let answer = app.api.post(ORDERS, body).await.expect(201);
        assert_eq!(answer.json()["name"], "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_outside_the_rules_are_refused() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "Заказ", "price": 7})).await;
    app.new_events().await;
    for (sent, code) in [
        ("\"5\"", "wrong_type"),
        ("true", "wrong_type"),
        ("[5]", "wrong_type"),
        ("{}", "wrong_type"),
        ("-0.001", "invalid"),
        ("-1e13", "invalid"),
        ("1e13", "invalid"),
        ("10000000000000", "invalid"),
        ("10000000000000.5", "invalid"),
        ("1e300", "invalid"),
        ("18446744073709551616", "invalid"),
        ("1.005", "invalid"),
        ("0.001", "invalid"),
        ("1500.555", "invalid"),
    ] {
        let body = format!("{{\"name\":\"x\",\"price\":{sent}}}");
        let headers = [("Content-Type", "application/json")];
        for (method, path) in [
            (Method::POST, ORDERS.to_owned()),
            (Method::PATCH, path_of(&order)),
        ] {
            let answer = app.raw(method, &path, &headers, body.as_str()).await;
            assert_eq!(
                field_errors(&answer),
                errors(&[("/price", code)]),
                "{path} {sent}"
            );
        }
    }
    assert_eq!(app.count_rows("orders").await, 1);
    assert_eq!(app.api.get(&path_of(&order)).await.json(), order);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_mistakes_of_a_body_are_named_at_once() {
    let app = TestApp::start().await;
    let body = json!({
        "name": 5,
        "price": -1.001,
        "id_cat": ABSENT,
        "id_origin": "2",
        "id_client": ABSENT,
        "archive": "yes",
        "color": "red",
        "text": "\0",
        "marks": {"a": 1, "b": "fine", "c": []},
        "id": 1,
        "titel": "x",
    });
    let expected = errors(&[
        ("/name", "wrong_type"),
        ("/price", "invalid"),
        ("/id_cat", "not_found"),
        ("/id_origin", "wrong_type"),
        ("/id_client", "not_found"),
        ("/archive", "wrong_type"),
        ("/color", "invalid"),
        ("/text", "nul_character"),
        ("/marks/a", "wrong_type"),
        ("/marks/c", "wrong_type"),
        ("/id", "read_only"),
        ("/titel", "unknown_field"),
    ]);
    assert_eq!(field_errors(&app.api.post(ORDERS, body).await), expected);
    assert_eq!(app.count_rows("orders").await, 0);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_misspelled_field_gets_a_suggestion() {
    let app = TestApp::start().await;
    let answer = app
        .api
        .post(ORDERS, json!({"name": "n", "id_staus": 1}))
        .await;
    assert_eq!(
        field_errors(&answer),
        errors(&[("/id_staus", "unknown_field")])
    );
    let body = answer.json();
    let message = body["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("\"id_status\""), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_of_another_directory_are_not_taken() {
    let app = TestApp::start().await;
    let category = app.create_entry("order_category", "Ремонт").await;
    let city = app.create_entry("city", "Москва").await;
    let body = json!({
        "name": "n",
        "id_origin": category, "id_office": category, "id_city": category, "id_cat": city,
    });
    assert_eq!(
        field_errors(&app.api.post(ORDERS, body).await),
        errors(&[
            ("/id_origin", "not_found"),
            ("/id_office", "not_found"),
            ("/id_city", "not_found"),
            ("/id_cat", "not_found"),
        ])
    );
    assert_eq!(app.count_rows("orders").await, 0);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_of_another_pipeline_is_not_taken() {
    let app = TestApp::start().await;
    let first = app.first_pipeline(&app.api).await;
    let second = app
        .create("/api/v1/pipelines", json!({"name": "Сервис"}))
        .await;
    app.new_events().await;
    let body =
        json!({"name": "n", "id_pipeline": id_of(&second), "id_status": first["stages"][0]["id"]});
    assert_eq!(
        field_errors(&app.api.post(ORDERS, body).await),
        errors(&[("/id_pipeline", "invalid")])
    );
    assert_eq!(app.count_rows("orders").await, 0);
    app.no_new_event().await;
}
