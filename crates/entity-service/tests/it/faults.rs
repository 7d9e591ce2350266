//! The database fails in the middle of a change: a change without its event is no change.

use serde_json::json;
use test_support::{ApiAnswer, Method};

use crate::app::{TestApp, problem_code};

fn is_unavailable(answer: ApiAnswer) {
    let answer = answer.expect(503);
    assert_eq!(problem_code(&answer), "unavailable");
    let seconds: u64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(seconds >= 1);
    // The reason is for the log.
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(!text.contains("disk") && !text.contains("device"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_is_stored_without_its_event() {
    let app = TestApp::start().await;
    let client = app
        .create_client(json!({"realname": "n", "fields": {"a": 1}}))
        .await;
    let idle = app.create_client(json!({"realname": "idle"})).await;
    let order = app
        .create_order(json!({"name": "n", "id_client": client["id"]}))
        .await;
    let task = app
        .create_task(json!({"name": "n", "id_order": order["id"]}))
        .await;
    app.new_events().await;
    let records = [
        (format!("/api/v1/orders/{}", order["id"]), order.clone()),
        (format!("/api/v1/tasks/{}", task["id"]), task),
        (format!("/api/v1/clients/{}", client["id"]), client),
        (format!("/api/v1/clients/{}", idle["id"]), idle),
    ];

    app.break_appends().await;
    for (path, body) in [
        ("/api/v1/orders", json!({"name": "x"})),
        ("/api/v1/tasks", json!({"name": "x"})),
        (
            "/api/v1/clients",
            json!({"realname": "x", "fields": {"новое": 1}}),
        ),
    ] {
        is_unavailable(app.api.post(path, body).await);
    }
    for (path, _) in &records {
        let patch = if path.contains("clients") {
            json!({"text": "x", "fields": {"новое": 1}})
        } else {
            json!({"text": "x"})
        };
        is_unavailable(app.api.patch(path, patch).await);
    }
    for (path, _) in records
        .iter()
        .filter(|(path, _)| !path.ends_with("clients/1"))
    {
        is_unavailable(app.api.delete(path).await);
    }
    let tasks = format!("/api/v1/orders/{}/tasks", order["id"]);
    is_unavailable(app.api.delete(&tasks).await);
    // What changes nothing needs no event, and reading goes on.
    for (path, record) in &records {
        assert_eq!(
            &app.api.patch(path, json!({})).await.expect(200).json(),
            record
        );
        assert_eq!(&app.api.get(path).await.expect(200).json(), record);
    }
    app.mend().await;

    for (path, record) in &records {
        assert_eq!(&app.api.get(path).await.expect(200).json(), record);
    }
    for (table, rows) in [
        ("orders", 1),
        ("tasks", 1),
        ("clients", 2),
        ("custom_fields", 1),
        ("client_fields", 1),
    ] {
        assert_eq!(app.count_rows(table).await, rows, "{table}");
    }
    app.no_new_event().await;

    let answer = app
        .api
        .send(Method::DELETE, &records[0].0, &[], None)
        .await
        .unwrap();
    answer.expect(204);
    assert_eq!(app.new_events().await.len(), 2);
}
