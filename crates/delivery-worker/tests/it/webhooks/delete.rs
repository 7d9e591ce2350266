//! `DELETE /webhooks/{id}`.

use serde_json::json;
use test_support::Answer;

use crate::app::{ACCOUNT, TestApp, path_of};
use crate::samples::order_added;

#[tokio::test]
async fn it_is_gone_and_what_was_pending_is_dropped() {
    let app = TestApp::start().await;
    app.receiver.answer_always(Answer::status(500));
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    app.publish(&order_added(ACCOUNT, 1)).await;
    let waiting = app
        .wait_for_delivery("?origin=event", |delivery| delivery["attempts"] == 1)
        .await;
    assert_eq!(waiting["state"], "pending");

    app.api.delete(&path).await.expect(204);
    app.api.get(&path).await.expect(404);
    app.api.patch(&path, json!({"name": "x"})).await.expect(404);
    app.api
        .post(&format!("{path}/test"), json!({}))
        .await
        .expect(404);
    app.api.delete(&path).await.expect(404);
    let listed = app.api.get("/api/v1/webhooks").await.expect(200).json();
    assert_eq!(listed["items"], json!([]));

    let dropped = app
        .wait_for_delivery("?origin=event", |delivery| delivery["state"] == "dropped")
        .await;
    assert!(dropped["finished_at"].is_string());
    assert_eq!(dropped["next_attempt_at"], json!(null));
    let seen = app.receiver.requests().len();
    app.publish(&order_added(ACCOUNT, 2)).await;
    assert_eq!(app.deliveries("?record_id=2").await.len(), 0);
    assert_eq!(app.receiver.requests().len(), seen);
}
