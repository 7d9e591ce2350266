//! What several workers may do together: the caps of webhooks and the order of
//! records hold over all of them, whoever comes, stands still or goes.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use events::Action;
use serde_json::json;
use test_support::{Answer, MockReceiver, ReceivedRequest, wait_until};

use super::events::{order_added, order_changed};
use super::site::{DEADLINE, Fault, Site, callbacks, wait_for_callbacks};

/// How many of these were under way at once, at the least, if each was answered
/// `delay` after it arrived.
fn most_at_once<'a>(
    requests: impl IntoIterator<Item = &'a ReceivedRequest>,
    delay: Duration,
) -> usize {
    let mut arrivals: Vec<Instant> = requests
        .into_iter()
        .map(|request| request.arrived_at)
        .collect();
    arrivals.sort_unstable();
    let until = |at: Instant| arrivals.partition_point(|&other| other < at + delay);
    arrivals
        .iter()
        .enumerate()
        .map(|(place, &at)| until(at) - place)
        .max()
        .unwrap_or(0)
}

/// The record that a callback is of: the first key of the form.
fn record(request: &ReceivedRequest) -> String {
    request.text().split('&').next().unwrap().to_owned()
}

fn most_of_one_record(requests: &[ReceivedRequest], delay: Duration) -> usize {
    let mut by_record: HashMap<String, Vec<&ReceivedRequest>> = HashMap::new();
    for request in requests {
        by_record.entry(record(request)).or_default().push(request);
    }
    let most = by_record
        .into_values()
        .map(|of_record| most_at_once(of_record, delay));
    most.max().unwrap_or(0)
}

fn distinct_ids(requests: &[ReceivedRequest]) -> usize {
    let ids: HashSet<_> = requests
        .iter()
        .map(|request| request.header("webhook-id").unwrap())
        .collect();
    ids.len()
}

