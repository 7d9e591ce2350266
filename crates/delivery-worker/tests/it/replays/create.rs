//! `POST /webhooks/{id}/replay`.

use std::collections::HashSet;

use events::{Clock, EventId, Timestamp};
use serde_json::{Value, json};
use test_support::{Answer, Method};

use super::jobs::{
    LONG_AGO, ask, read, records, replay, replayed, wait_until_done, webhook_that_missed,
};
use crate::app::{ACCOUNT, TestApp};
use crate::samples::{client_added, order_added, order_deleted};

#[tokio::test]
async fn what_a_webhook_missed_is_sent_to_it() {
    let app = TestApp::start().await;
    let webhook = webhook_that_missed(&app, 1..=5, json!({})).await;
    let seen = app.receiver.requests().len();
    let body = json!({"since": LONG_AGO, "state": "missing"});
    let answer = ask(&app.api, &webhook, body).await.expect(202);
    let job = answer.json();
    let location = answer.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(location, format!("/api/v1/replays/{}", job["id"]));
    assert_eq!(
        app.api.get(&location).await.expect(200).json()["id"],
        job["id"]
    );
    assert_eq!(job["kind"], "replay");
    assert_eq!(job["webhook_id"], webhook["id"]);
    assert_eq!(job["finished_at"], Value::Null);

    let done = wait_until_done(&app.api, &job).await;
    let progress = &done["progress"];
    assert_eq!(
        *progress,
        json!({
            "percent": 100, "examined": 5, "queued": 5, "skipped": 0,
            "pending": 0, "delivered": 5, "failed": 0, "other": 0,
        })
    );
    assert!(done["finished_at"].is_string());
    assert_eq!(done["note"], Value::Null);
    assert_eq!(records(&replayed(&app).await), [1, 2, 3, 4, 5]);
    let requests = app.receiver.requests().split_off(seen);
    let ids: HashSet<_> = requests.iter().map(|it| it.header("webhook-id")).collect();
    assert_eq!((requests.len(), ids.len()), (5, 5));

    // What a replay sent is not missing any more.
    let again = replay(&app.api, &webhook, json!({"state": "missing"})).await;
    let done = wait_until_done(&app.api, &again).await;
    assert_eq!(done["progress"]["queued"], 0);
    let note = done["note"].as_str().unwrap();
    assert!(note.starts_with("Of 5 events none is missing"), "{note}");
}

#[tokio::test]
async fn what_a_job_did_not_bring_is_missing_as_before() {
    let app = TestApp::start().await;
    let once = json!({"retry_schedule_s": [0]});
    let webhook = webhook_that_missed(&app, 1..=3, once).await;
    app.receiver.answer_next(Answer::status(500));
    let missing = json!({"state": "missing"});
    let first = replay(&app.api, &webhook, missing.clone()).await;
    let first = wait_until_done(&app.api, &first).await;
    assert_eq!(first["progress"]["failed"], 1);
    // The event's own delivery did not fail: there is none.
    let failed = replay(&app.api, &webhook, json!({"state": "failed"})).await;
    let failed = wait_until_done(&app.api, &failed).await;
    let note = failed["note"].as_str().unwrap();
    assert!(
        note.ends_with("is sent again by POST /deliveries/retry."),
        "{note}"
    );
    let second = replay(&app.api, &webhook, missing).await;
    let second = wait_until_done(&app.api, &second).await;
    assert_eq!(second["progress"]["queued"], 1);
    assert_eq!(second["progress"]["delivered"], 1);
}

#[tokio::test]
async fn a_span_without_changes_is_through_at_once() {
    let app = TestApp::start().await;
    let webhook = app.create_webhook(json!({})).await;
    // Not at the beginning of a millisecond, which is as far as ids tell.
    let body = json!({"since": "2020-01-01T00:00:00.000123Z", "until": "2020-01-01T00:00:01Z"});
    let job = ask(&app.api, &webhook, body).await.expect(202).json();
    assert_eq!(job["note"], Value::Null);
    let done = wait_until_done(&app.api, &job).await;
    assert_eq!(done["progress"]["percent"], 100, "{done}");
    let note = done["note"].as_str().unwrap();
    assert!(note.starts_with("Nothing of what was asked for"), "{note}");
}

