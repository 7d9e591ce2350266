//! What is kept of a person who asked to be forgotten.

use events::{Change, ClientChanged, Event, PersonErased};
use serde_json::{Value, json};
use test_support::{Answer, tables_with, wait_until};

use crate::app::{ACCOUNT, DEADLINE, OTHER_ACCOUNT, TestApp, problem_code};
use crate::samples::{client_added, event};

/// As they are written in events, callbacks and answers.
const TRACES: [&str; 3] = ["315-98-83", "petr@example.ru", "Пётр"];

fn client_named(account: i64, client: i64, [name, phone, email]: [&str; 3]) -> Event {
    let mut event = client_added(account, client);
    let Change::Client(change) = &mut event.change else {
        panic!("a client's");
    };
    let ClientChanged { client, .. } = change.as_mut();
    client.realname = name.to_owned();
    client.phone = phone.to_owned();
    client.email = email.to_owned();
    event
}

fn petr(account: i64) -> Event {
    client_named(account, 7, ["Пётр", "8 (812) 315-98-83", "petr@example.ru"])
}

fn anna() -> Event {
    client_named(ACCOUNT, 8, ["Анна", "+7 999 888-88-88", "anna@example.ru"])
}

fn person_erased() -> Event {
    let person = PersonErased {
        phone_e164: Some("+78123159883".to_owned()),
        email_normalized: None,
    };
    event(ACCOUNT, Change::PersonErased(person))
}

impl TestApp {
    async fn ask_to_forget_petr(&self) {
        drop(self.hand_over(&person_erased()).await);
        self.wait_for_scans(1).await;
    }

    async fn wait_for_scans(&self, scans: i64) {
        let sql = format!("erasures WHERE scans >= {scans}");
        wait_until(DEADLINE, || async { self.count_rows(&sql).await == 1 }).await;
    }

    /// Lets more than an hour go by, and waits for what happens then.
    async fn scan_again(&self, scans: i64) {
        self.execute(
            "UPDATE erasures SET requested_at_us = requested_at_us - 7200000000, due_at_us = 0",
        )
        .await;
        self.wait_for_scans(scans).await;
    }

    async fn detail(&self, delivery: &Value) -> Value {
        let path = format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap());
        self.api.get(&path).await.expect(200).json()
    }
}

fn is_over(delivery: &Value) -> bool {
    delivery["state"] == "delivered"
}

