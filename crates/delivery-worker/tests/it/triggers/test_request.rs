//! Tests of triggers: `test=test`, or a request as it would be.

use std::sync::mpsc;

use database::{Backend, Connection, DatabaseError};
use diesel::connection::SimpleConnection;
use events::{Change, Event, PersonErased};
use serde_json::{Value, json};
use test_support::{Answer, tables_with, wait_until};

use super::requests::is_signed_with;
use crate::app::{ACCOUNT, DEADLINE, TestApp, errors, field_errors, problem_code};
use crate::moves::order_moved;
use crate::samples::{client_added, event};

fn path_of(trigger: &Value, verb: &str) -> String {
    format!("/api/v1/triggers/{}/{verb}", trigger["id"])
}

#[tokio::test]
async fn it_is_the_variable_test_in_the_triggers_own_form() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    for (settings, target, body) in [
        (json!({}), "/h?k=1", "test=test"),
        (json!({"format": "json"}), "/h?k=1", r#"{"test":"test"}"#),
        (json!({"method": "GET"}), "/h?k=1&test=test", ""),
    ] {
        let mut settings = settings;
        settings["url"] = app.receiver.url("/h?k=1").into();
        let created = app.create_stage_trigger("entered", 13, settings).await;
        assert_eq!(created["test"]["status"], 200, "{created}");
        let request = app.receiver.requests().pop().unwrap();
        assert_eq!(request.target, target);
        assert_eq!(request.text(), body);
        assert_eq!(request.header("x-record-revision"), None);
        assert!(is_signed_with(
            &request,
            created["secret"].as_str().unwrap()
        ));

        let sent = app.api.post(&path_of(&created, "test"), json!({})).await;
        assert_eq!(sent.expect(200).json()["status"], 200);
        assert_eq!(app.receiver.requests().pop().unwrap().target, target);
    }
}

#[tokio::test]
async fn with_an_event_it_is_what_preview_shows() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let settings = json!({"method": "GET", "active": false});
    let created = app.create_stage_trigger("entered", 13, settings).await;
    let moved = order_moved(ACCOUNT, 42, 12, 13);
    app.publish(&moved).await;
    let body = json!({"event_id": moved.id.to_string()});
    let path = path_of(&created, "preview");
    let shown = app.api.post(&path, body.clone()).await;
    let shown = shown.expect(200).json();

    app.receiver.answer_next(Answer::status(500).body("no"));
    let sent = app.api.post(&path_of(&created, "test"), body).await;
    let sent = sent.expect(200).json();
    assert_eq!(sent["status"], 500);
    let request = app.receiver.requests().pop().unwrap();
    assert_eq!(request.method, "GET");
    assert_eq!(shown["request"]["url"], app.receiver.url(&request.target));
    assert_eq!(request.header("x-record-revision"), Some("2"));
    assert!(is_signed_with(
        &request,
        created["secret"].as_str().unwrap()
    ));
    let id = request.header("webhook-id").unwrap();
    assert_eq!(sent["delivery_id"], id);
    // It is no attempt at the delivery of that event.
    assert_ne!(header(&shown, "webhook-id"), id);

    let path = format!("/api/v1/deliveries/{id}");
    let logged = app.api.get(&path).await.expect(200).json();
    assert_eq!(logged["origin"], "test");
    assert_eq!(logged["state"], "failed");
    assert_eq!(logged["event_id"], moved.id.to_string());
    assert_eq!(
        logged["attempts_log"][0]["request"]["url"],
        shown["request"]["url"]
    );
    let refused = app.api.post(&format!("{path}/retry"), json!({})).await;
    assert_eq!(refused.status, 409);
    assert_eq!(problem_code(&refused), "conflict");
    let path = format!("/api/v1/triggers/{}", created["id"]);
    let read = app.api.get(&path).await.expect(200).json();
    assert_eq!(read["state"], "inactive");
}

