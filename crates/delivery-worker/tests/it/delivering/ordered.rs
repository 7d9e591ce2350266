//! Webhooks that get a record's changes strictly by revision.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use delivery_worker::DeliveryConfig;
use events::{Action, Change, DeletedTask, Event, OrderId, TaskId, TasksOfOrderDeleted};
use serde_json::{Value, json};
use test_support::{Answer, MockReceiver, ReceivedRequest, wait_until};

use super::events::{event, order_changed, task_changed};
use super::site::{DEADLINE, Site, callbacks, quick, wait_for_callbacks};

/// Much longer than any test waits for what it waits for.
pub(super) const LONG: Duration = Duration::from_secs(3_600);

pub(super) fn patient(gap_wait: Duration) -> DeliveryConfig {
    DeliveryConfig {
        gap_wait,
        ..quick()
    }
}

pub(super) fn edit(id: i64, revision: i64) -> Event {
    let action = if revision == 1 {
        Action::Add
    } else {
        Action::Edit
    };
    order_changed(action, id, revision, "x")
}

fn revision(request: &ReceivedRequest) -> i64 {
    let header = request.header("x-record-revision").unwrap();
    header.parse().unwrap()
}

pub(super) fn revisions(requests: &[ReceivedRequest]) -> Vec<i64> {
    requests.iter().map(revision).collect()
}

/// What came of each record: the first key of the form.
fn by_record(requests: &[ReceivedRequest]) -> HashMap<String, Vec<i64>> {
    let mut records: HashMap<String, Vec<i64>> = HashMap::new();
    for request in requests {
        let record = request.text().split('&').next().unwrap().to_owned();
        records.entry(record).or_default().push(revision(request));
    }
    records
}

