//! `POST /replays/{id}/cancel`, and webhooks that go away.

use std::time::Duration;

use serde_json::{Value, json};
use test_support::Answer;

use super::jobs::{replay, replayed, wait_for_job, wait_until_done, webhook_that_missed};
use crate::app::{TestApp, path_of};

#[tokio::test]
async fn what_was_queued_is_taken_back() {
    let app = TestApp::start().await;
    let webhook = webhook_that_missed(&app, 1..=40, json!({"concurrency": 1})).await;
    let seen = app.receiver.requests().len();
    app.receiver
        .answer_always(Answer::ok().delay(Duration::from_millis(200)));
    let job = replay(&app.api, &webhook, json!({})).await;
    app.receiver.wait_for_requests(seen + 1).await;
    let path = format!("/api/v1/replays/{}/cancel", job["id"]);
    let answer = app.api.post(&path, json!({})).await.expect(200).json();
    assert!(
        answer["state"] == "cancelling" || answer["state"] == "cancelled",
        "{answer}"
    );
    let over = wait_for_job(&app.api, &job, |job| job["state"] == "cancelled").await;
    let progress = &over["progress"];
    assert_eq!(progress["pending"], 0);
    assert!(progress["queued"].as_i64().unwrap() < 40, "{over}");
    assert_ne!(
        progress["percent"], 100,
        "it stays where it came to: {over}"
    );
    assert_eq!(over["reason"], json!(null));
    // It is over: nothing comes any more.
    let sent = app.receiver.requests().len();
    assert_eq!(
        i64::try_from(sent - seen).unwrap(),
        progress["delivered"].as_i64().unwrap()
    );
    for delivery in replayed(&app).await {
        let state = delivery["state"].as_str().unwrap();
        assert!(state == "delivered" || state == "skipped", "{delivery}");
        if state == "skipped" {
            let why = delivery["last_error"].as_str().unwrap();
            assert!(why.contains("cancelled"), "{why}");
        }
    }
    // What was taken back is missing as before.
    app.receiver.answer_always(Answer::ok());
    let rest = replay(&app.api, &webhook, json!({"state": "missing"})).await;
    let rest = wait_until_done(&app.api, &rest).await;
    let brought = |job: &Value| job["progress"]["delivered"].as_i64().unwrap();
    assert_eq!(brought(&over) + brought(&rest), 40, "{rest}");
    // Once more changes nothing.
    let again = app.api.post(&path, json!({})).await.expect(200).json();
    assert_eq!(again["finished_at"], over["finished_at"]);
}

#[tokio::test]
async fn one_that_is_done_stays_done() {
    let app = TestApp::start().await;
    let webhook = webhook_that_missed(&app, 1..=2, json!({})).await;
    let job = replay(&app.api, &webhook, json!({})).await;
    let done = wait_until_done(&app.api, &job).await;
    let path = format!("/api/v1/replays/{}/cancel", job["id"]);
    let answer = app.api.post(&path, json!({})).await.expect(200).json();
    assert_eq!(answer, done);
}

#[tokio::test]
async fn a_deleted_webhook_ends_its_replays() {
    let app = TestApp::start().await;
    let webhook = webhook_that_missed(&app, 1..=40, json!({"concurrency": 1})).await;
    let seen = app.receiver.requests().len();
    app.receiver
        .answer_always(Answer::ok().delay(Duration::from_millis(100)));
    let job = replay(&app.api, &webhook, json!({})).await;
    app.receiver.wait_for_requests(seen + 1).await;
    app.api.delete(&path_of(&webhook)).await.expect(204);
    let over = wait_for_job(&app.api, &job, |job| job["state"] == "cancelled").await;
    assert_eq!(over["reason"], "webhook_deleted");
    assert_eq!(over["progress"]["pending"], 0);
}
