//! Answers of the source's own, probes, spam and double clicks.

use serde_json::json;
use test_support::Method;

use crate::app::TestApp;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_source_may_answer_in_its_own_way() {
    let app = TestApp::start().await;
    let tilda = app.add_source("tilda", json!({})).await;
    let answer = json!({"status": 202, "content_type": "text/xml", "body": "<ok/>"});
    let own = app.add_source("webhook", json!({"answer": answer})).await;
    let body = "Phone=88005553535&tranid=1:2";
    let answer = app
        .send(Method::POST, &tilda.path, &[FORM], body)
        .await
        .expect(200);
    assert_eq!(answer.body, "ok");
    let answer = app
        .send(Method::POST, &own.path, &[FORM], body)
        .await
        .expect(202);
    assert_eq!(answer.body, "<ok/>");
    assert_eq!(answer.headers["content-security-policy"], "sandbox");
    assert_eq!(answer.headers["content-type"], "text/xml");
    assert_eq!(app.count_rows("leads").await, 2);
    // What is wrong is told all the same.
    app.send(Method::POST, &tilda.path, &[FORM], "name=x")
        .await
        .expect(422);
    assert_eq!(
        app.texts("SELECT CAST(status AS TEXT) AS text FROM intake_requests ORDER BY id")
            .await,
        ["200", "202", "422"]
    );
}

#[tokio::test]
async fn a_browser_is_sent_on() {
    let app = TestApp::start().await;
    let settings = json!({"redirect_url": "https://site.example/thanks?a=1"});
    let source = app.add_source("tilda", settings).await;
    let answer = app
        .send(Method::POST, &source.path, &[FORM], "phone=88005553535")
        .await
        .expect(303);
    assert_eq!(
        answer.headers["location"],
        "https://site.example/thanks?a=1"
    );
    app.send(Method::POST, &source.path, &[FORM], "phone=1")
        .await
        .expect(422);
    assert_eq!(app.count_rows("leads").await, 1);
    // A script of the page, a program, and a probe want an answer.
    let script = [FORM, ("sec-fetch-mode", "cors")];
    app.send(Method::POST, &source.path, &script, "phone=88005553536")
        .await
        .expect(200);
    app.post(&source.path, &json!({"phone": "88005553537"}))
        .await
        .expect(200);
    app.send(Method::POST, &source.path, &[FORM], "test=test")
        .await
        .expect(200);
    assert_eq!(
        app.texts("SELECT CAST(status AS TEXT) AS text FROM intake_requests ORDER BY id")
            .await,
        ["303", "422", "200", "200", "200"]
    );
}

#[tokio::test]
async fn probes_make_no_lead() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let answer = app
        .send(Method::POST, &source.path, &[FORM], "test=test")
        .await
        .expect(200);
    assert_eq!(answer.json(), json!({"data": null}));
    app.post(&source.path, &json!({"test": "test"}))
        .await
        .expect(200);
    let body = json!({"is_test": true, "phone": "88005553535"});
    app.post(&source.path, &body).await.expect(200);
    assert_eq!(app.count_rows("leads").await, 0);
    assert_eq!(
        app.texts("SELECT DISTINCT outcome AS text FROM intake_requests")
            .await,
        ["test"]
    );
}

#[tokio::test]
async fn spam_is_answered_like_a_lead() {
    let app = TestApp::start().await;
    let source = app.add_source("webhook", json!({"honeypot": "fax"})).await;
    let real = json!({"phone": "88005553535", "name": "Анна", "fax": ""});
    let spam = json!({"phone": "88005553536", "name": "Bot", "fax": "1"});
    let real = app.post(&source.path, &real).await.expect(201).json();
    let faked = app.post(&source.path, &spam).await.expect(201).json();
    let keys = |body: &serde_json::Value| -> Vec<String> {
        body["data"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&real), keys(&faked));
    assert_eq!(faked["data"]["phone"], "78005553536");
    assert_eq!(faked["data"]["name"], "Bot");
    assert!(faked["data"]["id"].as_i64() > real["data"]["id"].as_i64());
    assert_eq!(app.count_rows("leads").await, 1);
    assert_eq!(
        app.texts("SELECT outcome AS text FROM intake_requests ORDER BY id")
            .await,
        ["lead", "spam"]
    );
}

#[tokio::test]
async fn what_makes_no_lead_with_its_sender_is_well_received() {
    let app = TestApp::start().await;
    let jivo = app.add_source("jivo", json!({})).await;
    let calltouch = app.add_source("calltouch", json!({})).await;
    let event = |name: &str, visitor: serde_json::Value| json!({"event_name": name, "chat_id": 7, "visitor": visitor});
    let contacts = json!({"email": "a@b.ru", "phone": "88005553535"});
    for body in [
        event("chat_updated", json!({"email": "a@b.ru"})),
        event("chat_finished", json!({})),
        event("chat_finished", contacts),
    ] {
        let answer = app.post(&jivo.path, &body).await.expect(200);
        assert_eq!(answer.body, r#"{"result":"ok"}"#);
    }
    let call = format!(
        "{}?id=1&callerphone=Anonymous&phonenumber=78000000000",
        calltouch.path
    );
    let answer = app.send(Method::GET, &call, &[], "").await.expect(200);
    assert_eq!(answer.body, "ok");
    assert_eq!(
        app.texts("SELECT outcome AS text FROM intake_requests ORDER BY id")
            .await,
        ["ignored", "ignored", "lead", "ignored"]
    );
    assert_eq!(
        app.texts("SELECT phone_digits AS text FROM leads").await,
        ["78005553535"]
    );
}

#[tokio::test]
async fn a_double_click_is_one_lead_for_a_minute() {
    let app = TestApp::start().await;
    let form = app.add_source("marquiz", json!({"answer": null})).await;
    let plain = app.webhook_source().await;
    let body = "phone=88005553535&name=x";
    for _ in 0..3 {
        app.send(Method::POST, &form.path, &[FORM], body)
            .await
            .expect(200);
        app.send(Method::POST, &plain.path, &[FORM], body)
            .await
            .expect(201);
    }
    let of_form = format!(
        "SELECT count(*) AS number FROM leads WHERE source_id = {}",
        form.id
    );
    assert_eq!(app.number(&of_form).await, 1);
    assert_eq!(app.count_rows("leads").await, 4);
    app.send(
        Method::POST,
        &form.path,
        &[FORM],
        "phone=88005553535&name=y",
    )
    .await;
    assert_eq!(app.number(&of_form).await, 2);
    app.execute("UPDATE intake_requests SET received_at_us = received_at_us - 61000000")
        .await;
    app.send(Method::POST, &form.path, &[FORM], body)
        .await
        .expect(200);
    assert_eq!(app.number(&of_form).await, 3);
    let outcomes = format!(
        "SELECT outcome AS text FROM intake_requests WHERE source_id = {} ORDER BY id",
        form.id
    );
    assert_eq!(
        app.texts(&outcomes).await,
        ["lead", "double_click", "double_click", "lead", "lead"]
    );
}
