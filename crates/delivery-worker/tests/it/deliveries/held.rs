//! Held is not a state: it is a pending delivery of a webhook that waits.

use serde_json::json;
use test_support::Answer;

use crate::app::{ACCOUNT, TestApp, path_of};
use crate::samples::order_added;

#[tokio::test]
async fn deliveries_of_a_disabled_webhook_are_held_until_it_is_enabled() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    app.receiver.answer_next(Answer::status(410));
    app.publish(&order_added(ACCOUNT, 1)).await;
    app.wait_for_delivery("?record_id=1", |delivery| delivery["held"] == true)
        .await;
    app.publish(&order_added(ACCOUNT, 2)).await;
    let held = app
        .wait_for_delivery("?record_id=2", |delivery| delivery["held"] == true)
        .await;
    assert_eq!(held["state"], "pending");
    assert_eq!(held["attempts"], 0);
    assert_eq!(held["next_attempt_at"], json!(null));

    let id = held["id"].as_str().unwrap();
    let path = format!("/api/v1/deliveries/{id}/retry");
    let retried = app.api.post(&path, json!({})).await.expect(200).json();
    assert_eq!(retried["held"], true, "a retry does not open the webhook");

    let enable = app
        .api
        .patch(&path_of(&created), json!({"active": true}))
        .await;
    enable.expect(200);
    for query in ["?record_id=1", "?record_id=2"] {
        let delivered = app
            .wait_for_delivery(query, |delivery| delivery["state"] == "delivered")
            .await;
        assert_eq!(delivered["held"], false);
    }
}

#[tokio::test]
async fn a_receiver_that_asks_to_wait_pauses_its_webhook() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let busy = Answer::status(429).header("Retry-After", "3600");
    app.receiver.answer_next(busy);
    app.publish(&order_added(ACCOUNT, 1)).await;
    let held = app
        .wait_for_delivery("?origin=event", |delivery| delivery["held"] == true)
        .await;
    assert_eq!(held["last_status"], 429);
    let webhook = app.api.get(&path_of(&created)).await.expect(200).json();
    assert_eq!(webhook["state"], "paused");
    assert!(webhook["paused_until"].is_string());
    let paused = app
        .api
        .get("/api/v1/webhooks?state=paused")
        .await
        .expect(200);
    assert_eq!(paused.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn deliveries_of_an_inactive_webhook_are_held() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    app.receiver.answer_next(Answer::status(500));
    app.publish(&order_added(ACCOUNT, 1)).await;
    let query = "?origin=event";
    let waiting = app
        .wait_for_delivery(query, |delivery| delivery["attempts"] == 1)
        .await;
    assert_eq!(waiting["held"], false);
    let path = path_of(&created);
    app.api
        .patch(&path, json!({"active": false}))
        .await
        .expect(200);
    app.wait_for_delivery(query, |delivery| delivery["held"] == true)
        .await;
}