fn header(shown: &Value, name: &str) -> String {
    let headers = shown["request"]["headers"].as_array().unwrap();
    let found = headers.iter().find(|header| header["name"] == name);
    found.unwrap()["value"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn with_an_order_it_is_what_preview_shows() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let parameters = json!([
        {"name": "phone", "kind": "field", "value": "client.phone"},
        {"name": "stage", "kind": "field", "value": "stage.name"},
    ]);
    let created = app
        .create_stage_trigger("entered", 13, json!({"parameters": parameters}))
        .await;
    let body = json!({"order": {"id_status": 13}, "client": {"phone": "+7 999 888-88-88"}});
    let path = path_of(&created, "preview");
    let shown = app.api.post(&path, body.clone()).await;
    let shown = shown.expect(200).json();
    let sent = app.api.post(&path_of(&created, "test"), body).await;
    let sent = sent.expect(200).json();
    assert_eq!(sent["error"], json!(null));
    let request = app.receiver.requests().pop().unwrap();
    assert_eq!(
        request.text(),
        "phone=%2B7+999+888-88-88&stage=%D0%92+%D1%80%D0%B0%D0%B1%D0%BE%D1%82%D0%B5"
    );
    assert_eq!(shown["request"]["body"], request.text());
    assert!(is_signed_with(
        &request,
        created["secret"].as_str().unwrap()
    ));
    // Nothing is delivered of it but the test.
    assert_eq!(app.deliveries("?origin=event").await, Vec::<Value>::new());

    let refused = app
        .api
        .post(&path_of(&created, "test"), json!({"order": {}, "now": 1}))
        .await;
    assert_eq!(
        field_errors(&refused),
        errors(&[("/order/id_status", "required"), ("/now", "unknown_field")])
    );
}

const PHONE: &str = "8 (812) 315-98-83";
/// Of that phone, in requests and events.
const TRACES: [&str; 1] = ["315-98-83"];

/// An order of a client with that phone goes to stage 13.
fn moved_of_person() -> Event {
    let mut moved = order_moved(ACCOUNT, 42, 12, 13);
    let Change::Order(change) = &mut moved.change else {
        panic!("an order's");
    };
    let Change::Client(mut known) = client_added(ACCOUNT, 7).change else {
        panic!("a client's");
    };
    known.client.phone = PHONE.to_owned();
    change.order.client_id = Some(known.client.id);
    change.order.client = Some(known.client);
    moved
}

fn person_erased() -> Event {
    let person = PersonErased {
        phone_e164: Some("+78123159883".to_owned()),
        email_normalized: None,
    };
    event(ACCOUNT, Change::PersonErased(person))
}

impl TestApp {
    /// A trigger that tells phones.
    async fn create_telling_trigger(&self, settings: Value) -> Value {
        let mut settings = settings;
        settings["method"] = "GET".into();
        settings["parameters"] =
            json!([{"name": "phone", "kind": "field", "value": "client.phone"}]);
        self.create_stage_trigger("entered", 13, settings).await
    }

    async fn forget_person(&self) {
        drop(self.hand_over(&person_erased()).await);
        wait_until(DEADLINE, || async { self.count_scanned().await == 1 }).await;
    }

    /// How many requests to forget somebody were carried out once.
    async fn count_scanned(&self) -> i64 {
        self.count_rows("erasures WHERE scans >= 1").await
    }

    /// How many transactions wait for others on PostgreSQL, but for those of retention, which asks
    /// for whole tables.
    async fn count_waiting(&self) -> i64 {
        let waiting = "pg_locks JOIN pg_stat_activity USING (pid) \
                       WHERE NOT granted AND datname = current_database() \
                       AND query NOT LIKE 'LOCK TABLE%'";
        self.count_rows(waiting).await
    }
}

#[tokio::test]
async fn tests_of_a_person_are_erased_with_the_person() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let created = app.create_telling_trigger(json!({})).await;
    let moved = moved_of_person();
    app.publish(&moved).await;
    app.wait_for_delivery("?origin=event", |it| it["state"] == "delivered")
        .await;
    for body in [
        json!({"event_id": moved.id.to_string()}),
        json!({"order": {"id_status": 13}, "client": {"phone": PHONE}}),
    ] {
        let sent = app.api.post(&path_of(&created, "test"), body).await;
        assert_eq!(sent.expect(200).json()["status"], 200);
    }
    assert_eq!(
        tables_with(&app.database, &TRACES).await,
        ["attempt_bodies", "event_bodies"]
    );
    app.forget_person().await;
    assert!(tables_with(&app.database, &TRACES).await.is_empty());

    let body = json!({"event_id": moved.id.to_string()});
    let shown = app.api.post(&path_of(&created, "preview"), body).await;
    let shown = shown.expect(200).json();
    assert_eq!(shown["erased"], true);
    assert_eq!(shown["request"]["url"], app.receiver.url("/trigger?phone="));
}

