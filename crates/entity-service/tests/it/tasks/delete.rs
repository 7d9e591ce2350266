//! Removing tasks, one by one and all of an order.

use events::{Action, Change};
use serde_json::json;
use test_support::Method;

use super::path_of;
use crate::app::{NOW, TOKEN_ID, TestApp, envelope, id_of, task_change};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_task_is_gone_and_its_event_has_the_last_state() {
    let app = TestApp::start().await;
    let mut task = app.create_task(json!({"name": "Дело"})).await;
    app.new_events().await;
    let path = path_of(&task);

    let answer = app.api.delete(&path).await.expect(204);

    assert!(answer.body.is_empty());
    app.api.get(&path).await.expect(404);
    app.api.delete(&path).await.expect(404);
    app.api.patch(&path, json!({})).await.expect(404);
    let event = app.new_event().await;
    assert_eq!(task_change(&event).action, Action::Delete);
    task["revision"] = json!(2);
    assert_eq!(
        envelope(&event).to_string(),
        json!({
            "id": event.id.to_string(),
            "type": "task.delete",
            "timestamp": NOW,
            "account_id": app.account_id,
            "revision": 2,
            "actor": {"kind": "api", "token_id": TOKEN_ID},
            "data": task,
            "previous": null,
        })
        .to_string()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_tasks_of_an_order_go_with_one_event() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "Заказ"})).await;
    let other_order = app.create_order(json!({"name": "Другой"})).await;
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let body = json!({"name": "Дело", "id_order": order["id"]});
        tasks.push(app.create_task(body).await);
    }
    let kept = app
        .create_task(json!({"name": "Дело", "id_order": other_order["id"]}))
        .await;
    let patch = json!({"text": "x"});
    app.api.patch(&path_of(&tasks[1]), patch).await.expect(200);
    app.new_events().await;
    let path = format!("/api/v1/orders/{}/tasks", order["id"]);

    let headers = [("X-Request-Id", "sweep")];
    let answer = app.api.send(Method::DELETE, &path, &headers, None).await;
    assert!(answer.unwrap().expect(204).body.is_empty());

    let event = app.new_event().await;
    let Change::TasksOfOrderDeleted(change) = &event.change else {
        panic!("{event:#?}");
    };
    assert_eq!(change.order_id.0, id_of(&order));
    let gone: Vec<_> = change
        .tasks
        .iter()
        .map(|task| (task.id.0, task.revision))
        .collect();
    let ids: Vec<i64> = tasks.iter().map(id_of).collect();
    assert_eq!(gone, [(ids[0], 2), (ids[1], 3), (ids[2], 2)]);
    assert_eq!(
        envelope(&event).to_string(),
        json!({
            "id": event.id.to_string(),
            "type": "task.delete",
            "timestamp": NOW,
            "account_id": app.account_id,
            "revision": null,
            "actor": {"kind": "api", "token_id": TOKEN_ID},
            "data": {"id_order": order["id"], "count": 3},
            "previous": null,
        })
        .to_string()
    );
    assert_eq!(event.cause.correlation_id, "sweep");
    for task in &tasks {
        app.api.get(&path_of(task)).await.expect(404);
    }
    assert_eq!(app.api.get(&path_of(&kept)).await.json(), kept);
    let order_path = format!("/api/v1/orders/{}", order["id"]);
    assert_eq!(app.api.get(&order_path).await.json(), order);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_without_tasks_has_nothing_to_tell() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "Заказ"})).await;
    app.new_events().await;
    let path = format!("/api/v1/orders/{}/tasks", order["id"]);
    app.api.delete(&path).await.expect(204);
    app.no_new_event().await;
}
