//! Requests at the same instant, to several replicas.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::{Inbound, TestApp};

async fn three_replicas() -> [TestApp; 3] {
    let first = TestApp::start().await;
    let (second, third) = (first.replica().await, first.replica().await);
    [first, second, third]
}

/// Posts all of them at once, spread over the replicas; returns statuses and leads.
async fn post_all(
    replicas: &[TestApp; 3],
    source: &Inbound,
    bodies: &[Value],
) -> Vec<(u16, Value)> {
    let posts = bodies.iter().enumerate().map(|(place, body)| async move {
        let replica = &replicas[place % replicas.len()];
        let answer = replica.post(&source.path, body).await;
        (answer.status.as_u16(), answer.json()["data"].clone())
    });
    join_all(posts).await
}

#[tokio::test]
async fn leads_of_one_phone_count_as_if_one_came_after_the_other() {
    let replicas = three_replicas().await;
    let source = replicas[0].webhook_source().await;
    let bodies: Vec<Value> = (0..60)
        .map(|n| json!({"phone": "88005553535", "name": n}))
        .collect();
    let mut leads = post_all(&replicas, &source, &bodies).await;
    assert!(leads.iter().all(|(status, _)| *status == 201));
    leads.sort_by_key(|(_, lead)| lead["id"].as_i64());
    let first = leads[0].1["id"].clone();
    for (place, (_, lead)) in leads.iter().enumerate() {
        assert_eq!(lead["otherCount"], place, "{lead}");
        let expected = if place == 0 { &Value::Null } else { &first };
        assert_eq!(&lead["firstId"], expected);
    }
}

#[tokio::test]
async fn phones_and_emails_that_cross_fit_some_order() {
    let replicas = three_replicas().await;
    let source = replicas[0].webhook_source().await;
    let bodies: Vec<Value> = (0..60)
        .map(|n| {
            let phone = format!("8800555353{}", n % 5);
            let email = format!("person{}@site.ru", n % 7);
            match n % 3 {
                0 => json!({"phone": phone}),
                1 => json!({"email": email}),
                _ => json!({"phone": phone, "email": email}),
            }
        })
        .collect();
    let leads = post_all(&replicas, &source, &bodies).await;
    for (_, lead) in &leads {
        let same = |key: &str, other: &Value| !lead[key].is_null() && lead[key] == other[key];
        let id = lead["id"].as_i64();
        // Ids are given under the lock of each contact: those that were there have lower ones.
        let before: BTreeSet<Option<i64>> = leads
            .iter()
            .filter(|(_, other)| same("phone", other) || same("email", other))
            .map(|(_, other)| other["id"].as_i64())
            .filter(|other| *other < id)
            .collect();
        assert_eq!(lead["otherCount"], before.len(), "{lead}");
        assert_eq!(
            lead["firstId"].as_i64(),
            before.first().copied().flatten(),
            "{lead}"
        );
    }
}

#[tokio::test]
async fn one_remote_id_makes_one_lead() {
    let replicas = three_replicas().await;
    let source = replicas[0].webhook_source().await;
    let bodies: Vec<Value> = (0..45)
        .map(|n| json!({"phone": format!("+7999{:07}", n), "remoteId": n % 3}))
        .collect();
    let answers = post_all(&replicas, &source, &bodies).await;
    for remote_id in 0..3 {
        let of_one: Vec<&(u16, Value)> = answers
            .iter()
            .filter(|(_, lead)| lead["remoteId"] == remote_id)
            .collect();
        assert_eq!(of_one.len(), 15);
        let made = of_one.iter().filter(|(status, _)| *status == 201).count();
        let repeated = of_one.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!((made, repeated), (1, 14));
        let ids: BTreeSet<Option<i64>> =
            of_one.iter().map(|(_, lead)| lead["id"].as_i64()).collect();
        assert_eq!(ids.len(), 1);
    }
    assert_eq!(replicas[0].count_rows("leads").await, 3);
    assert_eq!(replicas[0].count_rows("intake_requests").await, 45);
    assert_eq!(replicas[0].count_rows("outbox_events").await, 3);
}

#[tokio::test]
async fn double_clicks_at_one_instant_are_one_lead() {
    let replicas = three_replicas().await;
    let source = replicas[0].add_source("tilda", json!({})).await;
    let bodies = vec![json!({"phone": "88005553535", "name": "x"}); 30];
    let posts = bodies.iter().enumerate().map(|(place, body)| {
        let (replica, path) = (&replicas[place % 3], &source.path);
        async move { replica.post(path, body).await.expect(200) }
    });
    join_all(posts).await;
    assert_eq!(replicas[0].count_rows("leads").await, 1);
    assert_eq!(
        replicas[0]
            .number("SELECT count(*) AS number FROM intake_requests WHERE outcome = 'double_click'")
            .await,
        29
    );
}
