//! Changing orders by merge patch.

use std::time::Duration;

use events::Action;
use serde_json::{Value, json};
use test_support::Method;

use super::path_of;
use crate::app::{
    NOW, TOKEN_ID, TestApp, envelope, errors, field_errors, order_change, problem_code,
};

const LATER: &str = "2026-01-02T03:04:06.623456Z";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_changes_what_it_names_and_the_event_says_what_was() {
    let app = TestApp::start().await;
    let pipeline = app.first_pipeline(&app.api).await;
    let order = app
        .create_order(json!({"name": "Заказ", "price": 1500.5, "tags": "a,b", "text": "t"}))
        .await;
    app.new_events().await;
    app.clock.advance(Duration::from_millis(1500));

    let stage = pipeline["stages"][1]["id"].clone();
    let patch = json!({"tags": "b", "price": null, "id_status": stage, "text": "t"});
    let answer = app
        .api
        .send(
            Method::PATCH,
            &path_of(&order),
            &[("X-Request-Id", "edit-1")],
            Some(&patch),
        )
        .await
        .unwrap()
        .expect(200);

    let mut expected = order.clone();
    expected["price"] = Value::Null;
    expected["id_status"] = stage.clone();
    expected["tags"] = json!("b");
    expected["revision"] = json!(2);
    expected["updated_at"] = json!(LATER);
    assert_eq!(answer.body, expected.to_string().as_bytes());
    assert_eq!(answer.headers["etag"], "\"2\"");
    let read = app.api.get(&path_of(&order)).await.expect(200);
    assert_eq!(read.body, answer.body);

    let event = app.new_event().await;
    let change = order_change(&event);
    assert_eq!(change.action, Action::Edit);
    assert_eq!(change.changed, ["price", "id_status", "tags"]);
    assert_eq!(change.order.stage.name, pipeline["stages"][1]["name"]);
    let before = change.previous.as_ref().unwrap();
    assert_eq!(before.stage.name, pipeline["stages"][0]["name"]);
    assert_eq!(event.cause.correlation_id, "edit-1");
    assert_eq!(
        envelope(&event).to_string(),
        json!({
            "id": event.id.to_string(),
            "type": "order.edit",
            "timestamp": LATER,
            "account_id": app.account_id,
            "revision": 2,
            "actor": {"kind": "api", "token_id": TOKEN_ID},
            "data": expected,
            "previous": {
                "price": 1500.5,
                "id_status": pipeline["stages"][0]["id"],
                "tags": "a,b",
            },
        })
        .to_string()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_that_changes_nothing_leaves_no_trace() {
    let app = TestApp::start().await;
    let order = app
        .create_order(json!({
            "name": "Заказ", "price": 5, "tags": "a,b", "color": "AD3939", "marks": {"yclid": "1"},
        }))
        .await;
    app.new_events().await;
    app.clock.advance(Duration::from_secs(60));
    for patch in [
        json!({}),
        json!({"name": "Заказ"}),
        json!({"price": 5.00}),
        json!({"tags": " a , b,a "}),
        json!({"color": "#ad3939"}),
        json!({"id_client": null}),
        json!({"marks": {"yclid": "1"}}),
        json!({"marks": {}}),
        order.clone(),
    ] {
        let answer = app.api.patch(&path_of(&order), patch.clone()).await;
        let answer = answer.expect(200);
        assert_eq!(answer.body, order.to_string().as_bytes(), "{patch}");
        assert_eq!(answer.headers["etag"], "\"1\"");
    }
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn null_clears_a_field() {
    let app = TestApp::start().await;
    let client = app.create_client(json!({"realname": "n"})).await;
    let city = app.create_entry("city", "Москва").await;
    let defaults = app.create_order(json!({"name": "n"})).await;
    let order = app
        .create_order(json!({
            "name": "Заказ",
            "price": 5,
            "id_client": client["id"],
            "archive": true,
            "tags": "a",
            "color": "000000",
            "text": "t",
            "id_owner": 3,
            "id_city": city,
            "marks": {"yclid": "1"},
        }))
        .await;
    let mut revision = 1;
    for key in [
        "price",
        "id_client",
        "archive",
        "tags",
        "color",
        "text",
        "id_owner",
        "id_city",
        "marks",
    ] {
        let answer = app.api.patch(&path_of(&order), json!({key: null})).await;
        let body = answer.expect(200).json();
        revision += 1;
        assert_eq!(body[key], defaults[key], "{key}");
        assert_eq!(body["revision"], revision, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marks_merge_by_name() {
    let app = TestApp::start().await;
    let order = app
        .create_order(json!({"marks": {"utmSource": "ya", "yclid": "1"}}))
        .await;
    app.new_events().await;
    let patch = json!({"marks": {"yclid": null, "utmSource": "google", "gclid": "2"}});
    let answer = app.api.patch(&path_of(&order), patch).await.expect(200);
    let marks = answer.json()["marks"].to_string();
    assert_eq!(marks, r#"{"utmSource":"google","gclid":"2"}"#);
    let event = app.new_event().await;
    assert_eq!(order_change(&event).changed, ["marks"]);
    assert_eq!(
        envelope(&event)["previous"].to_string(),
        r#"{"marks":{"utmSource":"ya","yclid":"1"}}"#
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_only_keys_are_taken_if_they_say_what_is_so() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "n"})).await;
    app.new_events().await;
    let path = path_of(&order);
    let echo = json!({
        "id": order["id"],
        "revision": 1,
        "created_at": NOW,
        "updated_at": NOW,
        "name": "новое",
    });
    let answer = app.api.patch(&path, echo).await.expect(200).json();
    assert_eq!(answer["name"], "новое");
    app.new_event().await;

    let other = json!({
        "id": 77,
        "revision": 1,
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": null,
        "name": "третье",
    });
    let answer = app.api.patch(&path, other).await;
    assert_eq!(
        field_errors(&answer),
        errors(&[
            ("/id", "read_only"),
            ("/revision", "read_only"),
            ("/created_at", "read_only"),
            ("/updated_at", "read_only"),
        ])
    );
    assert_eq!(app.api.get(&path).await.json()["name"], "новое");
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_condition_guards_against_lost_updates() {
    let app = TestApp::start().await;
    let path = path_of(&app.create_order(json!({"name": "n"})).await);
    let patch = |tag: &'static str, name: &'static str| {
        let (api, path) = (app.api.clone(), path.clone());
        async move {
            let headers = [("If-Match", tag)];
            let body = json!({"name": name});
            api.send(Method::PATCH, &path, &headers, Some(&body))
                .await
                .unwrap()
        }
    };
    assert_eq!(patch("\"1\"", "a").await.status, 200);
    assert_eq!(patch("*", "b").await.status, 200);
    app.new_events().await;
    for stale in ["\"1\"", "W/\"3\"", "\"x\""] {
        let answer = patch(stale, "c").await.expect(412);
        assert_eq!(problem_code(&answer), "precondition_failed");
        assert_eq!(answer.headers["etag"], "\"3\"");
    }
    let answer = patch("3", "c").await.expect(400);
    assert_eq!(problem_code(&answer), "invalid_header");
    app.no_new_event().await;
    // The condition is about the record, so it holds back even what would change nothing.
    assert_eq!(patch("\"2\"", "b").await.status, 412);
    assert_eq!(patch("\"3\"", "b").await.headers["etag"], "\"3\"");
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_moves_between_pipelines_with_its_stage() {
    let app = TestApp::start().await;
    let first = app.first_pipeline(&app.api).await;
    let second = app
        .create(
            "/api/v1/pipelines",
            json!({"name": "Сервис", "stages": [
                {"name": "Готово", "kind": "won"},
                {"name": "Приём", "kind": "open"},
            ]}),
        )
        .await;
    let order = app.create_order(json!({"name": "n"})).await;
    app.new_events().await;
    let path = path_of(&order);

    let patch = json!({"id_status": second["stages"][0]["id"]});
    let moved = app.api.patch(&path, patch).await.expect(200).json();
    assert_eq!(moved["id_pipeline"], second["id"]);
    let event = app.new_event().await;
    assert_eq!(order_change(&event).changed, ["id_status", "id_pipeline"]);

    let patch = json!({"id_pipeline": first["id"]});
    let back = app.api.patch(&path, patch).await.expect(200).json();
    assert_eq!(back["id_status"], first["stages"][0]["id"]);
    assert_eq!(back["id_pipeline"], first["id"]);
    let event = app.new_event().await;
    assert_eq!(order_change(&event).pipeline_name(), first["name"]);

    // A stage of another pipeline than the one named.
    let patch = json!({"id_pipeline": first["id"], "id_status": second["stages"][1]["id"]});
    let answer = app.api.patch(&path, patch).await;
    assert_eq!(
        field_errors(&answer),
        errors(&[("/id_pipeline", "invalid")])
    );
    app.no_new_event().await;
}

trait Pipelined {
    fn pipeline_name(&self) -> &str;
}

impl Pipelined for events::OrderChanged {
    fn pipeline_name(&self) -> &str {
        &self.order.pipeline.name
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_summary_of_a_client_is_of_the_moment_of_the_change() {
    let app = TestApp::start().await;
    let client = app.create_client(json!({"realname": "Иван"})).await;
    let order = app.create_order(json!({"id_client": client["id"]})).await;
    let client_path = format!("/api/v1/clients/{}", client["id"]);
    app.api
        .patch(&client_path, json!({"realname": "Пётр"}))
        .await
        .expect(200);
    // The order itself did not change with its client.
    assert_eq!(app.api.get(&path_of(&order)).await.json(), order);
    app.new_events().await;

    app.api
        .patch(&path_of(&order), json!({"name": "x"}))
        .await
        .expect(200);
    let event = app.new_event().await;
    let summary = order_change(&event).order.client.as_ref().unwrap();
    assert_eq!(summary.realname, "Пётр");
}
