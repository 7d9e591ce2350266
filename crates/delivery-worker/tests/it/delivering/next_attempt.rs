//! `X-Delivery-Next-Attempt`: what a receiver is told is what happens.

use std::time::Duration;

use delivery_worker::DeliveryConfig;
use test_support::{Answer, MockReceiver, ReceivedRequest};

use super::events::order_added;
use super::site::{Site, quick};

const HEADER: &str = "x-delivery-next-attempt";

/// A header of Unix seconds.
fn seconds(request: &ReceivedRequest, name: &str) -> i64 {
    request.header(name).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_but_the_last_says_when_the_next_would_be() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let config = DeliveryConfig {
        retry_schedule: vec![
            Duration::ZERO,
            Duration::from_secs(2),
            Duration::from_secs(1),
        ],
        ..quick()
    };
    let worker = site.worker_with(config).await;
    worker.webhook(&receiver).await;
    receiver.answer_always(Answer::status(500));
    site.take_in(&order_added(1)).await;
    site.wait_for(1, "failed").await;
    let requests = receiver.requests();
    let [test, first, second, last] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_eq!(test.header(HEADER), None);
    for (attempt, next, pause_s) in [(first, second, 2), (second, last, 1)] {
        let told = seconds(attempt, HEADER);
        let ahead = told - seconds(attempt, "webhook-timestamp");
        assert!((pause_s - 1..=pause_s + 1).contains(&ahead), "{ahead}");
        let came = seconds(next, "webhook-timestamp");
        assert!(came >= told - 1, "{came} is before {told}");
    }
    assert_eq!(last.header(HEADER), None);
    assert_eq!(last.header("x-delivery-attempt"), Some("3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_would_be_too_old_by_then_is_not_told_of() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let config = DeliveryConfig {
        retry_schedule: vec![Duration::ZERO, Duration::from_secs(3_600)],
        expire_after: Duration::from_secs(1_800),
        ..quick()
    };
    let worker = site.worker_with(config).await;
    worker.webhook(&receiver).await;
    site.take_in(&order_added(1)).await;
    site.wait_for(1, "delivered").await;
    let requests = receiver.requests();
    assert_eq!(requests[1].header("x-delivery-attempt"), Some("1"));
    assert_eq!(requests[1].header(HEADER), None);
}
