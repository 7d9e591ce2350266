//! Webhooks that get only the latest of a record's changes that wait.

use std::time::Duration;

use events::Action;
use serde_json::{Value, json};
use test_support::{Answer, MockReceiver, wait_until};

use super::events::order_changed;
use super::site::{DEADLINE, Site, Worker, callbacks, quick, wait_for_callbacks};

async fn edit(site: &Site, id: i64, revision: i64) {
    let action = if revision == 1 {
        Action::Add
    } else {
        Action::Edit
    };
    let name = format!("v{revision}");
    site.take_in(&order_changed(action, id, revision, &name))
        .await;
}

async fn listed(worker: &Worker, query: &str) -> Vec<Value> {
    let path = format!("/api/v1/deliveries?{query}");
    let items = worker.api.get(&path).await.expect(200).json()["items"].clone();
    items.as_array().unwrap().clone()
}

const WAITING: &str = "SELECT count(*) AS number FROM deliveries WHERE state = 'pending'";

#[tokio::test(flavor = "multi_thread")]
async fn while_a_webhook_is_paused_one_change_of_each_record_waits() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let first = site.worker().await;
    let _second = site.worker().await;
    let webhook = first
        .webhook_with(&receiver, json!({"latest_only": true}))
        .await;
    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    let pause = format!("{path}/pause");
    first.api.post(&pause, json!({})).await.expect(200);
    for revision in 1..=5 {
        edit(&site, 1, revision).await;
        edit(&site, 2, revision).await;
    }
    // One that arrives late is stood for by the newer one that waits.
    edit(&site, 3, 7).await;
    edit(&site, 3, 6).await;
    assert_eq!(site.number(WAITING).await, 3);
    let waiting = listed(&first, "state=pending").await;
    let of_first = waiting.iter().find(|it| it["record_id"] == 1).unwrap();
    assert_eq!(of_first["coalesced"], 4);
    assert_eq!(
        (&of_first["send_as"], &of_first["revision"]),
        (&json!("add"), &json!(5))
    );
    assert_eq!(of_first["type"], "order.edit");
    let of_third = waiting.iter().find(|it| it["record_id"] == 3).unwrap();
    assert_eq!(
        (&of_third["coalesced"], &of_third["revision"]),
        (&json!(1), &json!(7))
    );
    assert_eq!(of_third["send_as"], Value::Null);
    let skipped = listed(&first, "state=skipped&record_id=1").await;
    assert_eq!(skipped.len(), 4);
    let names_it = |it: &Value| {
        let reason = it["last_error"].as_str().unwrap();
        assert!(reason.contains("delivery "), "{reason}");
        it["attempts"] == 0
    };
    assert!(skipped.iter().all(names_it));

    let resume = format!("{path}/resume");
    first.api.post(&resume, json!({})).await.expect(200);
    let requests = wait_for_callbacks(&receiver, 3).await;
    let text = requests
        .iter()
        .map(|it| it.text())
        .find(|it| it.starts_with("id=1&"))
        .unwrap();
    assert!(text.contains("name=v5"), "{text}");
    assert!(text.ends_with("component=order&event=add"), "{text}");
    wait_until(DEADLINE, || async { site.number(WAITING).await == 0 }).await;
    assert_eq!(callbacks(&receiver).len(), 3);

    // The second was to be sent as an add and stood for the first, until it was skipped
    // itself: now it stands for nothing but itself.
    let second = skipped.iter().find(|it| it["revision"] == 2).unwrap();
    assert_eq!(
        (&second["send_as"], &second["coalesced"]),
        (&json!("add"), &json!(1))
    );
    let path = format!("/api/v1/deliveries/{}", second["id"].as_str().unwrap());
    let retry = format!("{path}/retry");
    let force = json!({"force": true});
    first.api.post(&retry, force).await.expect(200);
    let requests = wait_for_callbacks(&receiver, 4).await;
    let text = requests[3].text();
    assert!(text.contains("name=v2"), "{text}");
    assert!(text.ends_with("component=order&event=edit"), "{text}");
    let again = first.api.get(&path).await.expect(200).json();
    assert_eq!(
        (&again["send_as"], &again["coalesced"]),
        (&Value::Null, &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_not_tried_again_while_a_newer_change_waits() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker
        .webhook_with(
            &receiver,
            json!({"latest_only": true, "retry_schedule_s": [0, 3600]}),
        )
        .await;
    receiver.answer_next(Answer::status(500).delay(Duration::from_millis(800)));
    edit(&site, 1, 1).await;
    wait_for_callbacks(&receiver, 1).await;
    // The first is under way, and left alone.
    edit(&site, 1, 2).await;
    edit(&site, 1, 3).await;
    let requests = wait_for_callbacks(&receiver, 2).await;
    let text = requests[1].text();
    assert!(text.contains("name=v3"), "{text}");
    assert!(
        text.ends_with("event=add"),
        "nothing of it arrived before: {text}"
    );
    wait_until(DEADLINE, || async { site.number(WAITING).await == 0 }).await;
    let all = listed(&worker, "").await;
    let state = |revision: i64| {
        let row = all.iter().find(|it| it["revision"] == revision).unwrap();
        (row["state"].clone(), row["attempts"].clone())
    };
    assert_eq!(state(1), (json!("skipped"), json!(1)));
    assert_eq!(state(2), (json!("skipped"), json!(0)));
    assert_eq!(state(3), (json!("delivered"), json!(1)));

    // What is older than what arrived goes only if somebody insists.
    let first = all.iter().find(|it| it["revision"] == 1).unwrap();
    let retry = format!("/api/v1/deliveries/{}/retry", first["id"].as_str().unwrap());
    worker.api.post(&retry, json!({})).await.expect(409);
    worker
        .api
        .post(&retry, json!({"force": true}))
        .await
        .expect(200);
    wait_for_callbacks(&receiver, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_as_an_edit_stays_one_when_the_add_comes_late() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    let webhook = worker
        .webhook_with(
            &receiver,
            json!({"latest_only": true, "retry_schedule_s": [0, 3600]}),
        )
        .await;
    receiver.answer_next(Answer::status(500));
    edit(&site, 1, 2).await;
    wait_for_callbacks(&receiver, 1).await;
    let waiting = || async { listed(&worker, "state=pending&record_id=1").await };
    wait_until(DEADLINE, || async { waiting().await[0]["attempts"] == 1 }).await;
    edit(&site, 1, 1).await;
    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    let skipped = || async { listed(&worker, "state=skipped&record_id=1").await };
    wait_until(DEADLINE, || async { skipped().await.len() == 1 }).await;
    let kept = waiting().await[0].clone();
    assert_eq!(
        (&kept["revision"], &kept["coalesced"], &kept["send_as"]),
        (&json!(2), &json!(1), &Value::Null)
    );

    for verb in ["pause", "resume"] {
        let path = format!("{path}/{verb}");
        worker.api.post(&path, json!({})).await.expect(200);
    }
    let requests = wait_for_callbacks(&receiver, 2).await;
    assert_eq!(requests[0].text(), requests[1].text());
    assert_eq!(
        requests[0].header("webhook-id"),
        requests[1].header("webhook-id")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_came_and_went_while_it_waited_is_sent_as_deleted() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    let webhook = worker
        .webhook_with(&receiver, json!({"latest_only": true}))
        .await;
    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    let pause = format!("{path}/pause");
    worker.api.post(&pause, json!({})).await.expect(200);
    edit(&site, 1, 1).await;
    edit(&site, 1, 2).await;
    site.take_in(&order_changed(Action::Delete, 1, 3, "v3"))
        .await;
    assert_eq!(site.number(WAITING).await, 1);
    let resume = format!("{path}/resume");
    worker.api.post(&resume, json!({})).await.expect(200);
    let requests = wait_for_callbacks(&receiver, 1).await;
    assert!(requests[0].text().ends_with("event=delete"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_always_arrives_through_two_workers_and_failures() {
    const RECORDS: i64 = 8;
    const REVISIONS: i64 = 30;
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let config = || delivery_worker::DeliveryConfig {
        retry_schedule: vec![Duration::from_millis(20); 50],
        ..quick()
    };
    let first = site.worker_with(config()).await;
    let _second = site.worker_with(config()).await;
    first
        .webhook_with(&receiver, json!({"latest_only": true, "concurrency": 2}))
        .await;
    for place in 0..40 {
        receiver.answer_next(if place % 4 == 0 {
            Answer::status(500)
        } else {
            Answer::ok().delay(Duration::from_millis(10))
        });
    }
    for revision in 1..=REVISIONS {
        for id in 1..=RECORDS {
            let action = if revision == 1 {
                Action::Add
            } else {
                Action::Edit
            };
            let name = format!("v{revision}");
            drop(
                site.publish(&order_changed(action, id, revision, &name))
                    .await,
            );
        }
    }
    let count = usize::try_from(RECORDS * REVISIONS).unwrap();
    wait_until(DEADLINE, || async {
        site.deliveries().await.len() == count && site.number(WAITING).await == 0
    })
    .await;
    for id in 1..=RECORDS {
        let requests = callbacks(&receiver);
        let start = format!("id={id}&");
        let of_record = requests.iter().filter(|it| it.text().starts_with(&start));
        let last = of_record.last().unwrap();
        assert_eq!(last.header("x-record-revision"), Some("30"));
    }
    // Each change was sent, or a sent one stands for it.
    for id in 1..=RECORDS {
        let rows = listed(&first, &format!("component=order&record_id={id}&limit=200")).await;
        let sent: i64 = rows
            .iter()
            .filter(|it| it["state"] == "delivered")
            .map(|it| 1 + it["coalesced"].as_i64().unwrap())
            .sum();
        assert_eq!(sent, REVISIONS, "{rows:#?}");
    }
}