async fn workers_with_claims(site: &Site) -> i64 {
    site.number(
        "SELECT count(DISTINCT worker_id) AS number FROM deliveries WHERE worker_id IS NOT NULL",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn caps_and_records_hold_while_a_worker_joins_and_another_goes() {
    const RECORDS: i64 = 40;
    /// Cap, and how long the receiver takes.
    const WEBHOOKS: [(usize, u64); 4] = [(16, 100), (3, 20), (1, 5), (1, 5)];
    let site = Site::start().await;
    let first = site.worker().await;
    let mut receivers = Vec::new();
    for (cap, millis) in WEBHOOKS {
        let receiver = MockReceiver::start().await;
        first
            .webhook_with(&receiver, json!({"concurrency": cap}))
            .await;
        receiver.answer_always(Answer::ok().delay(Duration::from_millis(millis)));
        receivers.push(receiver);
    }
    let (mut revision, mut second) = (0, None);
    // As long as it takes until both are at it, and then some.
    let mut rounds_left = 10;
    while rounds_left > 0 {
        revision += 1;
        for id in 1..=RECORDS {
            let event = order_changed(Action::Edit, id, revision, "x");
            drop(site.publish(&event).await);
        }
        let done = usize::try_from(RECORDS * (revision - 2)).unwrap_or(0);
        wait_for_callbacks(&receivers[0], done).await;
        if revision == 2 {
            second = Some(site.worker().await);
        }
        if rounds_left < 10 || workers_with_claims(&site).await == 2 {
            rounds_left -= 1;
        }
    }
    first.stop().await;

    let count = usize::try_from(RECORDS * revision).unwrap();
    site.wait_for(count * WEBHOOKS.len(), "delivered").await;
    for (receiver, (cap, millis)) in receivers.iter().zip(WEBHOOKS) {
        let delay = Duration::from_millis(millis);
        let requests = callbacks(receiver);
        assert_eq!((requests.len(), distinct_ids(&requests)), (count, count));
        let most = most_at_once(&requests, delay);
        assert!(most <= cap, "{most} at once, {cap} allowed");
        assert_eq!(most_of_one_record(&requests, delay), 1);
    }
    drop(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stood_still_sends_nothing_under_its_old_claims() {
    const EVENTS: usize = 400;
    const CAP: usize = 4;
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let first = site.worker().await;
    first
        .webhook_with(&receiver, json!({"concurrency": CAP}))
        .await;
    receiver.answer_always(Answer::ok().delay(Duration::from_millis(20)));
    for id in 0..EVENTS {
        drop(site.publish(&order_added(id.try_into().unwrap())).await);
    }
    // It is quick, so that it has claimed many ahead by now.
    wait_for_callbacks(&receiver, 60).await;
    let frozen = first.freeze();
    let _second = site.worker().await;
    site.wait_for(EVENTS, "delivered").await;
    let before = callbacks(&receiver).len();
    drop(frozen);

    // It has noticed once it is there under another name.
    wait_until(DEADLINE, || async {
        let live = "SELECT count(*) AS number FROM workers WHERE lease_until_us > \
                    (SELECT max(lease_until_us) - 6000000 FROM workers)";
        site.number(live).await == 2
    })
    .await;
    site.take_in(&order_added(9_999)).await;
    let rows = site.wait_for(EVENTS + 1, "delivered").await;
    assert!(rows.iter().all(|row| row.attempts == 1));
    let requests = callbacks(&receiver);
    assert_eq!(requests.len(), before + 1, "nothing but the new one");
    // What was under way when it froze, or just over, was not on record.
    let repeated = requests.len() - distinct_ids(&requests);
    assert!(repeated <= 4 * CAP, "{repeated} came twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_to_have_arrived_outlives_the_lease() {
    /// Far more than start before the first outcome is refused.
    const EVENTS: usize = 400;
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    receiver.answer_always(Answer::ok().delay(Duration::from_millis(200)));
    for id in 0..EVENTS {
        drop(site.publish(&order_added(id.try_into().unwrap())).await);
    }
    wait_for_callbacks(&receiver, 1).await;
    let faults = [
        Fault::full_disk("UPDATE OF state", "deliveries"),
        Fault::full_disk("UPDATE", "workers"),
        Fault::full_disk("INSERT", "workers"),
    ];
    for fault in &faults {
        site.break_with(fault).await;
    }
    let lease = "SELECT max(lease_until_us) AS number FROM workers";
    let ends_us = site.number(lease).await;
    wait_until(DEADLINE, || async {
        site.now_us().await > ends_us + 1_000_000
    })
    .await;
    let sent = callbacks(&receiver).len();
    for fault in &faults {
        site.mend(fault).await;
    }
    site.wait_for(EVENTS, "delivered").await;
    assert!(
        sent < EVENTS,
        "nothing is sent while outcomes cannot be recorded"
    );
    let requests = callbacks(&receiver);
    assert_eq!((requests.len(), distinct_ids(&requests)), (EVENTS, EVENTS));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_made_at_one_worker_sees_what_another_takes_in() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let (first, second) = (site.worker().await, site.worker().await);
    // Whoever takes an event in: all webhooks made before it, and none else.
    for round in 1..=12 {
        let maker = if round % 2 == 0 { &first } else { &second };
        maker.webhook(&receiver).await;
        site.take_in(&order_added(round)).await;
        let matched = site
            .number("SELECT max(matched) AS number FROM events")
            .await;
        assert_eq!(matched, round);
        let matched = site.number("SELECT CAST(sum(matched) AS BIGINT) AS number FROM events");
        let rows = site.number("SELECT count(*) AS number FROM deliveries WHERE origin = 'event'");
        assert_eq!(matched.await, rows.await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_reaches_the_worker_that_the_queue_did_not_tell() {
    let site = Site::start().await;
    let workers = [site.worker().await, site.worker().await];
    for worker in &workers {
        worker.api.get("/api/v1/webhooks").await.expect(200);
    }
    drop(site.publish(&super::events::token_revoked("token")).await);
    for worker in &workers {
        wait_until(DEADLINE, || async {
            worker.api.get("/api/v1/webhooks").await.status == 401
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn editing_webhooks_under_load_makes_nobody_wait_for_each_other() {
    const EVENTS: usize = 300;
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let workers = [site.worker().await, site.worker().await];
    let mut paths = Vec::new();
    for _ in 0..4 {
        let webhook = workers[0].webhook(&receiver).await;
        paths.push(format!("/api/v1/webhooks/{}", webhook["id"]));
    }
    // Failures, pauses and successes, so that lanes are written all the time.
    for round in 0..400 {
        receiver.answer_next(match round % 5 {
            0 => Answer::status(500),
            1 => Answer::status(503).header("retry-after", "0"),
            2 if round % 40 == 2 => Answer::status(410),
            _ => Answer::ok(),
        });
    }
    let editing = async {
        for round in 0..40 {
            let path = &paths[round % paths.len()];
            let api = &workers[round % 2].api;
            let patch = json!({"name": format!("round {round}"), "active": true});
            api.patch(path, patch).await.expect(200);
        }
    };
    let publishing = async {
        for id in 0..EVENTS {
            drop(
                site.publish(&order_added((id % 20).try_into().unwrap()))
                    .await,
            );
        }
    };
    tokio::join!(editing, publishing);
    wait_until(DEADLINE, || async {
        for path in &paths {
            workers[1]
                .api
                .patch(path, json!({"active": true}))
                .await
                .expect(200);
        }
        let rows = site.deliveries().await;
        // One that met too many failures in a row is over as well.
        rows.len() == 4 * EVENTS && rows.iter().all(|row| row.state != "pending")
    })
    .await;
    assert_eq!(site.deadlocks().await, 0);
}
