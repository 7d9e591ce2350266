//! Jobs and several workers, which come and go.

use std::collections::HashSet;
use std::time::Duration;

use delivery_worker::DeliveryConfig;
use serde_json::{Value, json};
use test_support::{Answer, MockReceiver, wait_until};

use super::jobs::{replay, wait_for_job, wait_until_done};
use crate::delivering::events::order_added;
use crate::delivering::site::{DEADLINE, Site, Worker, callbacks, quick, wait_for_callbacks};

const EVENTS: usize = 200;
/// Deliveries of a job that are due at once: twice the slots of a webhook.
const WINDOW: usize = 32;

/// A webhook that missed [`EVENTS`] events.
async fn webhook_that_missed(site: &Site, worker: &Worker, receiver: &MockReceiver) -> Value {
    let mut confirmations = Vec::new();
    for order in 0..EVENTS {
        let event = order_added(i64::try_from(order).unwrap());
        confirmations.push(site.publish(&event).await);
    }
    for confirmation in confirmations {
        confirmation.await.unwrap();
    }
    let count = i64::try_from(EVENTS).unwrap();
    wait_until(DEADLINE, || async {
        site.number("SELECT count(*) AS number FROM events").await == count
    })
    .await;
    worker.webhook(receiver).await
}

fn ids(receiver: &MockReceiver) -> HashSet<String> {
    callbacks(receiver)
        .iter()
        .map(|request| request.header("webhook-id").unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_send_each_event_once() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let first = site.worker().await;
    let _second = site.worker().await;
    let webhook = webhook_that_missed(&site, &first, &receiver).await;
    let job = replay(&first.api, &webhook, json!({})).await;
    let done = wait_until_done(&first.api, &job).await;
    assert_eq!(done["progress"]["delivered"], EVENTS);
    assert_eq!(done["progress"]["examined"], EVENTS);
    assert_eq!(
        (callbacks(&receiver).len(), ids(&receiver).len()),
        (EVENTS, EVENTS)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_workers_job_goes_on_elsewhere() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let alone = || DeliveryConfig {
        alone: true,
        ..quick()
    };
    let worker = site.worker_with(alone()).await;
    let webhook = webhook_that_missed(&site, &worker, &receiver).await;
    receiver.answer_always(Answer::ok().delay(Duration::from_millis(20)));
    let job = replay(&worker.api, &webhook, json!({})).await;
    wait_for_callbacks(&receiver, EVENTS / 4).await;
    worker.kill();

    let other = site.worker_with(alone()).await;
    let found = wait_for_job(&other.api, &job, |_| true).await;
    assert_eq!(found["state"], "running", "{found}");
    let done = wait_until_done(&other.api, &job).await;
    assert_eq!(done["progress"]["queued"], EVENTS);
    assert_eq!(done["progress"]["delivered"], EVENTS);
    assert_eq!(ids(&receiver).len(), EVENTS);
    // What was under way, or answered and not on record, comes twice under its id:
    // no more than the job had waiting.
    let doubles = callbacks(&receiver).len() - EVENTS;
    assert!(doubles <= WINDOW, "{doubles}");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_grows_to_the_end() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    let webhook = webhook_that_missed(&site, &worker, &receiver).await;
    receiver.answer_always(Answer::ok().delay(Duration::from_millis(30)));
    let job = replay(&worker.api, &webhook, json!({})).await;
    let mut last = (0, 0);
    loop {
        let found = wait_for_job(&worker.api, &job, |_| true).await;
        let number = |key: &str| found["progress"][key].as_i64().unwrap();
        let now = (number("queued"), number("examined"));
        assert!(now >= last, "{found}");
        assert!((0..=100).contains(&number("percent")), "{found}");
        assert!(number("pending") <= 32, "{found}");
        let sum = ["pending", "delivered", "failed", "other"].map(number);
        assert_eq!(sum.iter().sum::<i64>(), number("queued"), "{found}");
        last = now;
        if found["state"] == "done" {
            break;
        }
    }
    assert_eq!(last.0, i64::try_from(EVENTS).unwrap());
}
