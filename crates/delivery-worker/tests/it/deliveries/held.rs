//! Held is not a state: it is a pending delivery of a webhook that waits.

use delivery_worker::MasterKey;
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
    assert_eq!(held["waits_for"], "disabled");
    assert_eq!(held["waits_until"], json!(null));
    let why = held["waits_because"].as_str().unwrap();
    assert!(why.contains("410") && why.contains("PATCH"), "{why}");

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
        for key in ["waits_for", "waits_until", "waits_because"] {
            assert_eq!(delivered[key], json!(null), "{key}");
        }
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
    assert_eq!(held["waits_for"], "paused");
    assert_eq!(held["waits_until"], webhook["paused_until"]);
    let why = held["waits_because"].as_str().unwrap();
    assert!(why.contains("as the receiver asked"), "{why}");

    // A person's pause has no end that is known.
    let pause = format!("{}/pause", path_of(&created));
    app.api.post(&pause, json!({})).await.expect(200);
    let id = held["id"].as_str().unwrap();
    let path = format!("/api/v1/deliveries/{id}");
    let held = app.api.get(&path).await.expect(200).json();
    assert_eq!(held["waits_for"], "paused");
    assert_eq!(held["waits_until"], json!(null));
    let paused = app
        .api
        .get("/api/v1/webhooks?state=paused")
        .await
        .expect(200);
    assert_eq!(paused.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_pause_that_the_receiver_asked_for_brings_no_attempt_forward() {
    let app = TestApp::start().await;
    app.create_webhook(json!({"retry_schedule_s": [0, 7200]}))
        .await;
    let busy = Answer::status(429).header("Retry-After", "60");
    app.receiver.answer_next(busy);
    app.publish(&order_added(ACCOUNT, 1)).await;
    let held = app
        .wait_for_delivery("?origin=event", |delivery| delivery["held"] == true)
        .await;
    let why = held["waits_because"].as_str().unwrap();
    assert!(
        why.contains("as the receiver asked. It is tried again at 20"),
        "{why}"
    );
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
    let held = app
        .wait_for_delivery(query, |delivery| delivery["held"] == true)
        .await;
    assert_eq!(held["waits_for"], "inactive");
}

#[tokio::test]
async fn an_open_breaker_says_until_when() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"retry_schedule_s": [0]})).await;
    app.receiver.answer_always(Answer::status(500));
    let path = path_of(&created);
    let mut next = 0;
    let webhook = loop {
        next += 1;
        app.publish(&order_added(ACCOUNT, next)).await;
        let query = format!("?record_id={next}");
        app.wait_for_delivery(&query, |it| it["state"] == "failed" || it["held"] == true)
            .await;
        let shown = app.api.get(&path).await.expect(200).json();
        if shown["open_until"].is_string() {
            break shown;
        }
        assert!(next < 20, "{shown}");
    };
    let waiting = next + 1;
    app.publish(&order_added(ACCOUNT, waiting)).await;
    let query = format!("?record_id={waiting}");
    let held = app.wait_for_delivery(&query, |it| it["held"] == true).await;
    assert_eq!(held["waits_for"], "breaker");
    assert_eq!(held["waits_until"], webhook["open_until"]);
    let why = held["waits_because"].as_str().unwrap();
    assert!(why.contains("circuit breaker is open"), "{why}");
}

#[tokio::test]
async fn without_the_master_key_everything_says_so() {
    let [lost, other] = [(); 2].map(|()| MasterKey::generate().unwrap());
    let app = TestApp::start_with_keys(&lost, &[]).await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    let shown = app.api.get(&path).await.expect(200).json();
    assert_eq!(shown["unusable_reason"], json!(null));

    let app = app.restart_with_keys(&other, &[]).await;
    let shown = app.api.get(&path).await.expect(200).json();
    let why = shown["unusable_reason"].as_str().unwrap();
    assert!(why.contains("master key"), "{why}");
    // What was read can be sent back.
    let unchanged = app.api.patch(&path, shown.clone()).await.expect(200).json();
    assert_eq!(unchanged["revision"], shown["revision"]);

    app.publish(&order_added(ACCOUNT, 1)).await;
    let held = app
        .wait_for_delivery("?record_id=1", |delivery| delivery["held"] == true)
        .await;
    assert_eq!(held["waits_for"], "unusable");
    let why = held["waits_because"].as_str().unwrap();
    assert!(why.contains("master key"), "{why}");
    let event = held["event_id"].as_str().unwrap();
    let explain = format!("{path}/explain?event_id={event}");
    let explained = app.api.get(&explain).await.expect(200).json();
    assert_eq!(explained["outcome"], "held_unusable");
    let told = explained["summary"].as_str().unwrap();
    assert!(told.contains(why), "{told}");

    // The receiver is another one by now, which is no matter here.
    let app = app.restart_with_keys(&other, &[lost]).await;
    let tried = app
        .wait_for_delivery("?record_id=1", |delivery| delivery["attempts"] == 1)
        .await;
    assert_eq!(tried["held"], false);
}
