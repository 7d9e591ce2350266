//! A job stands in nobody's way.

use std::time::Duration;

use serde_json::json;
use test_support::Answer;

use super::jobs::{read, replay, wait_until_done, webhook_that_missed};
use crate::app::{ACCOUNT, TestApp};
use crate::samples::order_added;

#[tokio::test]
async fn a_live_change_waits_behind_a_few_of_them_only() {
    let app = TestApp::start().await;
    let webhook = webhook_that_missed(&app, 1..=120, json!({"concurrency": 2})).await;
    let seen = app.receiver.requests().len();
    app.receiver
        .answer_always(Answer::ok().delay(Duration::from_millis(25)));
    let job = replay(&app.api, &webhook, json!({})).await;
    app.receiver.wait_for_requests(seen + 10).await;

    let live = order_added(ACCOUNT, 1_000);
    app.publish(&live).await;
    let before = app.receiver.requests().len();
    app.wait_for_delivery("?record_id=1000", |it| it["state"] == "delivered")
        .await;
    let requests = app.receiver.requests();
    let place = requests
        .iter()
        .position(|it| it.text().contains("id=1000&"))
        .unwrap();
    // Twice the slots are due at once; some start while this test looks.
    assert!(place <= before + 10, "{place} behind {before}");
    assert_eq!(read(&app.api, &job).await["state"], "running");
    let done = wait_until_done(&app.api, &job).await;
    assert_eq!(done["progress"]["delivered"], 120);
}

#[tokio::test]
async fn a_rate_is_kept() {
    let app = TestApp::start().await;
    let webhook = webhook_that_missed(&app, 1..=30, json!({})).await;
    let seen = app.receiver.requests().len();
    let job = replay(&app.api, &webhook, json!({"rate_per_second": 20})).await;
    assert_eq!(job["rate_per_second"], 20);
    wait_until_done(&app.api, &job).await;
    let requests = app.receiver.requests().split_off(seen);
    assert_eq!(requests.len(), 30);
    let took = requests[29].arrived_at - requests[0].arrived_at;
    assert!(took >= Duration::from_millis(1_300), "{took:?}");
}

#[tokio::test]
async fn a_receiver_that_is_down_gets_no_heap_of_retries() {
    let app = TestApp::start().await;
    let webhook = webhook_that_missed(&app, 1..=60, json!({})).await;
    app.receiver
        .answer_always(Answer::status(503).header("Retry-After", "600"));
    let job = replay(&app.api, &webhook, json!({})).await;
    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    let paused = async || app.api.get(&path).await.expect(200).json()["state"] == "paused";
    test_support::wait_until(crate::app::DEADLINE, paused).await;
    let found = read(&app.api, &job).await;
    assert_eq!(found["state"], "running");
    assert!(
        found["progress"]["queued"].as_i64().unwrap() < 60,
        "{found}"
    );
}