#[tokio::test]
async fn a_person_leaves_events_and_the_log_of_callbacks() {
    let app = TestApp::start().await;
    app.create_webhook(json!({})).await;
    app.create_webhook_as(&app.other, json!({})).await;
    // A receiver that answers with what it was told.
    let echo = Answer::status(200).body("Пётр, 8 (812) 315-98-83");
    app.receiver.answer_next(echo);
    app.publish(&petr(ACCOUNT)).await;
    let of_petr = "?record_id=7&component=client";
    let delivery = app.wait_for_delivery(of_petr, is_over).await;
    assert_eq!(delivery["erased_at"], json!(null));
    assert!(app.detail(&delivery).await["attempts_log"][0]["request"].is_object());
    let others = anna();
    app.publish(&others).await;
    let of_anna = app
        .wait_for_delivery("?record_id=8&component=client", is_over)
        .await;
    let detail_of_anna = app.detail(&of_anna).await;
    // The same person at somebody else's.
    app.publish(&petr(OTHER_ACCOUNT)).await;

    app.ask_to_forget_petr().await;
    let erased = app
        .wait_for_delivery(of_petr, |delivery| delivery["erased_at"].is_string())
        .await;
    let shown = app.detail(&erased).await;
    assert_eq!(shown["erased_at"], erased["erased_at"]);
    let attempt = &shown["attempts_log"][0];
    assert_eq!(attempt["outcome"], "success");
    assert_eq!(
        (&attempt["request"], &attempt["response"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(app.detail(&of_anna).await, detail_of_anna);

    let path = format!(
        "/api/v1/deliveries/{}/retry",
        erased["id"].as_str().unwrap()
    );
    let refused = app.api.post(&path, json!({"force": true})).await;
    assert_eq!(refused.status, 409);
    assert_eq!(problem_code(&refused), "conflict");
}

#[tokio::test]
async fn nothing_is_left_of_a_person_in_any_table() {
    let app = TestApp::start().await;
    app.create_webhook(json!({})).await;
    app.create_webhook(json!({"format": "envelope"})).await;
    for _ in 0..2 {
        let echo = Answer::status(200).body("Пётр, 8 (812) 315-98-83");
        app.receiver.answer_next(echo);
    }
    app.publish(&petr(ACCOUNT)).await;
    wait_until(DEADLINE, || async {
        let deliveries = app.deliveries("?origin=event").await;
        deliveries.len() == 2 && deliveries.iter().all(is_over)
    })
    .await;
    assert_eq!(
        tables_with(&app.database, &TRACES).await,
        ["deliveries", "event_bodies"]
    );
    app.ask_to_forget_petr().await;
    assert!(tables_with(&app.database, &TRACES).await.is_empty());
    let asked = ["8123159883"];
    assert_eq!(tables_with(&app.database, &asked).await, ["erasures"]);
    app.scan_again(2).await;
    assert!(tables_with(&app.database, &asked).await.is_empty());
    assert_eq!(
        app.count_rows("erasures WHERE finished_at_us IS NOT NULL")
            .await,
        1
    );
    // The event itself is still known, by its id.
    assert_eq!(app.count_rows("event_bodies").await, 1);
}

#[tokio::test]
async fn what_is_still_owed_is_delivered_whole_and_erased_then() {
    let app = TestApp::start().await;
    app.create_webhook(json!({"retry_schedule_s": [0, 86400]}))
        .await;
    app.receiver.answer_next(Answer::status(500));
    app.publish(&petr(ACCOUNT)).await;
    let query = "?origin=event";
    let waiting = app
        .wait_for_delivery(query, |delivery| delivery["attempts"] == 1)
        .await;
    app.ask_to_forget_petr().await;
    app.scan_again(2).await;
    let kept = app.deliveries(query).await.remove(0);
    assert_eq!(
        (&kept["state"], &kept["erased_at"]),
        (&json!("pending"), &Value::Null)
    );

    let path = format!(
        "/api/v1/deliveries/{}/retry",
        waiting["id"].as_str().unwrap()
    );
    app.api.post(&path, json!({})).await.expect(200);
    app.wait_for_delivery(query, is_over).await;
    let told = app.receiver.requests().pop().unwrap();
    assert!(told.text().contains("315-98-83"), "{}", told.text());
    assert_eq!(
        app.count_rows("erasures WHERE finished_at_us IS NULL")
            .await,
        1
    );
    app.scan_again(3).await;
    app.wait_for_delivery(query, |delivery| delivery["erased_at"].is_string())
        .await;
    app.scan_again(4).await;
    assert_eq!(
        app.count_rows("erasures WHERE finished_at_us IS NOT NULL")
            .await,
        1
    );
    assert!(tables_with(&app.database, &TRACES).await.is_empty());
}

#[tokio::test]
async fn a_request_that_is_written_down_late_goes_too() {
    let app = TestApp::start().await;
    app.create_webhook(json!({})).await;
    app.publish(&petr(ACCOUNT)).await;
    app.wait_for_delivery("?origin=event", is_over).await;
    app.ask_to_forget_petr().await;
    // As by a worker that was given up for dead while it sent.
    app.execute(
        "INSERT INTO attempt_bodies (delivery_id, claim_no, request_head, request_body, \
         response_complete) SELECT id, 99, event_id, event_id, true FROM deliveries \
         WHERE erased_at_us IS NOT NULL",
    )
    .await;
    let late = "attempt_bodies WHERE claim_no = 99";
    assert_eq!(app.count_rows(late).await, 1);
    app.scan_again(2).await;
    assert_eq!(app.count_rows(late).await, 0);
    // It was not the last look: it found something.
    assert_eq!(
        app.count_rows("erasures WHERE finished_at_us IS NULL")
            .await,
        1
    );
    app.scan_again(3).await;
    assert_eq!(
        app.count_rows("erasures WHERE finished_at_us IS NOT NULL")
            .await,
        1
    );
}
