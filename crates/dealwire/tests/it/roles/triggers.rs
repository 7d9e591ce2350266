//! Triggers over two delivery workers.

use std::collections::HashSet;

use serde_json::json;
use test_support::{ApiClient, MockReceiver, wait_until};

use super::site::Site;
use crate::process::DEADLINE;

/// Orders that are moved through the stage.
const ORDERS: usize = 30;

#[tokio::test]
async fn every_move_into_the_stage_is_told_once_whichever_worker_is_killed() {
    let Some(site) = Site::prepare().await else {
        return;
    };
    let receiver = MockReceiver::start().await;
    let (entity, one, other) = tokio::join!(
        site.start("entity-service"),
        site.start("delivery-worker"),
        site.start("delivery-worker"),
    );
    for role in [&entity, &one, &other] {
        role.until_ready().await;
    }
    let token = site.token().await;
    let records = entity.api(&token);
    let pipelines = records.get("/api/v1/pipelines").await.expect(200).json();
    let stage = pipelines["items"][0]["stages"][1]["id"].as_i64().unwrap();
    let trigger = json!({
        "name": "moved", "id_status": stage, "event": "entered", "url": receiver.url("/"),
        "method": "GET", "parameters": [{"name": "id", "kind": "field", "value": "id"}],
        "condition": {"any": [
            {"field": "client.fields.Город", "operator": "equal", "value": "Москва"},
            {"field": "tags", "operator": "contains", "value": "vip"},
        ]},
    });
    // The worker has heard of the account's pipeline, or hears of it while it is asked.
    let triggers = one.api(&token);
    let trigger = triggers.post("/api/v1/triggers", trigger).await.expect(201);
    let path = format!("/api/v1/triggers/{}", trigger.id());
    other.api(&token).get(&path).await.expect(200);

    let mut expected = HashSet::new();
    let mut kill = Some(one);
    for number in 0..ORDERS {
        let order = moved_order(&records, stage, number).await;
        if number % 2 == 0 {
            expected.insert(format!("/?id={order}"));
        }
        if number == ORDERS / 2
            && let Some(worker) = kill.take()
        {
            worker.kill().await;
        }
    }
    wait_until(3 * DEADLINE, || async {
        expected.is_subset(&targets(&receiver))
    })
    .await;
    // It follows leads as well, and the intake service was never here.
    site.operator(&["migrate"]).await;
    let said = site.operator(&["verify", "--wait", "30"]).await;
    assert!(said.contains("Nothing is lost."), "{said}");
    assert_eq!(targets(&receiver), expected);
    for role in [entity, other] {
        assert!(role.stop().await.success());
    }
}

/// An order that is created, with what the condition asks for on every second
/// one, and moved.
async fn moved_order(records: &ApiClient, stage: i64, number: usize) -> i64 {
    let tags = if number.is_multiple_of(2) {
        "vip,new"
    } else {
        "new"
    };
    let order = json!({"name": format!("order {number}"), "tags": tags});
    let order = records.post("/api/v1/orders", order).await.expect(201).id();
    let patch = json!({"id_status": stage});
    let path = format!("/api/v1/orders/{order}");
    records.patch(&path, patch).await.expect(200);
    order
}

/// What was called, the test request left out.
fn targets(receiver: &MockReceiver) -> HashSet<String> {
    let called = receiver
        .requests()
        .into_iter()
        .map(|request| request.target);
    called.filter(|target| target != "/?test=test").collect()
}
