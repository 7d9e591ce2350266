//! `POST /deliveries/retry`.

use serde_json::{Value, json};
use test_support::Answer;

use super::jobs::wait_until_done;
use crate::app::{ACCOUNT, DEADLINE, TestApp, errors, field_errors};
use crate::samples::order_added;

async fn retry(app: &TestApp, body: Value) -> Value {
    let job = app.api.post("/api/v1/deliveries/retry", body).await;
    wait_until_done(&app.api, &job.expect(202).json()).await
}

/// Two that failed and one that was delivered.
async fn some_failed(app: &TestApp) {
    app.create_webhook(json!({"retry_schedule_s": [0]})).await;
    for order in 1..=2 {
        app.receiver.answer_next(Answer::status(500));
        app.publish(&order_added(ACCOUNT, order)).await;
        let query = format!("?record_id={order}");
        app.wait_for_delivery(&query, |it| it["state"] == "failed")
            .await;
    }
    app.publish(&order_added(ACCOUNT, 3)).await;
    app.wait_for_delivery("?record_id=3", |it| it["state"] == "delivered")
        .await;
}

#[tokio::test]
async fn what_was_given_up_is_sent_again_under_its_id() {
    let app = TestApp::start().await;
    some_failed(&app).await;
    let done = retry(&app, json!({})).await;
    assert_eq!(done["kind"], "retry");
    assert_eq!(done["webhook_id"], Value::Null);
    assert_eq!(done["selection"]["state"], json!(["failed", "expired"]));
    assert_eq!(done["progress"]["queued"], 2);
    assert_eq!(done["progress"]["delivered"], 2);
    let deliveries = app.deliveries("?origin=event").await;
    assert_eq!(deliveries.len(), 3);
    for delivery in &deliveries {
        let attempts = if delivery["record_id"] == 3 { 1 } else { 2 };
        assert_eq!(delivery["state"], "delivered");
        assert_eq!(delivery["attempts"], attempts);
    }
    let requests = app.receiver.requests();
    let of_first: Vec<_> = requests
        .iter()
        .filter(|it| it.text().starts_with("id=1&"))
        .map(|it| it.header("webhook-id"))
        .collect();
    assert_eq!(of_first.len(), 2);
    assert_eq!(of_first[0], of_first[1]);
}

#[tokio::test]
async fn the_filter_is_that_of_the_list() {
    let app = TestApp::start().await;
    some_failed(&app).await;
    let done = retry(&app, json!({"record_id": [2], "component": "order"})).await;
    assert_eq!(done["progress"]["queued"], 1);
    let left = app.deliveries("?state=failed").await;
    assert_eq!((left.len(), &left[0]["record_id"]), (1, &json!(1)));
    let event = left[0]["event_id"].clone();
    let none = retry(&app, json!({"event_id": event, "origin": "replay"})).await;
    assert_eq!(none["progress"]["queued"], 0);
    let note = none["note"].as_str().unwrap();
    assert!(note.starts_with("Of 1 deliveries none"), "{note}");
    let done = retry(&app, json!({"event_id": event, "event": "order.add"})).await;
    assert_eq!(done["progress"]["queued"], 1);
}

#[tokio::test]
async fn what_was_delivered_is_sent_again_by_force_only() {
    let app = TestApp::start().await;
    some_failed(&app).await;
    let seen = app.receiver.requests().len();
    let unforced = json!({"state": "delivered"});
    let refused = app.api.post("/api/v1/deliveries/retry", unforced).await;
    assert_eq!(field_errors(&refused), errors(&[("/force", "required")]));
    assert_eq!(app.receiver.requests().len(), seen);
    let done = retry(&app, json!({"state": ["delivered"], "force": true})).await;
    assert_eq!(done["progress"]["delivered"], 1);
    assert_eq!(app.receiver.requests().len(), seen + 1);
}

#[tokio::test]
async fn what_waits_for_its_time_need_not() {
    let app = TestApp::start().await;
    app.create_webhook(json!({"retry_schedule_s": [0, 86400]}))
        .await;
    app.receiver.answer_next(Answer::status(500));
    app.publish(&order_added(ACCOUNT, 1)).await;
    app.wait_for_delivery("?origin=event", |it| it["attempts"] == 1)
        .await;
    let done = retry(&app, json!({"state": "pending"})).await;
    assert_eq!(done["progress"]["delivered"], 1);
}

#[tokio::test]
async fn cancelling_loses_nothing_that_was_owed() {
    let app = TestApp::start().await;
    app.create_webhook(json!({"retry_schedule_s": [0, 86400]}))
        .await;
    app.receiver.answer_next(Answer::status(500));
    app.publish(&order_added(ACCOUNT, 1)).await;
    app.wait_for_delivery("?origin=event", |it| it["attempts"] == 1)
        .await;
    app.receiver.answer_next(Answer::status(500));
    let job = app
        .api
        .post("/api/v1/deliveries/retry", json!({"state": "pending"}))
        .await;
    let job = job.expect(202).json();
    app.wait_for_delivery("?origin=event", |it| it["attempts"] == 2)
        .await;
    let path = format!("/api/v1/replays/{}", job["id"]);
    app.api
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .expect(200);
    let over = async || {
        let state = app.api.get(&path).await.expect(200).json()["state"].clone();
        state == "cancelled" || state == "done"
    };
    test_support::wait_until(DEADLINE, over).await;
    let delivery = app.deliveries("?origin=event").await.remove(0);
    assert_ne!(delivery["state"], "skipped", "{delivery}");
}
