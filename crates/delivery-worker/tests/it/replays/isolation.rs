//! Whose jobs, and whose events.

use http_api::Scope;
use serde_json::json;

use super::jobs::{LONG_AGO, ask, records, replay, replayed, wait_until_done};
use crate::app::{ACCOUNT, OTHER_ACCOUNT, TestApp, errors, field_errors};
use crate::samples::order_added;

#[tokio::test]
async fn another_account_finds_no_job_and_makes_none() {
    let app = TestApp::start().await;
    let webhook = app.create_webhook(json!({})).await;
    let job = replay(&app.api, &webhook, json!({})).await;
    let path = format!("/api/v1/replays/{}", job["id"]);
    app.other.get(&path).await.expect(404);
    app.other
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .expect(404);
    ask(&app.other, &webhook, json!({"since": LONG_AGO}))
        .await
        .expect(404);
    let list = app.other.get("/api/v1/replays").await.expect(200).json();
    assert_eq!(list, json!({"items": [], "next_cursor": null}));
    let done = wait_until_done(&app.api, &job).await;
    assert_eq!(done["state"], "done");
}

#[tokio::test]
async fn events_of_others_are_not_replayed() {
    let app = TestApp::start().await;
    app.publish(&order_added(OTHER_ACCOUNT, 1)).await;
    app.publish(&order_added(ACCOUNT, 2)).await;
    let webhook = app.create_webhook(json!({})).await;
    let job = replay(&app.api, &webhook, json!({})).await;
    let done = wait_until_done(&app.api, &job).await;
    assert_eq!(done["progress"]["examined"], 1);
    assert_eq!(records(&replayed(&app).await), [2]);
}

#[tokio::test]
async fn a_retry_of_everything_leaves_others_alone() {
    let app = TestApp::start().await;
    let theirs = app
        .create_webhook_as(&app.other, json!({"url": app.receiver.url("/theirs")}))
        .await;
    app.publish(&order_added(OTHER_ACCOUNT, 1)).await;
    let path = format!("/api/v1/deliveries?origin=event&webhook={}", theirs["id"]);
    let delivered = async || {
        let page = app.other.get(&path).await.expect(200).json();
        page["items"][0]["state"] == "delivered"
    };
    test_support::wait_until(crate::app::DEADLINE, delivered).await;
    let seen = app.receiver.requests().len();
    let body = json!({"state": ["delivered", "failed"], "force": true});
    let job = app.api.post("/api/v1/deliveries/retry", body).await;
    let done = wait_until_done(&app.api, &job.expect(202).json()).await;
    assert_eq!(done["progress"]["examined"], 0);
    let named = json!({"webhook": theirs["id"], "state": "delivered", "force": true});
    let refused = app.api.post("/api/v1/deliveries/retry", named).await;
    assert_eq!(field_errors(&refused), errors(&[("/webhook", "not_found")]));
    assert_eq!(app.receiver.requests().len(), seen);
}

#[tokio::test]
async fn who_may_only_read_starts_and_ends_nothing() {
    let app = TestApp::start().await;
    let webhook = app.create_webhook(json!({})).await;
    let job = replay(&app.api, &webhook, json!({})).await;
    let reader = app.api_with(&[Scope::WebhooksRead]);
    let path = format!("/api/v1/replays/{}", job["id"]);
    reader.get(&path).await.expect(200);
    reader.get("/api/v1/replays").await.expect(200);
    reader
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .expect(403);
    ask(&reader, &webhook, json!({"since": LONG_AGO}))
        .await
        .expect(403);
    let retry = reader.post("/api/v1/deliveries/retry", json!({})).await;
    retry.expect(403);
    let stranger = app.api_with(&[Scope::RecordsWrite]);
    stranger.get(&path).await.expect(403);
}
