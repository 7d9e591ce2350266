//! Workers that end, gently or not.

use std::collections::HashSet;
use std::time::Duration;

use delivery_worker::DeliveryConfig;
use serde_json::json;
use test_support::{Answer, MockReceiver, wait_until};

use super::events::order_added;
use super::site::{DEADLINE, Site, Worker, callbacks, quick, wait_for_callbacks};

fn alone() -> DeliveryConfig {
    DeliveryConfig {
        alone: true,
        ..quick()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_callback_comes_again_under_its_id() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(alone()).await;
    worker.webhook(&receiver).await;
    receiver.answer_next(Answer::never());
    site.take_in(&order_added(1)).await;
    wait_for_callbacks(&receiver, 1).await;
    worker.kill();
    let pending = site.wait_for(1, "pending").await;
    assert_eq!(pending[0].attempts, 0);

    let _again = site.worker_with(alone()).await;
    let delivered = site.wait_for(1, "delivered").await;
    assert_eq!(delivered[0].attempts, 1, "a crash spends no attempt");
    let requests = callbacks(&receiver);
    assert_eq!(requests.len(), 2);
    assert_eq!(
        requests[0].header("webhook-id"),
        requests[1].header("webhook-id")
    );
    assert_eq!(requests[1].header("x-delivery-attempt"), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_however_often_the_worker_is_killed() {
    const EVENTS: usize = 600;
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let mut worker = site.worker_with(alone()).await;
    worker.webhook(&receiver).await;
    let mut confirmations = Vec::new();
    for round in 0..3 {
        for id in 0..EVENTS / 3 {
            let id = i64::try_from(round * EVENTS + id).unwrap();
            confirmations.push(site.publish(&order_added(id)).await);
        }
        wait_for_callbacks(&receiver, round * EVENTS / 3 + 20).await;
        worker.kill();
        worker = site.worker_with(alone()).await;
    }
    for confirmation in confirmations {
        confirmation.await.unwrap();
    }
    site.wait_for(EVENTS, "delivered").await;
    let ids: HashSet<String> = callbacks(&receiver)
        .iter()
        .map(|request| request.header("webhook-id").unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), EVENTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_outcomes_are_slow_to_be_recorded_no_more_comes_twice_than_a_lane_may_owe() {
    const EVENTS: usize = 800;
    /// As the engine has it for a lane of 16 slots.
    const MOST_OPEN: usize = 64;
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(alone()).await;
    let webhook = worker.webhook(&receiver).await;
    // So slow that it is not in time what fills the lane.
    receiver.answer_always(Answer::ok().delay(Duration::from_millis(30)));
    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    let pause = format!("{path}/pause");
    worker.api.post(&pause, json!({})).await.expect(200);
    let mut confirmations = Vec::new();
    for id in 0..EVENTS {
        confirmations.push(site.publish(&order_added(id.try_into().unwrap())).await);
    }
    for confirmation in confirmations {
        confirmation.await.unwrap();
    }
    site.wait_for(EVENTS, "pending").await;
    let resume = format!("{path}/resume");
    worker.api.post(&resume, json!({})).await.expect(200);
    let held = loop {
        let held = site.hold_deliveries().await;
        if held.claimed >= 2 * MOST_OPEN {
            break held;
        }
        drop(held);
        let sent = callbacks(&receiver).len();
        wait_for_callbacks(&receiver, sent + 1).await;
    };
    wait_for_callbacks(&receiver, held.recorded + MOST_OPEN).await;
    worker.kill();
    let sent = callbacks(&receiver).len();
    assert_eq!(sent, held.recorded + MOST_OPEN, "nothing more starts");
    drop(held);

    let _again = site.worker_with(alone()).await;
    site.wait_for(EVENTS, "delivered").await;
    let requests = callbacks(&receiver);
    let ids: HashSet<_> = requests.iter().map(|it| it.header("webhook-id")).collect();
    assert_eq!(ids.len(), EVENTS);
    assert!(requests.len() <= EVENTS + MOST_OPEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_worker_takes_over_when_the_lease_has_ended() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    receiver.answer_next(Answer::never());
    site.take_in(&order_added(1)).await;
    wait_for_callbacks(&receiver, 1).await;
    worker.kill();
    let _other = site.worker().await;
    let rows = site.wait_for(1, "delivered").await;
    assert_eq!(rows[0].attempts, 1);
    let requests = callbacks(&receiver);
    let waited = requests[1].arrived_at - requests[0].arrived_at;
    assert!(
        waited >= Duration::from_secs(4),
        "a claim ends with its lease: {waited:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_die_before_they_deliver_hold_nobody_up_for_long() {
    const LEASES: &str = "SELECT count(*) AS number FROM workers";
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let first = [site.worker().await, site.worker().await];
    first[0].webhook(&receiver).await;
    receiver.answer_next(Answer::never());
    site.take_in(&order_added(1)).await;
    wait_for_callbacks(&receiver, 1).await;
    first.into_iter().for_each(Worker::kill);
    // These wait for the leases of the dead, and are killed as well.
    let second = [site.worker().await, site.worker().await];
    wait_until(DEADLINE, || async { site.number(LEASES).await == 4 }).await;
    let longest = "SELECT max(lease_until_us - renewed_at_us) AS number FROM \
                   (SELECT * FROM workers ORDER BY started_at_us DESC LIMIT 2) AS youngest";
    assert!(site.number(longest).await < 5_000_000);
    second.into_iter().for_each(Worker::kill);

    let _third = [site.worker().await, site.worker().await];
    let rows = site.wait_for(1, "delivered").await;
    assert_eq!(rows[0].attempts, 1);
    let requests = callbacks(&receiver);
    assert_eq!(requests.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_finishes_what_is_under_way_and_gives_the_rest_back() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    receiver.answer_always(Answer::ok().delay(Duration::from_millis(500)));
    let mut confirmations = Vec::new();
    for id in 0..40 {
        confirmations.push(site.publish(&order_added(id)).await);
    }
    for confirmation in confirmations {
        confirmation.await.unwrap();
    }
    wait_for_callbacks(&receiver, 16).await;
    worker.stop().await;
    let rows = site.deliveries().await;
    let delivered = rows.iter().filter(|row| row.state == "delivered").count();
    assert_eq!(
        delivered,
        callbacks(&receiver).len(),
        "every answer is on record"
    );
    assert_eq!(
        site.number("SELECT count(*) AS number FROM workers").await,
        0
    );

    receiver.answer_always(Answer::ok());
    let _again = site.worker().await;
    site.wait_for(40, "delivered").await;
    assert_eq!(callbacks(&receiver).len(), 40, "nothing came twice");
}