#[tokio::test]
async fn a_person_who_is_erased_during_a_test_is_not_written_down_after_it() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let created = app.create_telling_trigger(json!({"active": false})).await;
    let moved = moved_of_person();
    app.publish(&moved).await;
    assert_forgotten_during(&app, &created, json!({"event_id": moved.id.to_string()})).await;
}

#[tokio::test]
async fn an_event_that_was_made_up_is_there_to_be_erased_before_it_is_told() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let created = app.create_telling_trigger(json!({"active": false})).await;
    let body = json!({"order": {"id_status": 13}, "client": {"phone": PHONE}});
    assert_forgotten_during(&app, &created, body).await;
}

/// A person is erased while a test of them is under way; the only scan is over before its end.
async fn assert_forgotten_during(app: &TestApp, trigger: &Value, body: Value) {
    app.receiver.answer_next(Answer::never());
    let path = path_of(trigger, "test");
    let (sent, ()) = tokio::join!(app.api.post(&path, body), async {
        let requests = app.receiver.wait_for_requests(2).await;
        assert!(requests[1].target.contains("315-98-83"));
        app.forget_person().await;
    });
    assert_erased(app, &sent.expect(200).json()).await;
}

async fn assert_erased(app: &TestApp, sent: &Value) {
    let id = sent["delivery_id"].as_str().unwrap();
    let path = format!("/api/v1/deliveries/{id}");
    let logged = app.api.get(&path).await.expect(200).json();
    assert!(logged["erased_at"].is_string(), "{logged:#}");
    assert_eq!(logged["attempts_log"][0]["request"], json!(null));
    assert!(tables_with(&app.database, &TRACES).await.is_empty());
}

/// Lets nobody write an attempt down while somebody has the lock.
const STUCK: &str = "
CREATE FUNCTION wait_to_write() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$;
CREATE TRIGGER wait_to_write BEFORE INSERT ON attempts
    FOR EACH ROW EXECUTE FUNCTION wait_to_write()";

#[tokio::test]
async fn a_person_who_is_erased_while_a_test_is_written_down_does_not_stay_in_it() {
    let app = TestApp::start().await;
    if app.database.backend() == Backend::Sqlite {
        // It has one writer, so that there is no such while.
        return;
    }
    app.know_stages(ACCOUNT).await;
    let created = app.create_telling_trigger(json!({"active": false})).await;
    let moved = moved_of_person();
    app.publish(&moved).await;
    // Whoever writes down a test gets stuck in the midst of it, its delivery not committed.
    app.execute(STUCK).await;
    let (let_go, held) = mpsc::channel::<()>();
    let database = app.database.clone();
    let holding = tokio::spawn(async move {
        let hold = database.write(move |conn| {
            if let Connection::Postgres(c) = conn {
                c.batch_execute(
                    "SET LOCAL idle_in_transaction_session_timeout = 0; \
                     SELECT pg_advisory_xact_lock(4711)",
                )?;
            }
            let _released = held.recv();
            Ok::<_, DatabaseError>(())
        });
        hold.await
    });
    let is_held = "pg_locks JOIN pg_stat_activity USING (pid) WHERE granted \
                   AND datname = current_database() AND locktype = 'advisory' AND objid = 4711";
    wait_until(DEADLINE, || async { app.count_rows(is_held).await == 1 }).await;

    let path = path_of(&created, "test");
    let body = json!({"event_id": moved.id.to_string()});
    let (sent, ()) = tokio::join!(app.api.post(&path, body), async {
        wait_until(DEADLINE, || async { app.count_waiting().await == 1 }).await;
        drop(app.hand_over(&person_erased()).await);
        // Either the erasure waits for the test, or it is over.
        wait_until(DEADLINE, || async {
            app.count_waiting().await >= 2 || app.count_scanned().await == 1
        })
        .await;
        let_go.send(()).unwrap();
    });
    holding.await.unwrap().unwrap();
    wait_until(DEADLINE, || async { app.count_scanned().await == 1 }).await;
    assert_erased(&app, &sent.expect(200).json()).await;
}
