//! What is kept of a person who asked to be forgotten.

use broker::OutgoingMessage;
use events::{AccountId, Actor, ActorKind, Change, Event, EventId, PersonErased, Timestamp};
use outbox::queue::DELIVERY_EVENTS;
use serde_json::{Value, json};
use test_support::{ApiAnswer, Method, tables_with, wait_until};

use crate::app::{DEADLINE, NOW_US, TestApp, problem_code};

/// As they are written in events and answers.
const TRACES: [&str; 3] = ["315-98-83", "petr@example.ru", "Пётр"];
/// The same in the normalized columns.
const NORMALIZED: [&str; 1] = ["8123159883"];

fn person_erased(account_id: i64) -> Event {
    Event {
        id: EventId::new(Timestamp(NOW_US)),
        account_id: AccountId(account_id),
        occurred_at: Timestamp(NOW_US),
        actor: Actor {
            kind: ActorKind::Api,
            token_id: None,
        },
        cause: events::Cause::default(),
        change: Change::PersonErased(PersonErased {
            phone_e164: Some("+78123159883".to_owned()),
            email_normalized: None,
        }),
    }
}

impl TestApp {
    /// Takes over everything that is published, as a delivery worker would.
    async fn drain(&self) {
        let mut consumer = self.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
        tokio::spawn(async move {
            while let Ok(batch) = consumer.receive(100, 1 << 20).await {
                if consumer.ack(batch).await.is_err() {
                    return;
                }
            }
        });
    }

    async fn all_published(&self) {
        wait_until(DEADLINE, || async {
            self.database.read(outbox::backlog).await.unwrap().waiting == 0
        })
        .await;
    }

    async fn publish_erasure(&self) {
        let event = person_erased(self.account_id);
        let message = OutgoingMessage {
            routing_key: "person.erased".to_owned(),
            message_id: event.id.to_string(),
            message_type: "person.erased".to_owned(),
            seq: None,
            traceparent: None,
            body: event.encode().into(),
        };
        let publisher = self.broker.publisher("dealwire.events").await.unwrap();
        // In process it is confirmed by the delivery workers too, and there are none.
        drop(publisher.publish(message).await.unwrap());
        self.scanned(1).await;
    }

    async fn scanned(&self, scans: i64) {
        let erasures = format!("erasures WHERE scans = {scans}");
        wait_until(DEADLINE, || async { self.count_rows(&erasures).await == 1 }).await;
    }

    async fn post_client(&self, key: &str, client: &Value) -> ApiAnswer {
        let headers = [
            ("idempotency-key", key),
            ("content-type", "application/json"),
        ];
        let body = serde_json::to_vec(client).unwrap();
        self.raw(Method::POST, "/api/v1/clients", &headers, body)
            .await
    }

    async fn feed(&self) -> Vec<Value> {
        let page = self
            .api
            .get("/api/v1/events?after=0")
            .await
            .expect(200)
            .json();
        page["items"].as_array().unwrap().clone()
    }
}

fn of_record<'a>(feed: &'a [Value], event_type: &str, id: &Value) -> &'a Value {
    feed.iter()
        .find(|event| event["type"] == event_type && event["data"]["id"] == *id)
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_leaves_the_feed_and_stored_answers_but_not_the_records() {
    let app = TestApp::start().await;
    app.drain().await;
    let petr = json!({
        "realname": "Пётр", "phone": "8 (812) 315-98-83", "email": "petr@example.ru",
    });
    let client = app.post_client("k", &petr).await.expect(201).json();
    let order = json!({"name": "Заявка: Пётр", "id_client": client["id"], "text": "срочно"});
    let order = app.create_order(order).await;
    let anna = json!({"realname": "Анна", "phone": "+7 999 888-88-88"});
    let anna = app.create_client(anna).await;
    app.all_published().await;
    let feed_before = app.feed().await;
    assert_eq!(
        tables_with(&app.database, &TRACES).await,
        ["clients", "idempotency_keys", "orders", "outbox_bodies"]
    );

    app.publish_erasure().await;
    assert_eq!(
        tables_with(&app.database, &TRACES).await,
        ["clients", "orders"]
    );
    let path = format!("/api/v1/clients/{}", client["id"]);
    assert_eq!(app.api.get(&path).await.expect(200).json(), client);

    let feed = app.feed().await;
    assert_eq!(feed.len(), feed_before.len());
    let added = of_record(&feed, "client.add", &client["id"]);
    assert_eq!(
        (&added["data"]["realname"], &added["data"]["phone"]),
        (&json!(""), &json!(""))
    );
    assert_eq!(added["revision"], 1);
    let ordered = of_record(&feed, "order.add", &order["id"]);
    assert_eq!(
        (&ordered["data"]["name"], &ordered["data"]["text"]),
        (&json!(""), &json!(""))
    );
    assert_eq!(
        of_record(&feed, "client.add", &anna["id"]),
        of_record(&feed_before, "client.add", &anna["id"])
    );

    // The key is still taken.
    let repeated = app.post_client("k", &petr).await;
    assert_eq!(repeated.status, 409);
    assert_eq!(problem_code(&repeated), "conflict");
    assert_eq!(app.count_rows("clients").await, 2);

    // More than an hour goes by.
    let later = "UPDATE erasures SET requested_at_us = requested_at_us - 7200000000, due_at_us = 0";
    app.execute(later, later).await;
    app.scanned(2).await;
    assert_eq!(tables_with(&app.database, &NORMALIZED).await, ["clients"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_published_yet_reaches_its_consumers_whole() {
    let app = TestApp::start().await;
    let petr = json!({"realname": "Пётр", "phone": "8 (812) 315-98-83"});
    app.create_client(petr).await;
    let event = app.new_event().await;
    app.publish_erasure().await;
    let mut consumer = app.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
    let body = loop {
        let batch = consumer.receive(100, 1 << 20).await.unwrap();
        let mut found = batch
            .messages()
            .iter()
            .filter(|it| it.message_type == "client.add");
        if let Some(message) = found.next() {
            break message.body.clone();
        }
        consumer.ack(batch).await.unwrap();
    };
    assert_eq!(body, event.encode());
}
