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
    let mut last = (0, 0, 0);
    loop {
        let found = wait_for_job(&worker.api, &job, |_| true).await;
        let number = |key: &str| found["progress"][key].as_i64().unwrap();
        let now = (number("queued"), number("examined"), number("percent"));
        assert!(now.0 >= last.0 && now.1 >= last.1, "{found}");
        assert!((last.2..=100).contains(&now.2), "{found}");
        assert!(number("pending") <= 32, "{found}");
        let sum = ["pending", "delivered", "failed", "other"].map(number);
        assert_eq!(sum.iter().sum::<i64>(), number("queued"), "{found}");
        last = now;
        if found["state"] == "done" {
            break;
        }
    }
    assert_eq!((last.0, last.2), (i64::try_from(EVENTS).unwrap(), 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paced_job_has_a_small_window_whoever_works_on_it() {
    /// A quarter of what may be sent in a second.
    const PACED_WINDOW: i64 = 10;
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let alone = || DeliveryConfig {
        alone: true,
        ..quick()
    };
    let worker = site.worker_with(alone()).await;
    let webhook = webhook_that_missed(&site, &worker, &receiver).await;
    // As if it stood still, so that what is due waits.
    receiver.answer_always(Answer::ok().delay(Duration::from_millis(1_000)));
    let job = replay(&worker.api, &webhook, json!({"rate_per_second": 40})).await;
    wait_for_callbacks(&receiver, 15).await;
    worker.kill();
    receiver.answer_always(Answer::ok());

    let other = site.worker_with(alone()).await;
    let done = wait_for_job(&other.api, &job, |job| {
        let pending = job["progress"]["pending"].as_i64().unwrap();
        assert!(pending <= PACED_WINDOW, "{job}");
        job["state"] == "done"
    });
    assert_eq!(done.await["progress"]["delivered"], EVENTS);
    let doubles = callbacks(&receiver).len() - EVENTS;
    assert!(i64::try_from(doubles).unwrap() <= PACED_WINDOW, "{doubles}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_slows_a_job_down_and_does_not_end_it() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let config = DeliveryConfig {
        retry_schedule: vec![Duration::ZERO, Duration::from_secs(3_600)],
        // So that four are due at a time.
        webhook_concurrency: 2,
        ..quick()
    };
    let worker = site.worker_with(config).await;
    let webhook = webhook_that_missed(&site, &worker, &receiver).await;
    receiver.answer_always(Answer::status(500));
    let job = replay(&worker.api, &webhook, json!({})).await;
    let queued = |job: &Value| job["progress"]["queued"].as_u64().unwrap();
    // As many as are due, as many as failed, and then one each second.
    let found = wait_for_job(&worker.api, &job, |job| queued(job) > 10).await;
    assert_eq!(found["state"], "running", "{found}");
    assert!(queued(&found) < 40, "{found}");
}
