//! `POST /leads/erase`: nothing of one person is left.

use broker::Consumer;
use events::{Change, Decoded, Event};
use http_api::Scope;
use outbox::queue::{DELIVERY_ERASURES, ENTITY_ERASURES};
use serde_json::{Value, json};
use test_support::{Method, wait_until};
use tokio::time::timeout;

use crate::app::{ACCOUNT, DEADLINE, Inbound, OTHER_ACCOUNT, TestApp};
use crate::leads::{LEADS, get, post_lead};
use crate::problems::problem_code;

const ERASE: &str = "/api/v1/leads/erase";

/// Bodies, their journal rows and leads in which any spelling of the contact stands.
async fn mentions(app: &TestApp, needles: &[&str]) -> Vec<String> {
    let mut kept = app
        .texts(
            "SELECT COALESCE(name, '') || COALESCE(phone, '') || COALESCE(email, '') AS text \
             FROM leads WHERE deleted_at_us IS NULL",
        )
        .await;
    kept.extend(app.bytes("SELECT body AS bytes FROM intake_bodies").await);
    kept.extend(app.bytes("SELECT query AS bytes FROM intake_bodies").await);
    kept.extend(
        app.texts("SELECT CAST(headers AS TEXT) AS text FROM intake_bodies")
            .await,
    );
    kept.retain(|text| needles.iter().any(|needle| text.contains(needle)));
    kept
}