pub(super) async fn held_for_gaps(site: &Site) -> i64 {
    site.number(
        "SELECT count(*) AS number FROM deliveries WHERE state = 'pending' AND held_for = 'gap'",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_send_each_record_by_revision_whatever_fails() {
    const RECORDS: i64 = 12;
    const REVISIONS: i64 = 10;
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let config = || DeliveryConfig {
        retry_schedule: vec![Duration::from_millis(20); 50],
        ..patient(LONG)
    };
    let first = site.worker_with(config()).await;
    let _second = site.worker_with(config()).await;
    first
        .webhook_with(&receiver, json!({"ordered": true}))
        .await;
    for place in 0..40 {
        if place % 3 == 0 {
            receiver.answer_next(Answer::status(500));
        } else {
            receiver.answer_next(Answer::ok().delay(Duration::from_millis(3)));
        }
    }
    // Every second pair arrives the wrong way round, and everything twice.
    for low in (1..=REVISIONS).step_by(2) {
        for id in 1..=RECORDS {
            let mut pair = vec![edit(id, low), edit(id, low + 1)];
            if id % 2 == 0 {
                pair.reverse();
            }
            for change in pair {
                drop(site.publish(&change).await);
                drop(site.publish(&change).await);
            }
        }
    }
    let count = usize::try_from(RECORDS * REVISIONS).unwrap();
    site.wait_for(count, "delivered").await;
    for (record, mut revisions) in by_record(&callbacks(&receiver)) {
        // What failed comes again at once, before anything newer.
        revisions.dedup();
        assert_eq!(revisions, Vec::from_iter(1..=REVISIONS), "{record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_revision_is_waited_for_and_then_comes_first() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(LONG)).await;
    worker
        .webhook_with(&receiver, json!({"ordered": true}))
        .await;
    site.take_in(&edit(1, 1)).await;
    site.take_in(&edit(1, 3)).await;
    site.take_in(&edit(2, 1)).await;
    wait_until(DEADLINE, || async { held_for_gaps(&site).await == 1 }).await;
    // Other records do not wait for it.
    wait_for_callbacks(&receiver, 2).await;
    let path = "/api/v1/deliveries?state=pending&component=order&record_id=1";
    let listed = worker.api.get(path).await;
    let waiting = listed.expect(200).json()["items"][0].clone();
    assert_eq!(waiting["waits_for"], "gap");

    site.take_in(&edit(1, 2)).await;
    site.wait_for(4, "delivered").await;
    let of_first = &by_record(&callbacks(&receiver))["id=1"];
    assert_eq!(of_first, &[1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_passed_in_time_and_what_comes_too_late_is_skipped() {
    const GAP_WAIT: Duration = Duration::from_secs(2);
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(GAP_WAIT)).await;
    worker
        .webhook_with(&receiver, json!({"ordered": true}))
        .await;
    site.take_in(&edit(1, 1)).await;
    wait_for_callbacks(&receiver, 1).await;
    let arrived = Instant::now();
    site.take_in(&edit(1, 4)).await;
    let requests = wait_for_callbacks(&receiver, 2).await;
    let waited = requests[1].arrived_at - arrived;
    assert!(waited + Duration::from_millis(100) > GAP_WAIT, "{waited:?}");
    site.wait_for(2, "delivered").await;

    site.take_in(&edit(1, 3)).await;
    let path = "/api/v1/deliveries?state=skipped";
    let skipped = || async { worker.api.get(path).await.expect(200).json()["items"].clone() };
    wait_until(DEADLINE, || async { skipped().await != json!([]) }).await;
    let late = skipped().await[0].clone();
    assert_eq!(late["revision"], 3);
    assert_eq!(late["attempts"], 0);
    let reason = late["last_error"].as_str().unwrap();
    assert!(reason.contains('4'), "{reason}");

    // A person may want it all the same.
    let retry = format!("/api/v1/deliveries/{}/retry", late["id"].as_str().unwrap());
    let refused = worker.api.post(&retry, json!({})).await.expect(409).json();
    assert!(refused["detail"].as_str().unwrap().contains("force"));
    worker
        .api
        .post(&retry, json!({"force": true}))
        .await
        .expect(200);
    site.wait_for(3, "delivered").await;
    assert_eq!(revisions(&callbacks(&receiver)), [1, 4, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_makes_way_however_it_ended() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(LONG)).await;
    worker
        .webhook_with(
            &receiver,
            json!({"ordered": true, "stop_on_4xx": true, "retry_schedule_s": [0, 3600]}),
        )
        .await;
    receiver.answer_next(Answer::status(422));
    receiver.answer_next(Answer::status(500));
    for revision in 1..=3 {
        site.take_in(&edit(1, revision)).await;
    }
    // The first is refused for good; the second is to be tried again in an hour.
    let tried = |path: &'static str| {
        let api = &worker.api;
        async move { api.get(path).await.expect(200).json()["items"].clone() }
    };
    let pending = "/api/v1/deliveries?state=pending";
    wait_until(DEADLINE, || async {
        let items = tried(pending).await;
        items[1]["attempts"] == 1 && items[0]["waits_for"] == "record"
    })
    .await;
    let items = tried(pending).await;
    assert_eq!(items[0]["next_attempt_at"], Value::Null);
    assert_eq!(revisions(&callbacks(&receiver)), [1, 2]);

    let second = items[1]["id"].as_str().unwrap();
    let retry = format!("/api/v1/deliveries/{second}/retry");
    worker.api.post(&retry, json!({})).await.expect(200);
    wait_for_callbacks(&receiver, 4).await;
    assert_eq!(revisions(&callbacks(&receiver)), [1, 2, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_there_before_starts_where_it_is() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(Duration::from_secs(2))).await;
    let webhook = worker.webhook(&receiver).await;
    site.take_in(&edit(1, 3)).await;
    wait_for_callbacks(&receiver, 1).await;
    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    worker
        .api
        .patch(&path, json!({"ordered": true}))
        .await
        .expect(200);
    for revision in [7, 9, 8] {
        site.take_in(&edit(1, revision)).await;
    }
    site.wait_for(4, "delivered").await;
    assert_eq!(revisions(&callbacks(&receiver)), [3, 7, 8, 9]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_order_goes_when_order_is_switched_off() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(LONG)).await;
    let webhook = worker
        .webhook_with(
            &receiver,
            json!({"ordered": true, "retry_schedule_s": [0, 3600]}),
        )
        .await;
    receiver.answer_next(Answer::status(500));
    for revision in 1..=2 {
        site.take_in(&edit(1, revision)).await;
    }
    let held = "SELECT count(*) AS number FROM deliveries WHERE held_for = 'record'";
    wait_until(DEADLINE, || async { site.number(held).await == 1 }).await;
    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    worker
        .api
        .patch(&path, json!({"ordered": false}))
        .await
        .expect(200);
    wait_for_callbacks(&receiver, 2).await;
    assert_eq!(revisions(&callbacks(&receiver)), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deletion_of_all_tasks_goes_after_what_waits_of_them() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(LONG)).await;
    worker
        .webhook_with(
            &receiver,
            json!({
                "ordered": true,
                "events": ["task.add", "task.edit", "task.delete"],
                "retry_schedule_s": [0, 1, 1, 1],
            }),
        )
        .await;
    receiver.answer_next(Answer::status(500));
    site.take_in(&task_changed(Action::Add, 5, 1)).await;
    site.take_in(&event(Change::TasksOfOrderDeleted(TasksOfOrderDeleted {
        order_id: OrderId(42),
        tasks: vec![DeletedTask {
            id: TaskId(5),
            revision: 2,
        }],
    })))
    .await;
    site.wait_for(2, "delivered").await;
    let bodies: Vec<bool> = callbacks(&receiver)
        .iter()
        .map(|request| request.text().starts_with("id_order="))
        .collect();
    assert_eq!(bodies, [false, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_are_followed_only_for_accounts_that_want_order() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    site.take_in(&edit(1, 1)).await;
    wait_for_callbacks(&receiver, 1).await;
    let followed = "SELECT count(*) AS number FROM record_revisions";
    assert_eq!(site.number(followed).await, 0);
}
