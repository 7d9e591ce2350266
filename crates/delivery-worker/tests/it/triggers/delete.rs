//! `DELETE /triggers/{id}`.

use serde_json::json;
use test_support::Answer;

use super::{create, path_of, start};
use crate::app::ACCOUNT;
use crate::samples::order_added;

#[tokio::test]
async fn it_is_gone_and_what_was_pending_is_dropped() {
    let app = start().await;
    app.receiver.answer_always(Answer::status(500));
    let path = path_of(&create(&app, json!({"event": "created_in"})).await);
    app.publish(&order_added(ACCOUNT, 1)).await;
    app.wait_for_delivery("?origin=event", |delivery| delivery["attempts"] == 1)
        .await;

    app.api.delete(&path).await.expect(204);
    app.api.get(&path).await.expect(404);
    app.api.delete(&path).await.expect(404);
    let listed = app.api.get("/api/v1/triggers").await.expect(200).json();
    assert_eq!(listed["items"], json!([]));
    app.wait_for_delivery("?origin=event", |delivery| delivery["state"] == "dropped")
        .await;
    app.publish(&order_added(ACCOUNT, 2)).await;
    assert_eq!(app.deliveries("?record_id=2").await.len(), 0);
}