#[tokio::test]
async fn what_failed_is_sent_again_under_another_id() {
    let app = TestApp::start().await;
    let webhook = app.create_webhook(json!({"retry_schedule_s": [0]})).await;
    app.receiver.answer_next(Answer::status(500));
    app.publish(&order_added(ACCOUNT, 1)).await;
    let failed = app
        .wait_for_delivery("?record_id=1", |it| it["state"] == "failed")
        .await;
    app.publish(&order_added(ACCOUNT, 2)).await;
    app.wait_for_delivery("?record_id=2", |it| it["state"] == "delivered")
        .await;

    let job = replay(&app.api, &webhook, json!({"state": "failed"})).await;
    let done = wait_until_done(&app.api, &job).await;
    assert_eq!(done["progress"]["delivered"], 1);
    let again = replayed(&app).await;
    assert_eq!(records(&again), [1]);
    assert_ne!(again[0]["id"], failed["id"]);
    assert_eq!(again[0]["event_id"], failed["event_id"]);
    let requests = app.receiver.requests();
    let last = requests.last().unwrap();
    assert_eq!(last.header("webhook-id"), again[0]["id"].as_str());
    assert_eq!(last.header("x-delivery-attempt"), Some("1"));
    // What it was before stays in the log.
    let before = app.deliveries("?origin=event&record_id=1").await;
    assert_eq!(before[0]["state"], "failed");

    // Two jobs are two deliveries.
    let job = replay(&app.api, &webhook, json!({"state": "failed"})).await;
    wait_until_done(&app.api, &job).await;
    assert_eq!(records(&replayed(&app).await), [1, 1]);
}

#[tokio::test]
async fn without_a_state_all_that_fires_it_now_is_sent() {
    let app = TestApp::start().await;
    let webhook = app.create_webhook(json!({"events": ["order.add"]})).await;
    for event in [
        order_added(ACCOUNT, 1),
        order_deleted(ACCOUNT, 1),
        client_added(ACCOUNT, 9),
    ] {
        app.publish(&event).await;
    }
    app.wait_for_delivery("?origin=event", |it| it["state"] == "delivered")
        .await;
    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    let more = json!({"events": ["order.add", "order.delete"]});
    app.api.patch(&path, more).await.expect(200);

    let job = replay(&app.api, &webhook, json!({})).await;
    let done = wait_until_done(&app.api, &job).await;
    assert_eq!(done["progress"]["queued"], 2);
    let types: HashSet<_> = replayed(&app)
        .await
        .iter()
        .map(|it| it["type"].as_str().unwrap().to_owned())
        .collect();
    let expected = ["order.add", "order.delete"].map(str::to_owned);
    assert_eq!(types, HashSet::from(expected));

    let job = replay(&app.api, &webhook, json!({"events": ["order.delete"]})).await;
    let done = wait_until_done(&app.api, &job).await;
    assert_eq!(done["progress"]["queued"], 1);
    assert_eq!(done["selection"]["events"], json!(["order.delete"]));
}

#[tokio::test]
async fn a_span_takes_what_happened_in_it() {
    const HOUR_US: i64 = 3_600_000_000;
    let app = TestApp::start().await;
    let now = Clock::System.now();
    let moment = |hours: i64| Timestamp(now.0 - hours * HOUR_US);
    for hours in 1..=4 {
        let mut event = order_added(ACCOUNT, hours);
        event.occurred_at = moment(hours);
        event.id = EventId::new(moment(hours));
        app.publish(&event).await;
    }
    let webhook = app.create_webhook(json!({})).await;
    let until = moment(2).unix_seconds();
    let body = json!({"since": moment(3).to_rfc3339(), "until": until});
    let job = ask(&app.api, &webhook, body).await.expect(202).json();
    let until = Timestamp::from_unix_seconds(until).unwrap().to_rfc3339();
    assert_eq!(job["selection"]["until"], until);
    wait_until_done(&app.api, &job).await;
    // The first moment is in the span, the last is not.
    assert_eq!(records(&replayed(&app).await), [3]);
}

