//! `POST /webhooks/{id}/pause` and `/resume`, and what waits meanwhile.

use http_api::Scope;
use serde_json::{Value, json};
use test_support::{Answer, wait_until};

use crate::app::{ACCOUNT, DEADLINE, TestApp, path_of, problem_code};
use crate::samples::order_added;

async fn post(app: &TestApp, path: &str) -> Value {
    app.api.post(path, json!({})).await.expect(200).json()
}

/// The records of the callbacks, in the order in which they came.
fn delivered_records(app: &TestApp) -> Vec<String> {
    let requests = app.receiver.requests();
    let texts = requests.iter().map(|request| request.text().to_owned());
    texts
        .filter_map(|text| {
            let id = text.strip_prefix("id=")?.split('&').next()?.to_owned();
            Some(id)
        })
        .collect()
}

#[tokio::test]
async fn what_fires_it_meanwhile_waits_and_is_counted() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"concurrency": 1})).await;
    assert_eq!(created["waiting"], 0);
    let path = path_of(&created);
    let paused = app.api.post(&format!("{path}/pause"), json!({})).await;
    let paused = paused.expect(200);
    assert_eq!(paused.headers["etag"], "\"2\"");
    let paused = paused.json();
    assert_eq!(paused["state"], "paused");
    assert!(paused["paused_at"].is_string());
    assert_eq!(paused["active"], true);
    assert!(paused.get("secret").is_none());

    for id in 1..=5 {
        app.publish(&order_added(ACCOUNT, id)).await;
    }
    let again = post(&app, &format!("{path}/pause")).await;
    assert_eq!(again["paused_at"], paused["paused_at"]);
    assert_eq!(again["revision"], 2, "nothing changed");
    assert_eq!(again["waiting"], 5);
    let read = app.api.get(&path).await.expect(200).json();
    assert_eq!(read, again);
    let listed = app.api.get("/api/v1/webhooks?state=paused").await;
    let listed = listed.expect(200).json();
    assert_eq!(listed["items"][0]["paused_at"], paused["paused_at"]);
    assert_eq!(listed["items"][0].get("waiting"), None);
    for delivery in app.deliveries("?origin=event").await {
        assert_eq!(delivery["state"], "pending");
        assert_eq!(delivery["held"], true);
    }
    assert!(delivered_records(&app).is_empty());

    let resumed = post(&app, &format!("{path}/resume")).await;
    assert_eq!(resumed["state"], "active");
    assert_eq!(resumed["paused_at"], json!(null));
    assert_eq!(resumed["revision"], 3);
    wait_until(DEADLINE, || async { delivered_records(&app).len() == 5 }).await;
    assert_eq!(delivered_records(&app), ["1", "2", "3", "4", "5"]);
    wait_until(DEADLINE, || async {
        app.api.get(&path).await.expect(200).json()["waiting"] == 0
    })
    .await;
    let again = post(&app, &format!("{path}/resume")).await;
    assert_eq!(again["revision"], 3, "nothing changed");
}

#[tokio::test]
async fn resuming_sends_the_oldest_change_first() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"concurrency": 1})).await;
    let path = path_of(&created);
    app.receiver.answer_next(Answer::status(500));
    app.publish(&order_added(ACCOUNT, 1)).await;
    app.wait_for_delivery("?record_id=1", |delivery| delivery["attempts"] == 1)
        .await;
    post(&app, &format!("{path}/pause")).await;
    for id in 2..=4 {
        app.publish(&order_added(ACCOUNT, id)).await;
    }
    post(&app, &format!("{path}/resume")).await;
    wait_until(DEADLINE, || async { delivered_records(&app).len() == 5 }).await;
    assert_eq!(
        delivered_records(&app),
        ["1", "1", "2", "3", "4"],
        "the one that failed would wait for an hour otherwise"
    );
}

#[tokio::test]
async fn resuming_ends_a_pause_that_the_receiver_asked_for() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    let busy = Answer::status(503).header("retry-after", "3600");
    app.receiver.answer_next(busy);
    app.publish(&order_added(ACCOUNT, 1)).await;
    let query = "?record_id=1";
    app.wait_for_delivery(query, |delivery| delivery["held"] == true)
        .await;
    let paused = app.api.get(&path).await.expect(200).json();
    assert_eq!(paused["state"], "paused");
    assert!(paused["paused_until"].is_string());
    assert_eq!(paused["paused_at"], json!(null));
    assert_eq!(paused["failures_in_a_row"], 0, "it was asked for");
    assert_eq!(paused["waiting"], 1);

    let resumed = post(&app, &format!("{path}/resume")).await;
    assert_eq!(resumed["state"], "active");
    assert_eq!(resumed["paused_until"], json!(null));
    app.wait_for_delivery(query, |delivery| delivery["state"] == "delivered")
        .await;
}

#[tokio::test]
async fn resuming_does_not_enable() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    app.receiver.answer_next(Answer::status(410));
    app.publish(&order_added(ACCOUNT, 1)).await;
    app.wait_for_delivery("?record_id=1", |delivery| delivery["held"] == true)
        .await;
    let refused = app.api.post(&format!("{path}/resume"), json!({})).await;
    let refused = refused.expect(409);
    assert_eq!(problem_code(&refused), "conflict");
    let detail = refused.json()["detail"].to_string();
    assert!(
        detail.contains("PATCH") && detail.contains("gone"),
        "{detail}"
    );
    let shown = app.api.get(&path).await.expect(200).json();
    assert_eq!(
        (&shown["state"], &shown["waiting"]),
        (&json!("disabled"), &json!(1))
    );
}

#[tokio::test]
async fn what_changes_by_itself_may_be_sent_back_outdated() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    let mut read = app.api.get(&path).await.expect(200).json();
    read["waiting"] = json!(17);
    read["failures_in_a_row"] = json!(3);
    read["open_until"] = json!("2026-01-02T03:04:05Z");
    let answer = app.api.patch(&path, read).await.expect(200).json();
    assert_eq!(answer["revision"], 1);
    assert_eq!(answer["waiting"], 0);
}

#[tokio::test]
async fn deleting_says_how_many_are_dropped() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    post(&app, &format!("{path}/pause")).await;
    for id in 1..=3 {
        app.publish(&order_added(ACCOUNT, id)).await;
    }
    let answer = app.api.delete(&path).await.expect(204);
    assert_eq!(answer.headers["deliveries-dropped"], "3");
    assert!(answer.body.is_empty());
    assert_eq!(app.deliveries("?state=dropped").await.len(), 3);

    let idle = app.create_webhook(json!({})).await;
    let answer = app.api.delete(&path_of(&idle)).await.expect(204);
    assert_eq!(answer.headers["deliveries-dropped"], "0");
}

#[tokio::test]
async fn only_the_owner_with_the_right_scope_pauses() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    let trigger_path = path.replace("webhooks", "triggers");
    let reader = app.api_with(&[Scope::WebhooksRead]);
    for verb in ["pause", "resume"] {
        let own = format!("{path}/{verb}");
        let answer = reader.post(&own, json!({})).await.expect(403);
        assert_eq!(problem_code(&answer), "forbidden");
        app.other.post(&own, json!({})).await.expect(404);
        let as_trigger = format!("{trigger_path}/{verb}");
        app.api.post(&as_trigger, json!({})).await.expect(404);
    }
    let read = app.api.get(&path).await.expect(200).json();
    assert_eq!(read["state"], "active");
    assert_eq!(read["revision"], 1);
}