async fn send(app: &TestApp, inbound: &Inbound, content_type: &str, body: &[u8], status: u16) {
    let headers = [("content-type", content_type)];
    app.send(Method::POST, &inbound.path, &headers, body.to_vec())
        .await
        .expect(status);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_forgotten_wherever_they_were_named() {
    let app = TestApp::start().await;
    let inbound = app.webhook_source().await;
    let form = "application/x-www-form-urlencoded";
    let named = |phone: &str| json!({"name": "Иван", "phone": phone, "email": "ivan@b.ru"});
    let theirs = post_lead(&app, &inbound, named("8 (999) 888-88-88")).await;
    let repeat = json!({"name": "Иван", "email": "IVAN@b.ru", "remoteId": 5});
    post_lead(&app, &inbound, repeat.clone()).await;
    app.post(&inbound.path, &repeat).await.expect(200);
    send(
        &app,
        &inbound,
        "application/json",
        b"{\"phone\": 79998888888",
        400,
    )
    .await;
    send(
        &app,
        &inbound,
        form,
        b"test=test&who=%2B7+999+888-88-88",
        200,
    )
    .await;
    send(&app, &inbound, "image/png", b"ivan@b.ru", 415).await;
    let other = post_lead(
        &app,
        &inbound,
        json!({"name": "Мария", "phone": "79998888889"}),
    )
    .await;
    let requests = app.count_rows("intake_requests").await;
    let needles = ["888-88-88", "79998888888", "ivan@b.ru", "IVAN@b.ru", "Иван"];
    assert!(mentions(&app, &needles).await.len() >= 8);

    let erased = app
        .api
        .post(
            ERASE,
            json!({"phone": "+7 999 888-88-88", "email": "Ivan@B.ru"}),
        )
        .await
        .expect(200)
        .json();
    assert_eq!(erased, json!({"leads": 2, "requests": 6}));
    assert_eq!(mentions(&app, &needles).await, Vec::<String>::new());
    app.api.get(&theirs).await.expect(404);
    // That requests came, and how they were answered, stays.
    assert_eq!(app.count_rows("intake_requests").await, requests);
    let senders = "SELECT remote_address AS text FROM intake_requests";
    let senders = app.texts(senders).await;
    assert_eq!(
        senders.iter().filter(|address| !address.is_empty()).count(),
        1
    );
    // Others are as they were.
    assert_eq!(get(&app, &other).await["name"], "Мария");
    assert_eq!(app.count_rows("intake_bodies").await, 1);

    let again = app.api.post(ERASE, json!({"phone": "79998888888"})).await;
    assert_eq!(again.expect(200).json(), json!({"leads": 0, "requests": 0}));
    // Who writes again is new.
    let back = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    assert_eq!(get(&app, &back).await["firstId"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_published_is_blanked_and_the_others_are_told() {
    let app = TestApp::start().await;
    let mut queues = Vec::new();
    for queue in [ENTITY_ERASURES, DELIVERY_ERASURES] {
        queues.push(app.broker.consumer(queue, 10).await.unwrap());
    }
    let mut asked = app
        .broker
        .consumer(outbox::queue::ENTITY_LEADS, 10)
        .await
        .unwrap();
    let inbound = app.webhook_source().await;
    post_lead(
        &app,
        &inbound,
        json!({"name": "Иван", "phone": "79998888888"}),
    )
    .await;
    // Only what went out is blanked: it is owed until then.
    next(&mut asked).await;
    let went_out = "SELECT published_through AS number FROM relay_state";
    wait_until(DEADLINE, || async { app.number(went_out).await == 1 }).await;
    app.api
        .post(ERASE, json!({"phone": "79998888888"}))
        .await
        .expect(200);
    for queue in &mut queues {
        let event = next(queue).await;
        assert_eq!(event.account_id.0, ACCOUNT);
        let Change::PersonErased(person) = event.change else {
            panic!("{:?}", event.change);
        };
        assert_eq!(person.phone_e164.as_deref(), Some("+79998888888"));
        assert_eq!(person.email_normalized, None);
    }
    let asked = "SELECT body AS bytes FROM outbox_bodies JOIN outbox_events USING (position) \
        WHERE event_type = 'lead.conversion_requested'";
    wait_until(DEADLINE, || async {
        let bodies = app.bytes(asked).await;
        assert_eq!(bodies.len(), 1);
        !bodies[0].contains("79998888888") && !bodies[0].contains("Иван")
    })
    .await;
}

/// The next event of a queue.
async fn next(consumer: &mut Consumer) -> Event {
    let batch = timeout(DEADLINE, consumer.receive(1, 1 << 20))
        .await
        .unwrap()
        .unwrap();
    let Decoded::Event(event) = Event::decode(&batch.messages()[0].body).unwrap() else {
        panic!("an event of another version");
    };
    consumer.ack(batch).await.unwrap();
    event
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_fits_into_one_transaction_goes() {
    let app = TestApp::start().await;
    let inbound = app.webhook_source().await;
    for n in 0..250 {
        let body = json!({"phone": "79998888888", "name": n.to_string()});
        app.post(&inbound.path, &body).await.expect(201);
    }
    let erased = app.api.post(ERASE, json!({"phone": "79998888888"})).await;
    assert_eq!(
        erased.expect(200).json(),
        json!({"leads": 250, "requests": 250})
    );
    assert_eq!(app.count_rows("intake_bodies").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_account_is_erased_and_no_other() {
    let app = TestApp::start().await;
    let inbound = app.webhook_source().await;
    let address = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    let erased = app.other.post(ERASE, json!({"phone": "79998888888"})).await;
    assert_eq!(
        erased.expect(200).json(),
        json!({"leads": 0, "requests": 0})
    );
    get(&app, &address).await;
    assert_eq!(app.count_rows("intake_bodies").await, 1);
    let whose =
        format!("SELECT count(*) AS number FROM erasures WHERE account_id = {OTHER_ACCOUNT}");
    assert_eq!(app.number(&whose).await, 1);

    let refused = app
        .api_with(&[Scope::LeadsWrite])
        .post(ERASE, json!({"phone": "1"}))
        .await;
    assert_eq!(problem_code(&refused.expect(403)), "forbidden");
    assert_eq!(get(&app, LEADS).await["items"].as_array().unwrap().len(), 1);
}
