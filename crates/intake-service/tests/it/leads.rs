//! `/api/v1/leads`: the inbox and what becomes of it.

mod bad_input;
mod converting;
mod lists;

use serde_json::{Value, json};
use test_support::Method;

use crate::app::{Inbound, TestApp};
use crate::problems::problem_code;

pub(crate) const LEADS: &str = "/api/v1/leads";

/// A source whose leads wait in the inbox.
pub(crate) async fn inbox(app: &TestApp) -> Inbound {
    app.add_source("webhook", json!({"auto_convert": false}))
        .await
}

/// The address of a lead that is posted now.
pub(crate) async fn post_lead(app: &TestApp, inbound: &Inbound, body: Value) -> String {
    let answer = app.post(&inbound.path, &body).await.expect(201);
    format!("{LEADS}/{}", answer.json()["data"]["id"])
}

pub(crate) async fn get(app: &TestApp, address: &str) -> Value {
    app.api.get(address).await.expect(200).json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_is_shown_with_the_40_keys_and_what_managers_see() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    let body = json!({
        "name": "test", "phone": 79998888888_i64, "email": "fff@mail.ru", "userIdOwner": 1,
        "remoteId": 7, "utmSource": "ya", "comment": "перезвоните",
    });
    let posted = app.post(&inbound.path, &body).await.expect(201).json();
    let address = format!("{LEADS}/{}", posted["data"]["id"]);
    let got = app.api.get(&address).await.expect(200);
    assert_eq!(got.headers["etag"], "\"1\"");
    let shown = got.json();
    let keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
    let s1: Vec<&String> = posted["data"].as_object().unwrap().keys().collect();
    assert_eq!(s1.len(), 40);
    assert_eq!(&keys[..40], s1.as_slice());
    assert_eq!(
        &keys[40..],
        [
            "orderId",
            "state",
            "rejectReason",
            "extra",
            "warnings",
            "intakeSourceId",
            "requestId",
            "revision",
            "created_at",
            "updated_at",
        ]
    );
    for (key, value) in posted["data"].as_object().unwrap() {
        assert_eq!(&shown[key], value, "{key}");
    }
    assert_eq!(shown["state"], "new");
    assert_eq!(shown["extra"], json!({"comment": "перезвоните"}));
    assert_eq!(shown["intakeSourceId"], inbound.id);
    assert!(shown["requestId"].is_i64());
    let headers = [("If-None-Match", "\"1\"")];
    let again = app.api.send(Method::GET, &address, &headers, None).await;
    again.unwrap().expect(304);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_may_be_sent_back_whatever_it_is() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    for cost in [-5, i64::MAX] {
        let address = post_lead(
            &app,
            &inbound,
            json!({"phone": "79998888888", "cost": cost}),
        )
        .await;
        let mut read = get(&app, &address).await;
        assert_eq!(read["cost"], cost);
        let same = app.api.patch(&address, read.clone()).await.expect(200);
        assert_eq!(same.json(), read);
        read["name"] = json!("Анна");
        app.api.patch(&address, read.clone()).await.expect(200);
        app.api
            .patch(&address, json!({"cost": -6}))
            .await
            .expect(422);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_lead_can_be_changed() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    let first = json!({"phone": "79998888888", "email": "a@b.ru", "utmSource": "ya", "gclid": "x"});
    let address = post_lead(&app, &inbound, first.clone()).await;
    post_lead(&app, &inbound, first).await;
    let before = get(&app, &address).await;
    let same = app.api.patch(&address, before.clone()).await.expect(200);
    assert_eq!(same.json(), before, "sent back as it was read");

    let changed = app
        .api
        .patch(
            &address,
            json!({
                "name": "Иван", "phone": "8 (812) 315-98-83", "email": null, "cost": 1500,
                "userIdOwner": 4, "sourceId": 5, "locationUnitId": 6, "locationCityId": 7,
                "funnelStageId": 8, "utmSource": null, "utmTerm": "окна",
            }),
        )
        .await
        .expect(200);
    assert_eq!(changed.headers["etag"], "\"2\"");
    let changed = changed.json();
    let mut expected = before.clone();
    for (key, value) in [
        ("name", json!("Иван")),
        ("phone", json!("78123159883")),
        ("email", Value::Null),
        ("cost", json!(1500)),
        ("userIdOwner", json!(4)),
        ("sourceId", json!(5)),
        ("locationUnitId", json!(6)),
        ("locationCityId", json!(7)),
        ("funnelStageId", json!(8)),
        ("utmSource", Value::Null),
        ("utmTerm", json!("окна")),
        ("revision", json!(2)),
        ("updated_at", changed["updated_at"].clone()),
        ("dtUpdate", changed["dtUpdate"].clone()),
    ] {
        expected[key] = value;
    }
    assert_eq!(changed, expected);
    assert_eq!(get(&app, &address).await, changed);
    // By its new phone it is found, and by the old ones no more.
    let found = get(&app, &format!("{LEADS}?phone=8123159883")).await;
    assert_eq!(found["items"][0]["id"], before["id"]);
    let found = get(&app, &format!("{LEADS}?email=a@b.ru")).await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let fresh = post_lead(&app, &inbound, json!({"phone": "78123159883"})).await;
    assert_eq!(get(&app, &fresh).await["firstId"], before["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_of_which_an_order_is_made_is_not_changed() {
    let app = TestApp::start().await;
    let inbound = app.webhook_source().await;
    let address = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    let before = get(&app, &address).await;
    assert_eq!(before["state"], "converting");
    let refused = app.api.patch(&address, json!({"name": "x"})).await;
    assert_eq!(problem_code(&refused.expect(409)), "conflict");
    app.api.patch(&address, before.clone()).await.expect(200);
    assert_eq!(get(&app, &address).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_is_rejected_and_reopened() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    let address = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    let reject = format!("{address}/reject");
    let rejected = app
        .api
        .post(&reject, json!({"reason": "дубль"}))
        .await
        .expect(200);
    assert_eq!(rejected.headers["etag"], "\"2\"");
    assert_eq!(rejected.json()["state"], "rejected");
    assert_eq!(rejected.json()["rejectReason"], "дубль");
    let again = app.api.post(&reject, json!({})).await.expect(200);
    assert_eq!(again.json(), rejected.json());
    let refused = app.api.post(&format!("{address}/convert"), json!({})).await;
    assert_eq!(problem_code(&refused.expect(409)), "conflict");
    // It still counts among those with its contact.
    let other = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    assert_eq!(get(&app, &other).await["otherCount"], 1);

    let reopen = format!("{address}/reopen");
    let open = app.api.post(&reopen, json!({})).await.expect(200).json();
    assert_eq!(
        (&open["state"], &open["rejectReason"]),
        (&json!("new"), &Value::Null)
    );
    assert_eq!(open["revision"], 3);
    let again = app.api.post(&reopen, json!({})).await.expect(200);
    assert_eq!(again.json(), open);
    app.api
        .post(&format!("{address}/convert"), json!({}))
        .await
        .expect(200);
    for refused in [
        app.api.post(&reject, json!({"reason": "поздно"})).await,
        app.api.post(&reopen, json!({})).await,
    ] {
        assert_eq!(problem_code(&refused.expect(409)), "conflict");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_deleted_lead() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    let body = json!({
        "name": "Иван", "phone": "79998888888", "email": "a@b.ru", "remoteId": 5, "cost": 7,
        "utmSource": "ya", "comment": "с",
    });
    let address = post_lead(&app, &inbound, body.clone()).await;
    app.api.delete(&address).await.expect(204);
    app.api.get(&address).await.expect(404);
    app.api.delete(&address).await.expect(404);
    app.api
        .patch(&address, json!({"name": "x"}))
        .await
        .expect(404);
    for action in ["convert", "reject", "reopen"] {
        let path = format!("{address}/{action}");
        app.api.post(&path, json!({})).await.expect(404);
    }
    let filled = "SELECT count(*) AS number FROM leads WHERE name IS NOT NULL \
        OR phone IS NOT NULL OR phone_digits IS NOT NULL OR phone_normalized IS NOT NULL \
        OR email IS NOT NULL OR email_normalized IS NOT NULL OR remote_id IS NOT NULL \
        OR cost IS NOT NULL OR CAST(marks AS TEXT) <> '{}' OR CAST(extra AS TEXT) <> '{}'";
    assert_eq!(app.number(filled).await, 0);
    assert_eq!(app.count_rows("leads").await, 1);
    // The sender may post it again: that is a new lead, and the first one.
    let again = post_lead(&app, &inbound, body).await;
    assert_ne!(again, address);
    assert_eq!(get(&app, &again).await["firstId"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_condition_refuses() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    let address = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    let before = get(&app, &address).await;
    for (method, path) in [
        (Method::PATCH, address.clone()),
        (Method::DELETE, address.clone()),
        (Method::POST, format!("{address}/convert")),
        (Method::POST, format!("{address}/reject")),
        (Method::POST, format!("{address}/reopen")),
    ] {
        let body = json!({});
        let headers = [("If-Match", "\"2\"")];
        let answer = app.api.send(method, &path, &headers, Some(&body)).await;
        assert_eq!(
            problem_code(&answer.unwrap().expect(412)),
            "precondition_failed"
        );
    }
    assert_eq!(get(&app, &address).await, before);
}
