//! Entity service and delivery workers as processes of their own.

use std::collections::HashSet;

use serde_json::json;
use test_support::{MockReceiver, wait_until};

use super::site::{Role, Site};
use crate::process::DEADLINE;

#[tokio::test]
async fn migrate_prints_what_it_did_and_then_has_nothing_to_do() {
    let Some(site) = Site::prepare().await else {
        return;
    };
    let first = site.operator(&["migrate"]).await;
    assert!(first.contains("delivery-worker: "), "{first}");
    let again = site.operator(&["migrate"]).await;
    let expected = "entity-service: 0 migrations applied\nintake-service: 0 migrations applied\n\
                    delivery-worker: 0 migrations applied\n";
    assert_eq!(again, expected);
}

#[tokio::test]
async fn changes_reach_their_receiver_whichever_process_ends() {
    let Some(site) = Site::prepare().await else {
        return;
    };
    let receiver = MockReceiver::start().await;
    // In no order at all.
    let (first_worker, entity, second_worker) = tokio::join!(
        site.start("delivery-worker"),
        site.start("entity-service"),
        site.start("delivery-worker"),
    );
    for role in [&first_worker, &entity, &second_worker] {
        role.until_ready().await;
    }
    let token = site.token().await;
    let webhook = json!({
        "name": "test", "url": receiver.url("/"), "format": "json", "events": ["order.add"],
    });
    first_worker
        .api(&token)
        .post("/api/v1/webhooks", webhook)
        .await
        .expect(201);

    let mut orders = create_orders(&entity, &token, 20).await;
    until_received(&receiver, &orders).await;

    // One worker is killed, the entity service makes way for another one.
    first_worker.kill().await;
    assert!(entity.stop().await.success());
    let entity = site.start("entity-service").await;
    entity.until_ready().await;
    orders.extend(create_orders(&entity, &token, 20).await);
    until_received(&receiver, &orders).await;
    assert!(second_worker.stop().await.success());
    assert!(entity.stop().await.success());
}

async fn create_orders(entity: &Role, token: &str, count: usize) -> HashSet<i64> {
    let api = entity.api(token);
    let mut ids = HashSet::new();
    for number in 0..count {
        let body = json!({ "name": format!("order {number}") });
        ids.insert(api.post("/api/v1/orders", body).await.expect(201).id());
    }
    ids
}

async fn until_received(receiver: &MockReceiver, orders: &HashSet<i64>) {
    wait_until(2 * DEADLINE, || async {
        let received: HashSet<i64> = receiver
            .requests()
            .iter()
            .filter_map(|request| {
                let body: serde_json::Value = serde_json::from_str(request.text()).unwrap();
                body["id"].as_i64()
            })
            .collect();
        orders.is_subset(&received)
    })
    .await;
}
