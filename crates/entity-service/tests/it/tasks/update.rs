//! Changing tasks by merge patch.

use std::time::Duration;

use events::Action;
use serde_json::{Value, json};
use test_support::Method;

use super::path_of;
use crate::app::{
    NOW, TOKEN_ID, TestApp, envelope, errors, field_errors, problem_code, task_change,
};

const LATER: &str = "2026-01-02T03:05:05.123456Z";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_changes_what_it_names_and_the_event_says_what_was() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "Заказ"})).await;
    let task = app
        .create_task(json!({"name": "Дело", "date_from": 100, "date_to": 200}))
        .await;
    app.new_events().await;
    app.clock.advance(Duration::from_secs(60));

    let patch = json!({"date_to": 300, "date_from": null, "id_deal": order["id"], "name": "Дело"});
    let answer = app.api.patch(&path_of(&task), patch).await.expect(200);

    let mut expected = task.clone();
    expected["date_from"] = Value::Null;
    expected["date_to"] = json!(300);
    expected["id_deal"] = order["id"].clone();
    expected["id_order"] = order["id"].clone();
    expected["revision"] = json!(2);
    expected["updated_at"] = json!(LATER);
    assert_eq!(answer.body, expected.to_string().as_bytes());
    assert_eq!(answer.headers["etag"], "\"2\"");
    let event = app.new_event().await;
    let change = task_change(&event);
    assert_eq!(change.action, Action::Edit);
    assert_eq!(
        change.changed,
        ["date_from", "date_to", "id_deal", "id_order"]
    );
    assert_eq!(
        envelope(&event).to_string(),
        json!({
            "id": event.id.to_string(),
            "type": "task.edit",
            "timestamp": LATER,
            "account_id": app.account_id,
            "revision": 2,
            "actor": {"kind": "api", "token_id": TOKEN_ID},
            "data": expected,
            "previous": {"date_from": 100, "date_to": 200, "id_deal": null, "id_order": null},
        })
        .to_string()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_that_changes_nothing_leaves_no_trace() {
    let app = TestApp::start().await;
    let task = app
        .create_task(json!({"name": "Дело", "date_from": 100, "color": "AD3939"}))
        .await;
    app.new_events().await;
    app.clock.advance(Duration::from_secs(60));
    for patch in [
        json!({}),
        json!({"date_from": 100, "date_to": null}),
        json!({"color": "#ad3939", "all_day": false}),
        json!({"id_deal": null, "id_order": null}),
        task.clone(),
    ] {
        let answer = app.api.patch(&path_of(&task), patch.clone()).await;
        assert_eq!(
            answer.expect(200).body,
            task.to_string().as_bytes(),
            "{patch}"
        );
    }
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dates_are_checked_against_what_is_stored() {
    let app = TestApp::start().await;
    let task = app
        .create_task(json!({"name": "Дело", "date_from": 100, "date_to": 200}))
        .await;
    app.new_events().await;
    let path = path_of(&task);
    for patch in [
        json!({"date_to": 99}),
        json!({"date_from": 201}),
        json!({"date_from": 300, "date_to": 299}),
    ] {
        let answer = app.api.patch(&path, patch.clone()).await;
        assert_eq!(
            field_errors(&answer),
            errors(&[("/date_to", "before_date_from")]),
            "{patch}"
        );
    }
    assert_eq!(app.api.get(&path).await.json(), task);
    app.no_new_event().await;
    // Both together may move past the old ones.
    let patch = json!({"date_from": 300, "date_to": 300});
    app.api.patch(&path, patch).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_two_names_of_the_order_must_agree() {
    let app = TestApp::start().await;
    let first = app.create_order(json!({"name": "1"})).await;
    let second = app.create_order(json!({"name": "2"})).await;
    let task = app
        .create_task(json!({"name": "Дело", "id_deal": first["id"]}))
        .await;
    app.new_events().await;
    let path = path_of(&task);
    for patch in [
        json!({"id_deal": first["id"], "id_order": second["id"]}),
        json!({"id_deal": null, "id_order": second["id"]}),
        json!({"id_deal": second["id"], "id_order": null}),
    ] {
        let answer = app.api.patch(&path, patch.clone()).await;
        assert_eq!(
            field_errors(&answer),
            errors(&[("/id_deal", "different_orders")]),
            "{patch}"
        );
    }
    app.no_new_event().await;

    for (patch, now) in [
        (json!({"id_order": second["id"]}), second["id"].clone()),
        (json!({"id_deal": first["id"]}), first["id"].clone()),
        (
            json!({"id_order": second["id"], "id_deal": second["id"]}),
            second["id"].clone(),
        ),
        (json!({"id_order": null}), Value::Null),
    ] {
        let body = app.api.patch(&path, patch).await.expect(200).json();
        assert_eq!((&body["id_deal"], &body["id_order"]), (&now, &now));
        let event = app.new_event().await;
        assert_eq!(task_change(&event).changed, ["id_deal", "id_order"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_only_keys_are_taken_if_they_say_what_is_so() {
    let app = TestApp::start().await;
    let task = app.create_task(json!({"name": "Дело"})).await;
    app.new_events().await;
    let path = path_of(&task);
    let echo =
        json!({"id": task["id"], "revision": 1, "created_at": NOW, "updated_at": NOW, "text": "t"});
    app.api.patch(&path, echo).await.expect(200);
    app.new_event().await;
    let other = json!({"id": 0, "revision": 1, "created_at": 1, "updated_at": "x", "text": "u"});
    assert_eq!(
        field_errors(&app.api.patch(&path, other).await),
        errors(&[
            ("/id", "read_only"),
            ("/revision", "read_only"),
            ("/created_at", "read_only"),
            ("/updated_at", "read_only"),
        ])
    );
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_condition_guards_against_lost_updates() {
    let app = TestApp::start().await;
    let path = path_of(&app.create_task(json!({"name": "Дело"})).await);
    app.api.patch(&path, json!({"text": "a"})).await.expect(200);
    app.new_events().await;
    for method in [Method::PATCH, Method::DELETE] {
        let body = (method == Method::PATCH).then(|| json!({"text": "b"}));
        let answer = app
            .api
            .send(method, &path, &[("If-Match", "\"1\"")], body.as_ref())
            .await
            .unwrap()
            .expect(412);
        assert_eq!(problem_code(&answer), "precondition_failed");
        assert_eq!(answer.headers["etag"], "\"2\"");
    }
    app.no_new_event().await;
    let headers = [("If-None-Match", "\"2\"")];
    let answer = app.api.send(Method::GET, &path, &headers, None).await;
    assert!(answer.unwrap().expect(304).body.is_empty());
}
