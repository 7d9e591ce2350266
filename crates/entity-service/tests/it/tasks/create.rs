//! Adding tasks.

use events::{Action, Timestamp};
use serde_json::json;
use test_support::Method;

use super::TASKS;
use crate::app::{NOW, TOKEN_ID, TestApp, envelope, task_change};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_with_every_field_is_answered_as_it_is_stored() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "Заказ"})).await;
    let status = app.create_entry("task_status", "Ждёт").await;
    let kind = app.create_entry("task_type", "Звонок").await;
    app.new_events().await;
    let sent = json!({
        "name": "Позвонить",
        "date_from": 1_767_312_000,
        "date_to": 1_767_315_600,
        "all_day": true,
        "color": "#ad3939",
        "text": "утром",
        "id_deal": order["id"],
        "id_status": status,
        "id_type": kind,
    });

    let headers = [("X-Request-Id", "task-1")];
    let answer = app
        .api
        .send(Method::POST, TASKS, &headers, Some(&sent))
        .await;
    let answer = answer.unwrap().expect(201);

    let expected = json!({
        "id": 1,
        "name": "Позвонить",
        "date_from": 1_767_312_000,
        "date_to": 1_767_315_600,
        "all_day": true,
        "color": "AD3939",
        "text": "утром",
        "id_deal": order["id"],
        "id_order": order["id"],
        "id_status": status,
        "id_type": kind,
        "revision": 1,
        "created_at": NOW,
        "updated_at": NOW,
    });
    assert_eq!(answer.body, expected.to_string().as_bytes());
    assert_eq!(answer.headers["location"], "/api/v1/tasks/1");
    assert_eq!(answer.headers["etag"], "\"1\"");
    let read = app.api.get("/api/v1/tasks/1").await.expect(200);
    assert_eq!(read.body, answer.body);
    assert_eq!(read.headers["etag"], "\"1\"");

    let event = app.new_event().await;
    let change = task_change(&event);
    assert_eq!(change.action, Action::Add);
    assert_eq!(change.changed, Vec::<String>::new());
    assert_eq!(change.previous, None);
    assert_eq!(
        change.task.date_from,
        Some(Timestamp(1_767_312_000_000_000))
    );
    assert_eq!(event.cause.correlation_id, "task-1");
    assert_eq!(
        envelope(&event).to_string(),
        json!({
            "id": event.id.to_string(),
            "type": "task.add",
            "timestamp": NOW,
            "account_id": app.account_id,
            "revision": 1,
            "actor": {"kind": "api", "token_id": TOKEN_ID},
            "data": expected,
            "previous": null,
        })
        .to_string()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_alone_makes_a_task_of_defaults() {
    let app = TestApp::start().await;
    let status = app.first_entry(&app.api, "task_status").await;
    let answer = app.api.post(TASKS, json!({"name": "Дело"})).await;
    let expected = json!({
        "id": 1,
        "name": "Дело",
        "date_from": null,
        "date_to": null,
        "all_day": false,
        "color": null,
        "text": "",
        "id_deal": null,
        "id_order": null,
        "id_status": status,
        "id_type": null,
        "revision": 1,
        "created_at": NOW,
        "updated_at": NOW,
    });
    assert_eq!(answer.expect(201).body, expected.to_string().as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_goes_by_either_name() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "Заказ"})).await;
    for key in ["id_deal", "id_order"] {
        let task = app
            .create_task(json!({"name": "Дело", key: order["id"]}))
            .await;
        assert_eq!(task["id_deal"], order["id"], "{key}");
        assert_eq!(task["id_order"], order["id"], "{key}");
    }
    let both = json!({"name": "Дело", "id_deal": order["id"], "id_order": order["id"]});
    assert_eq!(app.create_task(both).await["id_order"], order["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_may_last_no_time_and_lie_before_1970() {
    let app = TestApp::start().await;
    for (from, to) in [
        (json!(1_767_312_000), json!(1_767_312_000)),
        (json!(-1), json!(0)),
        (json!(null), json!(5)),
        (json!(5), json!(null)),
    ] {
        let task = app
            .create_task(json!({"name": "Дело", "date_from": from, "date_to": to}))
            .await;
        assert_eq!((&task["date_from"], &task["date_to"]), (&from, &to));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_is_the_first_one_unless_null_is_sent() {
    let app = TestApp::start().await;
    let status = app.create_entry("task_status", "Срочно").await;
    let path = format!("/api/v1/directories/task_status/{status}");
    let patch = json!({"position": 0});
    app.api.patch(&path, patch).await.expect(200);
    let task = app.create_task(json!({"name": "Дело"})).await;
    assert_eq!(task["id_status"], status);
    let task = app
        .create_task(json!({"name": "Дело", "id_status": null}))
        .await;
    assert!(task["id_status"].is_null());
}
