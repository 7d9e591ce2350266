//! `webhook.disabled`: other webhooks of the account are told that one was disabled.

use events::{Clock, Timestamp};
use http_api::Scope;
use serde_json::{Value, json};
use test_support::{Answer, MockReceiver, ReceivedRequest, wait_until};

use crate::app::{ACCOUNT, DEADLINE, TestApp, errors, field_errors, path_of};
use crate::samples::order_added;

const QUERY: &str = "?event=webhook.disabled";

/// A webhook to `receiver` that is for nothing but disabled webhooks.
async fn listen(app: &TestApp, receiver: &MockReceiver, settings: Value) -> Value {
    let mut body = json!({"url": receiver.url("/told"), "events": ["webhook.disabled"]});
    for (key, value) in settings.as_object().unwrap() {
        body[key] = value.clone();
    }
    app.create_webhook(body).await
}

/// Makes the receiver of `app` answer 410, and waits until the webhook is disabled; returns when.
async fn disable(app: &TestApp, webhook: &Value) -> String {
    app.receiver.answer_next(Answer::status(410));
    app.publish(&order_added(ACCOUNT, 1)).await;
    let path = path_of(webhook);
    wait_until(DEADLINE, || async {
        app.api.get(&path).await.expect(200).json()["state"] == "disabled"
    })
    .await;
    let disabled = app.api.get(&path).await.expect(200).json();
    disabled["disabled_at"].as_str().unwrap().to_owned()
}

/// What came after the test request.
async fn told(receiver: &MockReceiver) -> ReceivedRequest {
    let requests = receiver.wait_for_requests(2).await;
    assert_eq!(requests.len(), 2);
    requests[1].clone()
}

#[tokio::test]
async fn every_format_tells_of_it() {
    let app = TestApp::start().await;
    let (form, json, envelope) = (
        MockReceiver::start().await,
        MockReceiver::start().await,
        MockReceiver::start().await,
    );
    listen(&app, &form, json!({"format": "form"})).await;
    listen(&app, &json, json!({"format": "json", "strict_body": true})).await;
    listen(&app, &envelope, json!({"format": "envelope"})).await;
    let created = app
        .create_webhook(json!({"name": "Склад 1", "events": ["order.add", "webhook.disabled"]}))
        .await;
    let disabled_at = disable(&app, &created).await;
    let id = created["id"].as_i64().unwrap();
    let sent = told(&json).await;
    let seconds = sent_seconds(&sent);
    assert_eq!(
        sent.text(),
        format!(
            "{{\"id\":{id},\"name\":\"Склад 1\",\"kind\":\"webhook\",\"reason\":\"gone\",\
             \"disabled_at\":{seconds},\"component\":\"webhook\",\"event\":\"disabled\"}}"
        )
    );
    assert_eq!(sent.header("x-record-revision"), None);
    assert_eq!(
        told(&form).await.text(),
        format!(
            "id={id}&name=%D0%A1%D0%BA%D0%BB%D0%B0%D0%B4+1&kind=webhook&reason=gone\
             &disabled_at={seconds}&component=webhook&event=disabled"
        )
    );
    let body: Value = serde_json::from_str(told(&envelope).await.text()).unwrap();
    assert_eq!(body["type"], "webhook.disabled");
    assert_eq!(body["account_id"], ACCOUNT);
    assert_eq!(body["revision"], json!(null));
    assert_eq!(body["actor"], json!({"kind": "system", "token_id": null}));
    assert_eq!(body["previous"], json!(null));
    assert_eq!(
        body["data"],
        json!({
            "id": id, "name": "Склад 1", "kind": "webhook", "reason": "gone",
            "disabled_at": disabled_at,
        })
    );
    let deliveries = app.deliveries(QUERY).await;
    assert_eq!(deliveries.len(), 3, "none to the one that is disabled");
    for delivery in deliveries {
        assert_eq!(delivery["component"], "webhook");
        assert_eq!(delivery["record_id"], json!(null));
        assert_eq!(delivery["event_id"], body["id"]);
    }
}

