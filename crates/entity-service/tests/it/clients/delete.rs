//! Removing clients.

use events::Action;
use serde_json::json;

use super::path_of;
use crate::app::{NOW, TOKEN_ID, TestApp, client_change, envelope, problem_code};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_client_is_gone_and_its_event_has_the_last_state() {
    let app = TestApp::start().await;
    let mut client = app
        .create_client(json!({"realname": "Иван", "fields": {"Город": "Москва"}}))
        .await;
    app.new_events().await;
    let path = path_of(&client);

    let answer = app.api.delete(&path).await.expect(204);

    assert!(answer.body.is_empty());
    app.api.get(&path).await.expect(404);
    app.api.delete(&path).await.expect(404);
    let event = app.new_event().await;
    assert_eq!(client_change(&event).action, Action::Delete);
    client["revision"] = json!(2);
    assert_eq!(
        envelope(&event).to_string(),
        json!({
            "id": event.id.to_string(),
            "type": "client.delete",
            "timestamp": NOW,
            "account_id": app.account_id,
            "revision": 2,
            "actor": {"kind": "api", "token_id": TOKEN_ID},
            "data": client,
            "previous": null,
        })
        .to_string()
    );
    assert_eq!(app.count_rows("client_fields").await, 0);
    assert_eq!(app.count_rows("custom_fields").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_with_orders_stays() {
    let app = TestApp::start().await;
    let client = app.create_client(json!({"realname": "Иван"})).await;
    let mut orders = Vec::new();
    for _ in 0..2 {
        let body = json!({"name": "Заказ", "id_client": client["id"]});
        orders.push(app.create_order(body).await);
    }
    app.new_events().await;

    for left in [2, 1] {
        let answer = app.api.delete(&path_of(&client)).await.expect(409);
        assert_eq!(problem_code(&answer), "in_use");
        assert_eq!(answer.json()["count"], left);
        assert_eq!(app.api.get(&path_of(&client)).await.json(), client);
        app.no_new_event().await;
        let order = format!("/api/v1/orders/{}", orders.pop().unwrap()["id"]);
        if left == 2 {
            app.api
                .patch(&order, json!({"id_client": null}))
                .await
                .expect(200);
        } else {
            app.api.delete(&order).await.expect(204);
        }
        app.new_events().await;
    }
    app.api.delete(&path_of(&client)).await.expect(204);
}