#[tokio::test]
async fn what_cannot_be_sent_any_more_is_left_out() {
    let app = TestApp::start().await;
    let webhook = webhook_that_missed(&app, 1..=4, json!({})).await;
    app.execute("UPDATE events SET erased_at_us = 1 WHERE record_id = 1")
        .await;
    // As one that somebody made up to preview a request.
    app.execute("UPDATE events SET config_version = -1 WHERE record_id = 2")
        .await;
    app.execute(
        "DELETE FROM event_bodies WHERE event_id IN \
         (SELECT event_id FROM events WHERE record_id = 3)",
    )
    .await;
    let job = replay(&app.api, &webhook, json!({})).await;
    let done = wait_until_done(&app.api, &job).await;
    assert_eq!(records(&replayed(&app).await), [4]);
    assert_eq!(done["progress"]["queued"], 1);
    assert_eq!(done["progress"]["skipped"], 1, "the erased one");
}

#[tokio::test]
async fn what_is_still_to_be_sent_is_not_sent_twice() {
    let app = TestApp::start().await;
    let webhook = app
        .create_webhook(json!({"retry_schedule_s": [0, 86400]}))
        .await;
    app.receiver.answer_next(Answer::status(500));
    app.publish(&order_added(ACCOUNT, 1)).await;
    app.wait_for_delivery("?origin=event", |it| it["attempts"] == 1)
        .await;
    let job = replay(&app.api, &webhook, json!({})).await;
    let done = wait_until_done(&app.api, &job).await;
    assert_eq!(done["progress"]["skipped"], 1);
    let note = done["note"].as_str().unwrap();
    assert!(note.starts_with("1 were meant"), "{note}");
    assert_eq!(replayed(&app).await.len(), 0);
}

#[tokio::test]
async fn a_repeat_with_its_key_is_the_same_job() {
    let app = TestApp::start().await;
    let webhook = webhook_that_missed(&app, 1..=3, json!({})).await;
    let path = format!("/api/v1/webhooks/{}/replay", webhook["id"]);
    let body = json!({"since": LONG_AGO});
    let mut ids = Vec::new();
    for _ in 0..2 {
        let headers = [("Idempotency-Key", "once")];
        let answer = app
            .api
            .send(Method::POST, &path, &headers, Some(&body))
            .await
            .unwrap()
            .expect(202);
        assert!(answer.headers.contains_key("location"));
        ids.push(answer.json()["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    let job = json!({"id": ids[0]});
    wait_until_done(&app.api, &job).await;
    assert_eq!(records(&replayed(&app).await), [1, 2, 3]);
}

#[tokio::test]
async fn triggers_are_replayed_by_their_own_path() {
    let app = TestApp::start().await;
    let webhook = app.create_webhook(json!({})).await;
    let path = format!("/api/v1/triggers/{}/replay", webhook["id"]);
    app.api
        .post(&path, json!({"since": LONG_AGO}))
        .await
        .expect(404);
}

#[tokio::test]
async fn jobs_are_listed() {
    let app = TestApp::start().await;
    let webhook = webhook_that_missed(&app, 1..=2, json!({})).await;
    let first = replay(&app.api, &webhook, json!({})).await;
    wait_until_done(&app.api, &first).await;
    let second = app.api.post("/api/v1/deliveries/retry", json!({})).await;
    let second = second.expect(202).json();
    wait_until_done(&app.api, &second).await;
    let list = async |query: &str| {
        let path = format!("/api/v1/replays{query}");
        let page = app.api.get(&path).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|job| job["id"].clone())
            .collect::<Vec<_>>()
    };
    let (first_id, second_id) = (first["id"].clone(), second["id"].clone());
    assert_eq!(list("").await, [second_id.clone(), first_id.clone()]);
    let retries = list("?kind=retry").await;
    assert_eq!(retries, std::slice::from_ref(&second_id));
    let of_webhook = format!("?webhook={}&state=done", webhook["id"]);
    assert_eq!(list(&of_webhook).await, [first_id]);
    assert_eq!(list("?state=running").await, Vec::<Value>::new());
    assert_eq!(list("?limit=1").await, [second_id]);
    assert_eq!(read(&app.api, &first).await["state"], "done");
}