/// `disabled_at` of a JSON body, which was within the last minute.
fn sent_seconds(request: &ReceivedRequest) -> i64 {
    let body: Value = serde_json::from_str(request.text()).unwrap();
    let seconds = body["disabled_at"].as_i64().unwrap();
    let Timestamp(now_us) = Clock::System.now();
    assert!((0..60).contains(&(now_us / 1_000_000 - seconds)), "{body}");
    seconds
}

#[tokio::test]
async fn only_those_who_ask_for_it_are_told_and_filters_do_not_apply() {
    let app = TestApp::start().await;
    let receiver = MockReceiver::start().await;
    let others = MockReceiver::start().await;
    let narrowed = json!({
        "events": ["order.edit", "webhook.disabled"], "changed": ["price"], "skip_own": true,
        "condition": {"all": [{"field": "price", "operator": "greater", "value": 1000}]},
    });
    listen(&app, &receiver, narrowed).await;
    listen(&app, &others, json!({"active": false})).await;
    listen(&app, &others, json!({"events": ["order.delete"]})).await;
    let theirs = json!({"url": others.url("/told"), "events": ["webhook.disabled"]});
    app.create_webhook_as(&app.other, theirs).await;
    let deleted = listen(&app, &others, json!({})).await;
    app.api.delete(&path_of(&deleted)).await.expect(204);

    let created = app.create_webhook(json!({})).await;
    disable(&app, &created).await;
    told(&receiver).await;
    let delivery = app
        .wait_for_delivery(QUERY, |delivery| delivery["state"] == "delivered")
        .await;
    assert_eq!(others.requests().len(), 4, "test requests only");

    let event_id = delivery["event_id"].as_str().unwrap();
    let listener = format!("/api/v1/webhooks/{}", delivery["webhook_id"]);
    for (path, outcome) in [(listener, "delivered"), (path_of(&created), "not_matched")] {
        let explained = app
            .api
            .get(&format!("{path}/explain?event_id={event_id}"))
            .await
            .expect(200)
            .json();
        assert_eq!(explained["outcome"], outcome, "{explained:#}");
    }
    let detail = format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    app.api.get(&detail).await.expect(200);
    let preview = app
        .api_with(&[Scope::WebhooksRead])
        .post(
            &format!("{}/preview", path_of(&created)),
            json!({"event_id": event_id}),
        )
        .await
        .expect(200)
        .json();
    let body = preview["request"]["body"].as_str().unwrap();
    assert!(
        body.ends_with("&component=webhook&event=disabled"),
        "{body}"
    );
}

#[tokio::test]
async fn a_trigger_is_told_of_and_cannot_ask() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let receiver = MockReceiver::start().await;
    listen(&app, &receiver, json!({"format": "json"})).await;
    let mut trigger = json!({
        "name": "call", "id_status": 12, "event": "created_in", "url": app.receiver.url("/hook"),
    });
    trigger["events"] = json!(["webhook.disabled"]);
    let refused = app.api.post("/api/v1/triggers", trigger.clone()).await;
    assert_eq!(
        field_errors(&refused),
        errors(&[("/events", "unknown_field")])
    );
    trigger.as_object_mut().unwrap().remove("events");
    let trigger = app.api.post("/api/v1/triggers", trigger).await;
    let trigger = trigger.expect(201).json();
    app.receiver.answer_next(Answer::status(410));
    app.publish(&order_added(ACCOUNT, 1)).await;
    let body: Value = serde_json::from_str(told(&receiver).await.text()).unwrap();
    assert_eq!(body["id"], trigger["id"]);
    assert_eq!(body["kind"], "trigger");
}

#[tokio::test]
async fn filters_that_only_records_meet_need_an_event_of_records() {
    let app = TestApp::start().await;
    let body = json!({
        "name": "n", "url": app.receiver.url("/"), "events": ["webhook.disabled"],
        "changed": ["price"],
        "condition": {"all": [{"field": "name", "operator": "not_empty"}]},
    });
    let answer = app.api.post("/api/v1/webhooks", body).await;
    assert_eq!(
        field_errors(&answer),
        errors(&[
            ("/changed", "never_met"),
            ("/condition/all/0/field", "unknown_field"),
        ])
    );
}
