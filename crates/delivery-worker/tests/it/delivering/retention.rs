//! What is old goes, and what is owed stays.

mod idle_records;
mod partitions;
mod upgrade;

use std::time::Duration;

use delivery_worker::DeliveryConfig;
use events::{Event, EventId, Timestamp};
use test_support::{Answer, MockReceiver, wait_until};

use super::events::order_added;
use super::site::{DEADLINE, Site, callbacks, quick, wait_for_callbacks};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// An order that was added so many days ago.
async fn added_days_ago(site: &Site, order_id: i64, days: i64) -> Event {
    let mut event = order_added(order_id);
    event.occurred_at = Timestamp(site.now_us().await - days * DAY_US);
    event.id = EventId::new(event.occurred_at);
    event
}

/// Lets all that came in and was over be so two days earlier.
async fn age(site: &Site) {
    let ago = 2 * DAY_US;
    site.execute(format!(
        "UPDATE events SET received_at_us = received_at_us - {ago}; \
         UPDATE deliveries SET finished_at_us = finished_at_us - {ago}, \
         created_at_us = created_at_us - {ago}"
    ))
    .await;
}

/// Makes what waits for its next attempt due now.
async fn make_due(site: &Site) {
    let now_us = site.now_us().await;
    site.execute(format!(
        "UPDATE deliveries SET due_at_us = {now_us} WHERE state = 'pending'"
    ))
    .await;
}

/// A worker that retries a failed delivery in an hour.
fn patient() -> DeliveryConfig {
    DeliveryConfig {
        retry_schedule: vec![Duration::ZERO, Duration::from_secs(3_600)],
        ..quick()
    }
}

/// Rows of a table, those of the test request that creates a webhook left out, and of attempts what
/// deliveries keep themselves.
const ROWS: [&str; 4] = [
    "SELECT count(*) AS number FROM events",
    "SELECT count(*) AS number FROM event_bodies",
    "SELECT (SELECT count(*) FROM attempts \
     WHERE delivery_id NOT IN (SELECT id FROM deliveries WHERE origin = 'test')) \
     + (SELECT count(*) FROM deliveries WHERE first_attempt IS NOT NULL) AS number",
    "SELECT (SELECT count(*) FROM attempt_bodies \
     WHERE delivery_id NOT IN (SELECT id FROM deliveries WHERE origin = 'test')) \
     + (SELECT count(*) FROM deliveries WHERE first_answer IS NOT NULL) AS number",
];

/// How many events, their bodies, attempts and their bodies there are.
async fn all_rows(site: &Site) -> Vec<i64> {
    let mut counts = Vec::new();
    for sql in ROWS {
        counts.push(site.number(sql).await);
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn old_deliveries_go_with_all_that_belongs_to_them_and_the_owed_stay() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient()).await;
    worker.webhook(&receiver).await;
    for (order_id, days) in [(1, 40), (2, 35), (3, 1)] {
        let event = added_days_ago(&site, order_id, days).await;
        site.take_in(&event).await;
    }
    site.wait_for(3, "delivered").await;
    receiver.answer_always(Answer::status(500));
    let owed = added_days_ago(&site, 4, 40).await;
    site.take_in(&owed).await;
    wait_for_callbacks(&receiver, 4).await;
    wait_until(DEADLINE, || async { all_rows(&site).await == [4; 4] }).await;

    // All came in a moment ago: nothing goes, however old it is.
    worker.stop().await;
    let worker = site.worker_with(patient()).await;
    removed(&site).await;
    assert_eq!(all_rows(&site).await, [4; 4]);

    worker.stop().await;
    age(&site).await;
    let worker = site.worker_with(patient()).await;
    wait_until(DEADLINE, || async { all_rows(&site).await == [2; 4] }).await;
    let left = site.deliveries().await;
    let states: Vec<&str> = left.iter().map(|row| row.state.as_str()).collect();
    assert_eq!(states, ["pending", "delivered"]);

    // What was owed has kept all that it needs.
    receiver.answer_always(Answer::ok());
    make_due(&site).await;
    site.wait_for(2, "delivered").await;
    assert_eq!(callbacks(&receiver).len(), 5);
    wait_until(DEADLINE, || async { all_rows(&site).await == [2, 2, 3, 3] }).await;

    // It is over now, and so it goes as well.
    worker.stop().await;
    age(&site).await;
    let _worker = site.worker_with(patient()).await;
    wait_until(DEADLINE, || async { all_rows(&site).await == [1; 4] }).await;
    // A change of any age finds a place.
    let late = added_days_ago(&site, 5, 400).await;
    site.take_in(&late).await;
    site.wait_for(2, "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_stay_longer_than_deliveries_so_that_a_repeat_is_known() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let config = || DeliveryConfig {
        keep_deliveries: Duration::from_secs(3 * 24 * 60 * 60),
        ..patient()
    };
    let worker = site.worker_with(config()).await;
    worker.webhook(&receiver).await;
    let event = added_days_ago(&site, 1, 5).await;
    site.take_in(&event).await;
    site.wait_for(1, "delivered").await;
    worker.stop().await;
    age(&site).await;
    let _worker = site.worker_with(config()).await;
    wait_until(DEADLINE, || async { all_rows(&site).await == [1, 0, 0, 0] }).await;
    site.publish(&event).await.await.unwrap();
    site.take_in(&order_added(2)).await;
    site.wait_for(1, "delivered").await;
    assert_eq!(callbacks(&receiver).len(), 2);
}

/// Waits until a worker has begun to delete what was old when this was called.
async fn removed(site: &Site) {
    let now_us = site.now_us().await;
    let begun = || async {
        site.number("SELECT events_before_us AS number FROM retention")
            .await
            > now_us - 31 * DAY_US - 60_000_000
    };
    wait_until(DEADLINE, begun).await;
}
