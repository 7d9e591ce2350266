//! What is too old is not sent, and what is owed is, however long its webhook was held up.

use events::{Action, Event, EventId, Timestamp};
use serde_json::{Value, json};
use test_support::{Answer, MockReceiver, wait_until};

use super::events::{order_added, order_changed};
use super::site::{DEADLINE, Site, Worker, callbacks, wait_for_callbacks};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
const HOUR_US: i64 = 60 * 60 * 1_000_000;

/// The same as if it had happened so many days ago.
async fn days_ago(site: &Site, mut event: Event, days: i64) -> Event {
    event.occurred_at = Timestamp(site.now_us().await - days * DAY_US);
    event.id = EventId::new(event.occurred_at);
    event
}

async fn post(worker: &Worker, webhook: &Value, action: &str) {
    let path = format!("/api/v1/webhooks/{}/{action}", webhook["id"]);
    worker.api.post(&path, json!({})).await.expect(200);
}

/// Pauses the webhook; the worker that it goes on with knows of it.
async fn paused(site: &Site, worker: Worker, webhook: &Value) -> Worker {
    post(&worker, webhook, "pause").await;
    worker.stop().await;
    site.worker().await
}

/// How many deliveries of events are in this state.
async fn count(site: &Site, state: &str) -> usize {
    let deliveries = site.deliveries().await;
    deliveries.iter().filter(|row| row.state == state).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_retried_is_owed_however_old_and_the_rest_expires_behind_a_pause() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    let webhook = worker.webhook(&receiver).await;
    let worker = paused(&site, worker, &webhook).await;
    for order_id in [1, 2] {
        let event = days_ago(&site, order_added(order_id), 40).await;
        site.take_in(&event).await;
    }
    worker.stop().await;
    // Both came long ago. The first one was retried by hand lately, failed, and waits again.
    let (ago, ahead) = (40 * DAY_US, 20 * DAY_US);
    let now_us = site.now_us().await;
    site.execute(format!(
        "UPDATE deliveries SET created_at_us = {now_us} - {ago}, due_at_us = {now_us} - {ago}, \
             expires_at_us = {now_us} - {HOUR_US} WHERE origin = 'event'; \
         UPDATE deliveries SET attempts = 1, due_at_us = {now_us} + {HOUR_US}, \
             expires_at_us = {now_us} + {ahead} WHERE record_id = 1"
    ))
    .await;

    let worker = site.worker().await;
    wait_until(DEADLINE, || async { count(&site, "expired").await == 1 }).await;
    assert_eq!(count(&site, "pending").await, 1);
    assert!(callbacks(&receiver).is_empty());
    // Due as long ago as it came, it is none the less owed.
    post(&worker, &webhook, "resume").await;
    let sent = wait_for_callbacks(&receiver, 1).await;
    assert!(sent[0].text().starts_with("id=1&"), "{}", sent[0].text());
    wait_until(DEADLINE, || async { count(&site, "delivered").await == 1 }).await;
    assert_eq!(callbacks(&receiver).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_order_expires_with_its_lane_closed() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    let webhook = worker
        .webhook_with(&receiver, json!({"ordered": true}))
        .await;
    receiver.answer_always(Answer::status(429).header("retry-after", "3600"));
    let first = days_ago(&site, order_added(1), 41).await;
    site.take_in(&first).await;
    wait_for_callbacks(&receiver, 1).await;
    let second = days_ago(&site, order_changed(Action::Edit, 1, 2, "new"), 40).await;
    site.take_in(&second).await;
    post(&worker, &webhook, "pause").await;
    worker.stop().await;
    let put_aside_us = 1_i64 << 62;
    let expired_us = site.now_us().await - HOUR_US;
    site.execute(format!(
        "UPDATE deliveries SET expires_at_us = {expired_us} WHERE origin = 'event'; \
         UPDATE deliveries SET due_at_us = {put_aside_us}, held_for = 'record' \
             WHERE origin = 'event' AND revision = 2"
    ))
    .await;
    let _worker = site.worker().await;
    site.wait_for(2, "expired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resuming_makes_a_large_tried_backlog_due() {
    const BACKLOG: usize = 1_200;
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    let concurrency = json!({"concurrency": 32});
    let webhook = worker.webhook_with(&receiver, concurrency).await;
    let worker = paused(&site, worker, &webhook).await;
    let mut confirmations = Vec::with_capacity(BACKLOG);
    for order_id in (1..).take(BACKLOG) {
        confirmations.push(site.publish(&order_added(order_id)).await);
    }
    for confirmation in confirmations {
        confirmation.await.unwrap();
    }
    wait_until(DEADLINE, || async {
        count(&site, "pending").await == BACKLOG
    })
    .await;
    site.execute(format!(
        "UPDATE deliveries SET attempts = 1, due_at_us = due_at_us + {HOUR_US} \
         WHERE origin = 'event'"
    ))
    .await;
    post(&worker, &webhook, "resume").await;
    wait_until(DEADLINE, || async {
        count(&site, "delivered").await == BACKLOG
    })
    .await;
    assert_eq!(callbacks(&receiver).len(), BACKLOG);
}
