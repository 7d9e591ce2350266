//! What goes from the journal after its time.

mod days;
mod upgrade;

use std::time::Duration;

use serde_json::json;
use test_support::{Method, wait_until};

use super::JSON;
use crate::app::{DEADLINE, Setup, TestApp};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

#[tokio::test]
async fn old_requests_go_and_unread_ones_stay() {
    let setup = Setup::new().await;
    let app = TestApp::start_on(setup.clone()).await;
    let source = app.webhook_source().await;
    let lead = json!({"phone": "88005553535"});
    app.post(&source.path, &lead).await.expect(201);
    app.post(&source.path, &json!({})).await.expect(422);
    app.send(Method::POST, &source.path, &[JSON], "{")
        .await
        .expect(400);
    for table in ["intake_requests", "intake_bodies"] {
        let ago = 31 * DAY_US;
        app.execute(&format!(
            "UPDATE {table} SET received_at_us = received_at_us - {ago}"
        ))
        .await;
    }
    app.post(&source.path, &lead).await.expect(201);

    let again = app.replica().await;
    let outcomes = "SELECT outcome AS text FROM intake_requests ORDER BY id";
    wait_until(DEADLINE, || async {
        again.texts(outcomes).await == ["malformed", "lead"]
    })
    .await;
    assert_eq!(again.count_rows("intake_bodies").await, 2);
    assert_eq!(again.count_rows("leads").await, 2);
    let parted = "SELECT count(*) AS number FROM leads WHERE request_id IS NULL";
    assert_eq!(again.number(parted).await, 1);
    // Either of the two was the first to look.
    wait_until(DEADLINE, || async {
        [&app, &again].iter().any(|one| {
            let counted = one.metrics.encode().unwrap();
            counted.contains("dealwire_intake_expired_requests_total 2")
        })
    })
    .await;

    // Once somebody has tried, it may go as well.
    again
        .execute("UPDATE intake_requests SET replayed_at_us = 1 WHERE outcome = 'malformed'")
        .await;
    let third = again.replica().await;
    wait_until(DEADLINE, || async {
        third.texts(outcomes).await == ["lead"]
    })
    .await;
}

#[tokio::test]
async fn how_long_is_a_setting() {
    let mut setup = Setup::new().await;
    setup.config.keep_requests = Duration::from_secs(365 * 24 * 60 * 60);
    let app = TestApp::start_on(setup).await;
    let source = app.webhook_source().await;
    for days in [366, 364] {
        app.post(&source.path, &json!({"phone": "88005553535"}))
            .await
            .expect(201);
        let aged = format!(
            "UPDATE intake_requests SET received_at_us = received_at_us - {}, method = '{days}' \
             WHERE method = 'POST'",
            days * DAY_US
        );
        app.execute(&aged).await;
    }
    let again = app.replica().await;
    let left = "SELECT method AS text FROM intake_requests";
    wait_until(DEADLINE, || async { again.texts(left).await == ["364"] }).await;
}
