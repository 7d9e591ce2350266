//! Leads over two intake services, converted by two entity services.

use std::collections::HashSet;

use serde_json::{Value, json};
use test_support::{ApiClient, MockReceiver, wait_until};

use super::site::Site;
use crate::process::DEADLINE;

/// Leads in all, and how many people they are of.
const LEADS: usize = 60;
const PEOPLE: usize = 12;

#[tokio::test]
async fn leads_become_orders_and_one_phone_makes_one_client() {
    let Some(site) = Site::prepare().await else {
        return;
    };
    let receiver = MockReceiver::start().await;
    let (one_intake, other_intake, one_entity, other_entity, worker) = tokio::join!(
        site.start("intake-service"),
        site.start("intake-service"),
        site.start("entity-service"),
        site.start("entity-service"),
        site.start("delivery-worker"),
    );
    for role in [
        &one_intake,
        &other_intake,
        &one_entity,
        &other_entity,
        &worker,
    ] {
        role.until_ready().await;
    }
    let token = site.token().await;
    let webhook = json!({
        "name": "test", "url": receiver.url("/"), "format": "json", "events": ["order.add"],
    });
    let answer = worker.api(&token).post("/api/v1/webhooks", webhook).await;
    answer.expect(201);
    let intake = one_intake.api(&token);
    let source = json!({"type": "webhook", "name": "Сайт"});
    let source = intake.post("/api/v1/sources", source).await.expect(201);
    let path = format!("/in/{}", source.json()["token"].as_str().unwrap());

    // Everybody's leads come in at both at once.
    let senders = [one_intake.api(""), other_intake.api("")];
    let posts = (0..LEADS).map(|number| {
        let (sender, path) = (senders[number % 2].clone(), path.clone());
        tokio::spawn(async move { post(&sender, &path, number).await })
    });
    let mut leads = HashSet::new();
    for post in posts.collect::<Vec<_>>() {
        leads.insert(post.await.unwrap());
    }
    assert_eq!(leads.len(), LEADS);
    // Whoever converts them may be killed.
    one_entity.kill().await;

    let mut orders = HashSet::new();
    for lead in &leads {
        orders.insert(converted(&intake, *lead).await["orderId"].as_i64());
    }
    assert_eq!(orders.len(), LEADS);
    let entity = other_entity.api(&token);
    let clients = entity.get("/api/v1/clients?limit=200").await.expect(200);
    assert_eq!(clients.json()["items"].as_array().unwrap().len(), PEOPLE);

    wait_until(2 * DEADLINE, || async {
        let received: HashSet<Option<i64>> = receiver
            .requests()
            .iter()
            .filter_map(|request| serde_json::from_slice::<Value>(&request.body).ok())
            .map(|body| body["id"].as_i64())
            .collect();
        orders.is_subset(&received)
    })
    .await;
    let said = site.operator(&["verify"]).await;
    assert!(said.contains("Nothing is lost."), "{said}");
    for role in [one_intake, other_intake, other_entity, worker] {
        assert!(role.stop().await.success());
    }
}

/// Posts a lead; its id.
async fn post(api: &ApiClient, path: &str, number: usize) -> i64 {
    let lead = json!({
        "name": format!("lead {number}"),
        "phone": format!("+791612345{:02}", number % PEOPLE),
        "email": format!("{}@example.com", number % PEOPLE),
    });
    let answer = api.post(path, lead).await.expect(201).json();
    answer["data"]["id"].as_i64().unwrap()
}

/// The lead, once it has become an order.
async fn converted(api: &ApiClient, lead: i64) -> Value {
    let path = format!("/api/v1/leads/{lead}");
    let current = || async { api.get(&path).await.expect(200).json() };
    wait_until(2 * DEADLINE, || async {
        current().await["orderId"].is_i64()
    })
    .await;
    current().await
}
