//! Webhooks that get a record's changes in order: what comes from elsewhere, is sent
//! again, or waits for what is over.

use std::time::Duration;

use serde_json::{Value, json};
use test_support::{Answer, MockReceiver, wait_until};

use super::ordered::{LONG, edit, held_for_gaps, patient, revisions};
use super::site::{DEADLINE, Site, Worker, callbacks, wait_for_callbacks};

const HELD_FOR_RECORD: &str =
    "SELECT count(*) AS number FROM deliveries WHERE state = 'pending' AND held_for = 'record'";
const WAITS_FOR_RETRY: &str = "SELECT count(*) AS number FROM deliveries \
     WHERE state = 'pending' AND attempts = 1 AND worker_id IS NULL";

/// What fails is tried again in an hour.
fn in_order() -> Value {
    json!({"ordered": true, "retry_schedule_s": [0, 3600]})
}

/// Revision 1 is to be tried again in an hour, and revision 2 waits for it.
async fn one_behind_the_other(site: &Site, worker: &Worker, receiver: &MockReceiver) -> Value {
    let webhook = worker.webhook_with(receiver, in_order()).await;
    receiver.answer_next(Answer::status(500));
    site.take_in(&edit(1, 1)).await;
    site.take_in(&edit(1, 2)).await;
    wait_until(DEADLINE, || async {
        site.number(HELD_FOR_RECORD).await == 1 && callbacks(receiver).len() == 1
    })
    .await;
    webhook
}

#[tokio::test(flavor = "multi_thread")]
async fn another_worker_has_time_to_give_back_what_came_first() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(LONG)).await;
    worker
        .webhook_with(&receiver, json!({"ordered": true}))
        .await;
    site.take_in(&edit(1, 2)).await;
    wait_until(DEADLINE, || async { held_for_gaps(&site).await == 1 }).await;
    // A worker keeps a batch for 30 seconds, and the broker notices late that it is gone.
    let held_long = "SELECT count(*) AS number FROM deliveries \
         WHERE held_for = 'gap' AND due_at_us - created_at_us >= 40000000";
    assert_eq!(site.number(held_long).await, 1);
    site.take_in(&edit(1, 1)).await;
    wait_for_callbacks(&receiver, 2).await;
    assert_eq!(revisions(&callbacks(&receiver)), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_webhook_in_order_takes_nothing_from_the_first() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let elsewhere = MockReceiver::start().await;
    let worker = site.worker_with(patient(LONG)).await;
    let plain = worker.webhook(&elsewhere).await;
    let first = worker.webhook_with(&receiver, in_order()).await;
    site.take_in(&edit(1, 1)).await;
    let followed = "SELECT count(*) AS number FROM record_revisions WHERE through_revision = 1";
    assert_eq!(site.number(followed).await, 1);

    let patch = |id: Value, ordered: bool| {
        let api = &worker.api;
        async move {
            let path = format!("/api/v1/webhooks/{id}");
            api.patch(&path, json!({"ordered": ordered}))
                .await
                .expect(200);
        }
    };
    worker.webhook_with(&elsewhere, in_order()).await;
    patch(plain["id"].clone(), true).await;
    assert_eq!(site.number(followed).await, 1);
    // Nothing is missing before it.
    site.take_in(&edit(1, 2)).await;
    wait_for_callbacks(&receiver, 2).await;
    assert_eq!(revisions(&callbacks(&receiver)), [1, 2]);

    // Nor does what others still want go with one of them.
    patch(first["id"].clone(), false).await;
    patch(first["id"].clone(), true).await;
    let followed = "SELECT count(*) AS number FROM record_revisions WHERE through_revision = 2";
    assert_eq!(site.number(followed).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn live_changes_do_not_wait_for_a_replay_that_waits() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(LONG)).await;
    let webhook = worker.webhook_with(&receiver, in_order()).await;
    site.take_in(&edit(1, 1)).await;
    site.wait_for(1, "delivered").await;
    receiver.answer_next(Answer::status(500));
    let path = format!("/api/v1/webhooks/{}/replay", webhook["id"]);
    let body = json!({"since": "2000-01-01T00:00:00Z", "force": true});
    worker.api.post(&path, body).await.expect(202);
    wait_until(DEADLINE, || async {
        site.number(WAITS_FOR_RETRY).await == 1
    })
    .await;

    site.take_in(&edit(1, 2)).await;
    wait_for_callbacks(&receiver, 3).await;
    assert_eq!(revisions(&callbacks(&receiver)), [1, 1, 2]);
    assert_eq!(site.number(WAITS_FOR_RETRY).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_order_goes_when_only_the_latest_is_wanted() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(LONG)).await;
    let webhook = one_behind_the_other(&site, &worker, &receiver).await;
    site.take_in(&edit(2, 1)).await;
    site.take_in(&edit(2, 3)).await;
    wait_until(DEADLINE, || async { held_for_gaps(&site).await == 1 }).await;
    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    let settings = json!({"ordered": false, "latest_only": true});
    worker.api.patch(&path, settings).await.expect(200);
    wait_for_callbacks(&receiver, 4).await;
    let mut sent = revisions(&callbacks(&receiver));
    sent.sort_unstable();
    assert_eq!(sent, [1, 1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_without_its_order_being_known_makes_way_soon() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(LONG)).await;
    one_behind_the_other(&site, &worker, &receiver).await;
    // As a worker of an older version records it.
    site.execute("UPDATE deliveries SET state = 'failed', finished_at_us = 1 WHERE revision = 1")
        .await;
    let soon = Duration::from_secs(60);
    wait_until(soon, || async { callbacks(&receiver).len() == 2 }).await;
    assert_eq!(revisions(&callbacks(&receiver)), [1, 2]);
}
