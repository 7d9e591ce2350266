//! Revisions that are missing of a record that goes in order: what closes a gap, and
//! what comes when it has been passed.

use std::time::Duration;

use events::{
    Action, Change, DeletedTask, Event, EventId, OrderId, TaskId, TasksOfOrderDeleted, Timestamp,
};
use serde_json::{Value, json};
use test_support::{MockReceiver, ReceivedRequest, wait_until};

use super::events::{event, order_changed, task_changed};
use super::ordered::{LONG, edit, held_for_gaps, patient, revisions};
use super::site::{DEADLINE, Site, Worker, callbacks, wait_for_callbacks};

/// All tasks of an order are deleted, each at a revision.
fn tasks_deleted(tasks: &[(i64, i64)]) -> Event {
    let tasks = tasks.iter().map(|&(id, revision)| DeletedTask {
        id: TaskId(id),
        revision,
    });
    event(Change::TasksOfOrderDeleted(TasksOfOrderDeleted {
        order_id: OrderId(42),
        tasks: tasks.collect(),
    }))
}

/// The same as if it had happened so many seconds ago.
fn ago(mut event: Event, seconds: i64) -> Event {
    event.occurred_at = Timestamp(event.occurred_at.0 - seconds * 1_000_000);
    event.id = EventId::new(event.occurred_at);
    event
}

async fn webhook_for_tasks(worker: &Worker, receiver: &MockReceiver) {
    let events = json!(["task.add", "task.edit", "task.delete"]);
    worker
        .webhook_with(receiver, json!({"ordered": true, "events": events}))
        .await;
}

/// Whether it tells of the deletion of all tasks of an order.
fn is_of_all(request: &ReceivedRequest) -> bool {
    request.text().starts_with("id_order=")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_fires_nothing_closes_a_gap_whenever_it_comes() {
    const RECORDS: i64 = 60;
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    // Of two, one may judge what waits while the other takes in what it waits for.
    let first = site.worker_with(patient(LONG)).await;
    let _second = site.worker_with(patient(LONG)).await;
    first
        .webhook_with(
            &receiver,
            json!({"ordered": true, "events": ["order.add", "order.delete"]}),
        )
        .await;
    for id in 1..=RECORDS {
        drop(site.publish(&edit(id, 1)).await);
        drop(
            site.publish(&order_changed(Action::Delete, id, 3, "x"))
                .await,
        );
        // The edit fires nothing.
        drop(site.publish(&edit(id, 2)).await);
    }
    site.wait_for(2 * usize::try_from(RECORDS).unwrap(), "delivered")
        .await;
    for id in 1..=RECORDS {
        let mut of_record = callbacks(&receiver);
        of_record.retain(|it| it.text().starts_with(&format!("id={id}&")));
        assert_eq!(revisions(&of_record), [1, 3]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_that_are_passed_and_changes_that_come_after_are_counted() {
    const PASSED: &str = "dealwire_delivery_passed_gaps_total";
    const LATE: &str = "dealwire_delivery_late_total";
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(Duration::from_millis(200))).await;
    worker
        .webhook_with(&receiver, json!({"ordered": true}))
        .await;
    site.take_in(&edit(1, 1)).await;
    site.wait_for(1, "delivered").await;
    assert_eq!((worker.counted(PASSED), worker.counted(LATE)), (0, 0));
    site.take_in(&edit(1, 4)).await;
    site.wait_for(2, "delivered").await;
    wait_until(DEADLINE, || async { worker.counted(PASSED) == 1 }).await;
    assert_eq!(worker.counted(LATE), 0);
    for revision in [2, 3] {
        site.take_in(&edit(1, revision)).await;
    }
    wait_until(DEADLINE, || async { worker.counted(LATE) == 2 }).await;
    assert_eq!(worker.counted(PASSED), 1);
    let path = "/api/v1/deliveries?state=skipped";
    let skipped = worker.api.get(path).await.expect(200).json()["items"].clone();
    let skipped: Vec<Value> = skipped.as_array().unwrap().clone();
    assert_eq!(skipped.len(), 2);
    assert_eq!(revisions(&callbacks(&receiver)), [1, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deletion_of_all_tasks_waits_for_what_is_missing_of_any_of_them() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(LONG)).await;
    webhook_for_tasks(&worker, &receiver).await;
    site.take_in(&task_changed(Action::Add, 5, 1)).await;
    site.take_in(&task_changed(Action::Add, 6, 1)).await;
    // Of the first nothing is missing, of the second the third revision.
    site.take_in(&tasks_deleted(&[(5, 2), (6, 4)])).await;
    site.take_in(&ago(task_changed(Action::Edit, 6, 2), 30))
        .await;
    wait_for_callbacks(&receiver, 3).await;
    wait_until(DEADLINE, || async { held_for_gaps(&site).await == 1 }).await;
    assert!(!callbacks(&receiver).iter().any(is_of_all));

    site.take_in(&ago(task_changed(Action::Edit, 6, 3), 20))
        .await;
    site.wait_for(5, "delivered").await;
    let requests = callbacks(&receiver);
    let last: Vec<bool> = requests.iter().map(is_of_all).collect();
    assert_eq!(last, [false, false, false, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deletion_of_all_tasks_passes_a_gap_in_time() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient(Duration::from_millis(200))).await;
    webhook_for_tasks(&worker, &receiver).await;
    site.take_in(&task_changed(Action::Add, 5, 1)).await;
    site.wait_for(1, "delivered").await;
    site.take_in(&tasks_deleted(&[(5, 3)])).await;
    site.wait_for(2, "delivered").await;
    assert!(is_of_all(&callbacks(&receiver)[1]));
    let passed = || worker.counted("dealwire_delivery_passed_gaps_total");
    wait_until(DEADLINE, || async { passed() == 1 }).await;
    // What it did not wait for comes too late.
    site.take_in(&ago(task_changed(Action::Edit, 5, 2), 20))
        .await;
    let over = "SELECT count(*) AS number FROM deliveries \
                WHERE state IN ('delivered', 'skipped') AND origin = 'event'";
    wait_until(DEADLINE, || async { site.number(over).await == 3 }).await;
}
