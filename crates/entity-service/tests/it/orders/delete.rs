//! Removing orders, their tasks among them.

use events::{Action, Change};
use serde_json::json;
use test_support::Method;

use super::{ORDERS, path_of};
use crate::app::{NOW, TOKEN_ID, TestApp, envelope, id_of, order_change, problem_code};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_order_is_gone_and_its_event_has_the_last_state() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "Заказ", "price": 1})).await;
    let path = path_of(&order);
    app.api.patch(&path, json!({"price": 2})).await.expect(200);
    app.new_events().await;

    let answer = app
        .api
        .send(Method::DELETE, &path, &[("X-Request-Id", "bye")], None)
        .await
        .unwrap()
        .expect(204);

    assert!(answer.body.is_empty());
    app.api.get(&path).await.expect(404);
    app.api.delete(&path).await.expect(404);
    let event = app.new_event().await;
    let change = order_change(&event);
    assert_eq!(change.action, Action::Delete);
    assert_eq!(change.revision, 3);
    assert_eq!(change.changed, Vec::<String>::new());
    assert_eq!(change.previous, None);
    assert_eq!(event.cause.correlation_id, "bye");
    let mut last = order;
    last["price"] = json!(2);
    last["revision"] = json!(3);
    assert_eq!(
        envelope(&event).to_string(),
        json!({
            "id": event.id.to_string(),
            "type": "order.delete",
            "timestamp": NOW,
            "account_id": app.account_id,
            "revision": 3,
            "actor": {"kind": "api", "token_id": TOKEN_ID},
            "data": last,
            "previous": null,
        })
        .to_string()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tasks_of_a_deleted_order_are_told_of_first_and_at_once() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "n"})).await;
    let kept = app.create_task(json!({"name": "другая"})).await;
    let mut tasks = Vec::new();
    for _ in 0..3 {
        tasks.push(
            app.create_task(json!({"name": "n", "id_deal": order["id"]}))
                .await,
        );
    }
    app.api
        .patch(
            &format!("/api/v1/tasks/{}", tasks[1]["id"]),
            json!({"name": "x"}),
        )
        .await
        .expect(200);
    app.new_events().await;

    app.api.delete(&path_of(&order)).await.expect(204);

    let events = app.new_events().await;
    let [bulk, deleted] = events.as_slice() else {
        panic!("{events:#?}");
    };
    let Change::TasksOfOrderDeleted(change) = &bulk.change else {
        panic!("{bulk:#?}");
    };
    assert_eq!(change.order_id.0, id_of(&order));
    let gone: Vec<(i64, i64)> = change
        .tasks
        .iter()
        .map(|task| (task.id.0, task.revision))
        .collect();
    let expected = [
        (id_of(&tasks[0]), 2),
        (id_of(&tasks[1]), 3),
        (id_of(&tasks[2]), 2),
    ];
    assert_eq!(gone, expected);
    assert_eq!(order_change(deleted).action, Action::Delete);
    assert_eq!(order_change(deleted).revision, 2);
    assert_eq!(bulk.cause.correlation_id, deleted.cause.correlation_id);
    let envelope = envelope(bulk);
    assert_eq!(envelope["type"], "task.delete");
    assert_eq!(
        envelope["data"].to_string(),
        json!({"id_order": order["id"], "count": 3}).to_string()
    );
    assert!(envelope["revision"].is_null() && envelope["previous"].is_null());

    for task in &tasks {
        let path = format!("/api/v1/tasks/{}", task["id"]);
        app.api.get(&path).await.expect(404);
    }
    let path = format!("/api/v1/tasks/{}", kept["id"]);
    app.api.get(&path).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_condition_guards_against_deleting_what_has_changed() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "n"})).await;
    let path = path_of(&order);
    app.create_task(json!({"name": "n", "id_order": order["id"]}))
        .await;
    app.api.patch(&path, json!({"name": "x"})).await.expect(200);
    app.new_events().await;

    let stale = [("If-Match", "\"1\"")];
    let answer = app.api.send(Method::DELETE, &path, &stale, None).await;
    let answer = answer.unwrap().expect(412);
    assert_eq!(problem_code(&answer), "precondition_failed");
    assert_eq!(answer.headers["etag"], "\"2\"");
    app.no_new_event().await;
    app.api.get(&path).await.expect(200);

    let current = [("If-Match", "\"2\"")];
    let answer = app.api.send(Method::DELETE, &path, &current, None).await;
    answer.unwrap().expect(204);
    assert_eq!(app.new_events().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_id_of_a_deleted_order_is_never_used_again() {
    let app = TestApp::start().await;
    let first = app.create_order(json!({"name": "n"})).await;
    app.api
        .delete(&format!("{ORDERS}/{}", first["id"]))
        .await
        .expect(204);
    let second = app.create_order(json!({"name": "n"})).await;
    assert!(id_of(&second) > id_of(&first));
}
