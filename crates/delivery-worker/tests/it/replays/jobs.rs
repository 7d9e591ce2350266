//! What tests do with jobs.

use std::time::Duration;

use serde_json::{Value, json};
use test_support::{ApiAnswer, ApiClient};

use crate::app::{ACCOUNT, DEADLINE, TestApp, path_of};
use crate::samples::order_added;

/// Before everything that a test does.
pub(crate) const LONG_AGO: &str = "2020-01-01T00:00:00Z";

/// Asks for a replay.
pub(crate) async fn ask(api: &ApiClient, webhook: &Value, body: Value) -> ApiAnswer {
    let path = format!("/api/v1/webhooks/{}/replay", webhook["id"]);
    api.post(&path, body).await
}

/// Asks for a replay of all time, with `more` settings; returns the job.
pub(crate) async fn replay(api: &ApiClient, webhook: &Value, more: Value) -> Value {
    let mut body = json!({"since": LONG_AGO});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    ask(api, webhook, body).await.expect(202).json()
}

/// The job as it is now.
pub(crate) async fn read(api: &ApiClient, job: &Value) -> Value {
    let path = format!("/api/v1/replays/{}", job["id"]);
    api.get(&path).await.expect(200).json()
}

/// Asks again until the job is as `condition` wants it.
pub(crate) async fn wait_for_job(
    api: &ApiClient,
    job: &Value,
    condition: impl Fn(&Value) -> bool,
) -> Value {
    let started = tokio::time::Instant::now();
    loop {
        let found = read(api, job).await;
        if condition(&found) {
            return found;
        }
        assert!(started.elapsed() < DEADLINE, "{found:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the job is over.
pub(crate) async fn wait_until_done(api: &ApiClient, job: &Value) -> Value {
    wait_for_job(api, job, |job| job["state"] == "done").await
}

/// A webhook that was switched off while these orders were added, so that it
/// misses them; it is on when this returns.
pub(crate) async fn webhook_that_missed(
    app: &TestApp,
    orders: std::ops::RangeInclusive<i64>,
    settings: Value,
) -> Value {
    let mut settings = settings;
    settings["active"] = json!(false);
    let webhook = app.create_webhook(settings).await;
    for order in orders {
        app.publish(&order_added(ACCOUNT, order)).await;
    }
    switch_on(app, &webhook).await
}

/// Switches a webhook on, which sends it a test.
pub(crate) async fn switch_on(app: &TestApp, webhook: &Value) -> Value {
    let on = json!({"active": true});
    app.api
        .patch(&path_of(webhook), on)
        .await
        .expect(200)
        .json()
}

/// The deliveries that jobs made, newest first.
pub(crate) async fn replayed(app: &TestApp) -> Vec<Value> {
    app.deliveries("?origin=replay&limit=200").await
}

/// The records that deliveries are of, in order.
pub(crate) fn records(deliveries: &[Value]) -> Vec<i64> {
    let mut records: Vec<i64> = deliveries
        .iter()
        .map(|delivery| delivery["record_id"].as_i64().unwrap())
        .collect();
    records.sort_unstable();
    records
}
