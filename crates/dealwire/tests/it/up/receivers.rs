//! Receivers as bad as they come: an attempt each, a retry by rule, and the
//! next event is delivered all the same.

use std::time::Duration;

use serde_json::json;
use test_support::{Answer, MockReceiver, wait_until};

use super::process::{DEADLINE, Up, bodies};

#[tokio::test]
async fn each_kind_of_failure_is_logged_and_retried() {
    let failures = [
        Answer::status(500),
        Answer::redirect("http://127.0.0.1:1/"),
        Answer::never(),
        Answer::reset(),
        Answer::reset_after_status(500),
        Answer::endless_headers(),
        Answer::raw("\0\0garbage\0"),
        Answer::status(400).body("nul \0 byte"),
        Answer::hang_up(),
        Answer::endless_body(503),
    ];
    let home = tempfile::tempdir().unwrap();
    let (up, receiver) = (Up::start(&home).await, MockReceiver::start().await);
    let webhook = up
        .api
        .post(
            "/api/v1/webhooks",
            json!({"name": "bad", "url": receiver.url("/"), "format": "json",
                   "events": ["order.add"], "retry_schedule_s": [0, 1, 1, 1]}),
        )
        .await
        .expect(201)
        .id();
    let count = failures.len();
    for answer in failures {
        receiver.answer_next(answer);
    }
    for number in 0..count {
        up.create("orders", json!({"name": format!("order {number}")}))
            .await;
    }
    let delivered = format!("/api/v1/deliveries?webhook={webhook}&state=delivered&limit=200");
    wait_until(3 * DEADLINE, || async {
        let list = up.api.get(&delivered).await.expect(200).json();
        let events = list["items"].as_array().unwrap().iter();
        events
            .filter(|delivery| delivery["event"] == "order.add" || delivery["type"] == "order.add")
            .count()
            >= count
    })
    .await;
    let list = up.api.get(&delivered).await.expect(200).json();
    let attempts: i64 = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|delivery| delivery["attempts"].as_i64().unwrap_or_default())
        .sum();
    // A reset or a hang-up on a connection used before is made good at once and
    // not counted; every other failure costs an attempt.
    let counted = 2 * i64::try_from(count).unwrap() - 2;
    assert!(attempts >= counted, "{list}");
}

#[tokio::test]
async fn a_receiver_that_is_down_gets_everything_when_it_is_back() {
    let home = tempfile::tempdir().unwrap();
    let (up, receiver) = (Up::start(&home).await, MockReceiver::start().await);
    up.api
        .post(
            "/api/v1/webhooks",
            json!({"name": "down", "url": receiver.url("/"), "format": "json",
                   "events": ["order.add"], "retry_schedule_s": [0, 1, 1, 1, 1, 1, 1, 1, 1, 1]}),
        )
        .await
        .expect(201);
    receiver.go_down();
    for number in 0..5 {
        up.create("orders", json!({"name": format!("order {number}")}))
            .await;
    }
    wait_until(DEADLINE, || async {
        let list = up.api.get("/api/v1/deliveries?state=pending").await.json();
        let waiting = list["items"].as_array().unwrap();
        waiting.len() == 5
            && waiting
                .iter()
                .all(|one| one["attempts"].as_i64() >= Some(1))
    })
    .await;
    receiver.come_back().await;
    wait_until(DEADLINE, || async { bodies(&receiver).len() >= 5 }).await;
}

#[tokio::test]
async fn a_slow_receiver_holds_up_nobody_else() {
    let home = tempfile::tempdir().unwrap();
    let (up, slow, quick) = (
        Up::start(&home).await,
        MockReceiver::start().await,
        MockReceiver::start().await,
    );
    up.webhook(&slow.url("/"), "json", &["order.add"]).await;
    up.webhook(&quick.url("/"), "json", &["order.add"]).await;
    slow.answer_always(Answer::ok().delay(Duration::from_secs(30)));
    for number in 0..40 {
        up.create("orders", json!({"name": format!("order {number}")}))
            .await;
    }
    wait_until(DEADLINE, || async { bodies(&quick).len() == 40 }).await;
}
