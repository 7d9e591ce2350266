//! Several workers on one database.

use std::collections::HashSet;
use std::time::Duration;

use events::Action;
use test_support::{Answer, MockReceiver, wait_until};

use super::events::{order_added, order_changed};
use super::site::{DEADLINE, Site, callbacks};

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_a_webhook_and_repeat_nothing() {
    const EVENTS: usize = 400;
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let first = site.worker().await;
    let _second = site.worker().await;
    wait_until(DEADLINE, || async {
        site.number("SELECT count(*) AS number FROM workers").await == 2
    })
    .await;
    first.webhook(&receiver).await;
    receiver.answer_always(Answer::ok().delay(Duration::from_millis(10)));
    for id in 0..EVENTS {
        drop(site.publish(&order_added(id.try_into().unwrap())).await);
    }
    site.wait_for(EVENTS, "delivered").await;
    let requests = callbacks(&receiver);
    let ids: HashSet<_> = requests
        .iter()
        .map(|r| r.header("webhook-id").unwrap())
        .collect();
    assert_eq!((requests.len(), ids.len()), (EVENTS, EVENTS));
    let workers = site.number("SELECT count(*) AS number FROM workers").await;
    assert_eq!(workers, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_never_send_one_record_at_once() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let first = site.worker().await;
    let _second = site.worker().await;
    wait_until(DEADLINE, || async {
        site.number("SELECT count(*) AS number FROM workers").await == 2
    })
    .await;
    first.webhook(&receiver).await;
    let pause = Duration::from_millis(40);
    receiver.answer_always(Answer::ok().delay(pause));
    for revision in 1..=12 {
        drop(
            site.publish(&order_changed(Action::Edit, 1, revision, "x"))
                .await,
        );
    }
    site.wait_for(12, "delivered").await;
    let requests = callbacks(&receiver);
    assert_eq!(requests.len(), 12);
    for pair in requests.windows(2) {
        let apart = pair[1].arrived_at - pair[0].arrived_at;
        assert!(apart >= pause, "{apart:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_one_worker_met_holds_for_all() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let first = site.worker().await;
    first.webhook(&receiver).await;
    receiver.answer_next(Answer::status(410));
    site.take_in(&order_added(1)).await;
    wait_until(DEADLINE, || async {
        site.number("SELECT count(disabled_at_us) AS number FROM webhook_lanes")
            .await
            == 1
    })
    .await;
    first.stop().await;
    let _second = site.worker().await;
    site.take_in(&order_added(2)).await;
    site.wait_for(2, "pending").await;
    assert_eq!(callbacks(&receiver).len(), 1);
}
