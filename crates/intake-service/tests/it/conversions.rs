//! `lead.converted`, taken in from the broker.

use broker::OutgoingMessage;
use events::{
    AccountId, Actor, ActorKind, Change, ClientId, Clock, Event, EventId, LeadConverted, LeadId,
    OrderId,
};
use serde_json::{Value, json};
use test_support::wait_until;

use crate::app::{ACCOUNT, DEADLINE, OTHER_ACCOUNT, TestApp};
use crate::leads::{LEADS, get, inbox, post_lead};

fn converted(account: i64, lead: i64, client: i64, order: i64, warnings: &[&str]) -> Event {
    let now = Clock::System.now();
    Event {
        id: EventId::new(now),
        account_id: AccountId(account),
        occurred_at: now,
        actor: Actor {
            kind: ActorKind::Lead,
            token_id: None,
        },
        cause: events::Cause::default(),
        change: Change::LeadConverted(LeadConverted {
            lead_id: LeadId(lead),
            client_id: ClientId(client),
            order_id: OrderId(order),
            warnings: warnings.iter().map(|text| (*text).to_owned()).collect(),
        }),
    }
}

fn message(id: String, body: Vec<u8>) -> OutgoingMessage {
    OutgoingMessage {
        routing_key: "lead.converted".to_owned(),
        message_id: id,
        message_type: "lead.converted".to_owned(),
        seq: None,
        traceparent: None,
        body: body.into(),
    }
}

/// Puts messages on the broker; all are there when this returns.
async fn publish(app: &TestApp, messages: Vec<OutgoingMessage>) {
    let publisher = app.broker.publisher("dealwire.events").await.unwrap();
    let mut confirmations = Vec::new();
    for message in messages {
        confirmations.push(publisher.publish(message).await.unwrap());
    }
    for confirmation in confirmations {
        confirmation.await.unwrap();
    }
}

async fn publish_events(app: &TestApp, events: &[Event]) {
    let messages = events
        .iter()
        .map(|event| message(event.id.to_string(), event.encode()))
        .collect();
    publish(app, messages).await;
}

async fn until_state(app: &TestApp, address: &str, state: &str) -> Value {
    wait_until(DEADLINE, || async {
        get(app, address).await["state"] == state
    })
    .await;
    get(app, address).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_learns_what_became_of_it_once() {
    let app = TestApp::start().await;
    let inbound = app.webhook_source().await;
    let address = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    let id = get(&app, &address).await["id"].as_i64().unwrap();
    let event = converted(ACCOUNT, id, 70, 80, &["Нет этапа 5", "Нет города 6"]);
    publish_events(&app, &[event.clone(), event.clone()]).await;
    let lead = until_state(&app, &address, "converted").await;
    assert_eq!(
        (&lead["clientId"], &lead["orderId"]),
        (&json!(70), &json!(80))
    );
    assert_eq!(lead["warnings"], json!(["Нет этапа 5", "Нет города 6"]));
    assert_eq!(lead["revision"], 2);

    // The same by another event, as after a second request: nothing new.
    let repeat = converted(ACCOUNT, id, 70, 80, &["Нет города 6"]);
    // One more warning is new.
    let more = converted(ACCOUNT, id, 70, 80, &["Нет офиса 7"]);
    publish_events(&app, &[event, repeat, more]).await;
    wait_until(DEADLINE, || async {
        get(&app, &address).await["revision"] == 3
    })
    .await;
    let lead = get(&app, &address).await;
    assert_eq!(
        lead["warnings"],
        json!(["Нет этапа 5", "Нет города 6", "Нет офиса 7"])
    );
    let same = app.api.post(&format!("{address}/convert"), json!({})).await;
    assert_eq!(same.expect(200).json(), lead);
    // By now the relay has asked once, at arrival.
    let asked = "SELECT count(*) AS number FROM outbox_events \
        WHERE event_type = 'lead.conversion_requested'";
    assert_eq!(app.number(asked).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_concerns_nobody_here_is_let_go() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    let mine = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    let gone = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    let last = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    app.api.delete(&gone).await.expect(204);
    let id = |address: &str| address.rsplit('/').next().unwrap().parse::<i64>().unwrap();
    let before = get(&app, &mine).await;
    publish_events(
        &app,
        &[
            converted(OTHER_ACCOUNT, id(&mine), 1, 1, &[]),
            converted(ACCOUNT, id(&gone), 2, 2, &["имя"]),
            converted(ACCOUNT, 999_999, 3, 3, &[]),
            converted(ACCOUNT, id(&last), 4, 4, &[]),
        ],
    )
    .await;
    until_state(&app, &last, "converted").await;
    assert_eq!(get(&app, &mine).await, before);
    app.api.get(&gone).await.expect(404);
    assert_eq!(app.count_rows("parked_events").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_parked_and_holds_up_nobody() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    let address = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    let id = get(&app, &address).await["id"].as_i64().unwrap();
    // PostgreSQL's JSON and text refuse U+0000; this one is guilty of its own.
    let odd = converted(ACCOUNT, id, 1, 1, &["a\u{0}b"]);
    let good = converted(ACCOUNT, id, 70, 80, &[]);
    publish(
        &app,
        vec![
            message("x".to_owned(), b"\xff\xff nonsense".to_vec()),
            message(odd.id.to_string(), odd.encode()),
            message(good.id.to_string(), good.encode()),
        ],
    )
    .await;
    wait_until(DEADLINE, || async {
        get(&app, &address).await["orderId"] == 80
    })
    .await;
    let nonsense = "SELECT count(*) AS number FROM parked_events WHERE message_id = 'x'";
    wait_until(DEADLINE, || async { app.number(nonsense).await == 1 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_is_taken_in() {
    let app = TestApp::start().await;
    let inbound = app.webhook_source().await;
    let mut ids = Vec::new();
    for n in 0..400 {
        let body = json!({"phone": format!("7999{n:07}")});
        let answer = app.post(&inbound.path, &body).await.expect(201).json();
        ids.push(answer["data"]["id"].as_i64().unwrap());
    }
    let events: Vec<Event> = ids
        .iter()
        .map(|id| converted(ACCOUNT, *id, id + 1_000, id + 2_000, &[]))
        .collect();
    publish_events(&app, &events).await;
    let done = "SELECT count(*) AS number FROM leads WHERE state = 'converted' \
        AND client_id = id + 1000 AND order_id = id + 2000 AND revision = 2";
    wait_until(DEADLINE, || async { app.number(done).await == 400 }).await;
    let page = app
        .api
        .get(&format!("{LEADS}?state=converted&limit=200"))
        .await;
    assert_eq!(
        page.expect(200).json()["items"].as_array().unwrap().len(),
        200
    );
}
