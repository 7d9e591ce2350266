//! Rate limits: so many requests per second to a webhook, over all workers.

use std::time::{Duration, Instant};

use serde_json::json;
use test_support::{MockReceiver, ReceivedRequest};

use super::events::order_added;
use super::site::{Site, callbacks, wait_for_callbacks};

const SECOND: Duration = Duration::from_secs(1);

/// The most requests that arrived within a second.
fn most_in_a_second(requests: &[ReceivedRequest]) -> usize {
    let mut arrivals: Vec<Instant> = requests.iter().map(|it| it.arrived_at).collect();
    arrivals.sort_unstable();
    let within = |at: Instant| arrivals.partition_point(|&other| other < at + SECOND);
    let counts = arrivals
        .iter()
        .enumerate()
        .map(|(place, &at)| within(at) - place);
    counts.max().unwrap_or(0)
}

/// From the first request to the last.
fn span(requests: &[ReceivedRequest]) -> Duration {
    let arrivals = || requests.iter().map(|it| it.arrived_at);
    arrivals().max().unwrap() - arrivals().min().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_keep_to_the_rate_and_spread_requests_evenly() {
    const RATE: usize = 20;
    const EVENTS: usize = 60;
    let site = Site::start().await;
    let (slow, free) = (MockReceiver::start().await, MockReceiver::start().await);
    let first = site.worker().await;
    let _second = site.worker().await;
    first
        .webhook_with(&slow, json!({"rate_per_second": RATE}))
        .await;
    first.webhook(&free).await;
    for id in 0..EVENTS {
        drop(site.publish(&order_added(id.try_into().unwrap())).await);
    }
    site.wait_for(2 * EVENTS, "delivered").await;
    let requests = callbacks(&slow);
    assert_eq!(requests.len(), EVENTS, "none was sent twice");
    // On the way one may catch up with another.
    let most = most_in_a_second(&requests);
    assert!(most <= RATE + 3, "{most} within a second");
    let least = SECOND.mul_f64((EVENTS - 2) as f64 / RATE as f64);
    let span_of_slow = span(&requests);
    assert!(span_of_slow + SECOND / 10 >= least, "{span_of_slow:?}");
    let span_of_free = span(&callbacks(&free));
    assert!(span_of_free < span_of_slow, "others are not held up");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_holds_where_a_worker_goes_and_another_goes_on() {
    const RATE: usize = 25;
    const EVENTS: usize = 60;
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let first = site.worker().await;
    let second = site.worker().await;
    first
        .webhook_with(&receiver, json!({"rate_per_second": RATE}))
        .await;
    for id in 0..EVENTS {
        drop(site.publish(&order_added(id.try_into().unwrap())).await);
    }
    wait_for_callbacks(&receiver, EVENTS / 3).await;
    first.stop().await;
    site.wait_for(EVENTS, "delivered").await;
    let requests = callbacks(&receiver);
    assert_eq!(requests.len(), EVENTS, "none was sent twice");
    let most = most_in_a_second(&requests);
    assert!(most <= RATE + 4, "{most} within a second");
    drop(second);
}
