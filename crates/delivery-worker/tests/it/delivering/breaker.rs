//! Circuit breakers: a receiver that keeps failing is left alone, by all
//! workers, and nothing that waits for it loses attempts meanwhile.

use std::time::{Duration, Instant};

use delivery_worker::{BreakerConfig, DeliveryConfig};
use serde_json::json;
use test_support::{Answer, MockReceiver, wait_until};

use super::events::order_added;
use super::site::{DEADLINE, Site, callbacks, quick};

/// Opens after five failures; what failed is due again within milliseconds, so
/// that nothing but the breaker keeps it.
fn open_for(first_pause: Duration) -> DeliveryConfig {
    DeliveryConfig {
        retry_schedule: vec![Duration::from_millis(20); 1_000],
        breaker: BreakerConfig {
            failures: 5,
            first_pause,
            longest_pause: first_pause,
        },
        ..quick()
    }
}

async fn openings(site: &Site) -> i64 {
    site.number("SELECT CAST(max(openings) AS BIGINT) AS number FROM webhook_lanes")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn all_workers_leave_a_failing_receiver_alone_but_for_one_request_each_pause() {
    const EVENTS: usize = 20;
    const PAUSE: Duration = Duration::from_secs(2);
    /// Longer than it takes any worker to learn of it.
    const GAP: Duration = Duration::from_millis(900);
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let first = site.worker_with(open_for(PAUSE)).await;
    let _second = site.worker_with(open_for(PAUSE)).await;
    let webhook = first
        .webhook_with(&receiver, json!({"concurrency": 4}))
        .await;
    receiver.answer_always(Answer::status(500));
    for id in 0..EVENTS {
        drop(site.publish(&order_added(id.try_into().unwrap())).await);
    }
    wait_until(DEADLINE, || async { openings(&site).await >= 3 }).await;
    assert_eq!(first.webhook_state(&webhook).await, "failing");

    let mut arrivals: Vec<Instant> = callbacks(&receiver)
        .iter()
        .map(|request| request.arrived_at)
        .collect();
    arrivals.sort_unstable();
    let gaps: Vec<Duration> = arrivals.windows(2).map(|two| two[1] - two[0]).collect();
    let begun = gaps.iter().position(|gap| *gap > GAP).unwrap();
    assert!(begun + 1 >= 5, "it opened after {} failures", begun + 1);
    let alone = &gaps[begun + 1..];
    assert!(!alone.is_empty());
    assert!(
        alone.iter().all(|gap| *gap + GAP / 3 > PAUSE),
        "one request each pause: {gaps:?}"
    );

    receiver.answer_always(Answer::ok());
    let rows = site.wait_for(EVENTS, "delivered").await;
    assert_eq!(first.webhook_state(&webhook).await, "active");
    let attempts: i64 = rows.iter().map(|row| row.attempts).sum();
    let requests = callbacks(&receiver).len();
    assert_eq!(usize::try_from(attempts).unwrap(), requests);
    let failures = "SELECT CAST(max(failures) AS BIGINT) AS number FROM webhook_lanes";
    assert_eq!(site.number(failures).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_do_not_wait_for_a_receiver_that_fails() {
    let site = Site::start().await;
    let (bad, good) = (MockReceiver::start().await, MockReceiver::start().await);
    let worker = site.worker_with(open_for(Duration::from_secs(3_600))).await;
    worker.webhook(&bad).await;
    let healthy = worker.webhook(&good).await;
    bad.answer_always(Answer::status(503));
    for id in 0..30 {
        drop(site.publish(&order_added(id)).await);
    }
    wait_until(DEADLINE, || async { openings(&site).await == 1 }).await;
    for id in 30..60 {
        drop(site.publish(&order_added(id)).await);
    }
    wait_until(DEADLINE, || async { callbacks(&good).len() == 60 }).await;
    assert_eq!(worker.webhook_state(&healthy).await, "active");
    let unsent = "SELECT count(*) AS number FROM deliveries \
                  WHERE state = 'pending' AND attempts = 0";
    let waiting = site.number(unsent).await;
    assert!(waiting >= 30, "an open lane spends no attempts: {waiting}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_a_healthy_receiver_gives_open_nothing() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(open_for(Duration::from_secs(3_600))).await;
    let webhook = worker
        .webhook_with(&receiver, json!({"stop_on_4xx": true}))
        .await;
    receiver.answer_always(Answer::status(404));
    for id in 0..12 {
        drop(site.publish(&order_added(id)).await);
    }
    site.wait_for(12, "failed").await;
    assert_eq!(worker.webhook_state(&webhook).await, "active");
    assert_eq!(openings(&site).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_tells_of_the_breaker() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(open_for(Duration::from_secs(3_600))).await;
    let webhook = worker
        .webhook_with(&receiver, json!({"concurrency": 1}))
        .await;
    receiver.answer_always(Answer::status(500));
    let event = order_added(1);
    site.take_in(&event).await;
    wait_until(DEADLINE, || async { openings(&site).await == 1 }).await;
    let path = format!(
        "/api/v1/webhooks/{}/explain?event_id={}",
        webhook["id"], event.id
    );
    let explained = worker.api.get(&path).await.expect(200).json();
    assert_eq!(explained["outcome"], "held_breaker");
    let summary = explained["summary"].as_str().unwrap();
    assert!(
        summary.contains("The circuit breaker is open until ")
            && summary.contains(" after 5 failures in a row; one request is tried then."),
        "{summary}"
    );
    let rules = explained["rules"].as_array().unwrap();
    assert_eq!(rules.last().unwrap()["rule"], "breaker");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_url_does_not_wait_for_what_failed_at_the_one_before() {
    let site = Site::start().await;
    let (bad, good) = (MockReceiver::start().await, MockReceiver::start().await);
    let worker = site.worker_with(open_for(Duration::from_secs(3_600))).await;
    let webhook = worker.webhook(&bad).await;
    bad.answer_always(Answer::status(500));
    for id in 0..10 {
        drop(site.publish(&order_added(id)).await);
    }
    wait_until(DEADLINE, || async { openings(&site).await == 1 }).await;
    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    let renamed = worker.api.patch(&path, json!({"name": "Склад"})).await;
    let renamed = renamed.expect(200).json();
    assert_eq!(renamed["state"], "failing");
    let before = renamed["revision"].as_i64().unwrap();

    let moved = worker.api.patch(&path, json!({"url": good.url("/")})).await;
    let moved = moved.expect(200).json();
    assert_eq!(
        (&moved["state"], &moved["failures_in_a_row"]),
        (&json!("active"), &json!(0))
    );
    assert_eq!(moved["revision"], before + 1);
    site.wait_for(10, "delivered").await;
    assert_eq!(callbacks(&good).len(), 10);
}
