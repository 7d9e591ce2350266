//! A stage trigger set up and fired, as S2 tells it.

use serde_json::{Value, json};
use test_support::{MockReceiver, ReceivedRequest, wait_until};

use super::process::{DEADLINE, Up};

/// The stages of the pipeline that an account begins with.
async fn stages(up: &Up) -> Vec<i64> {
    let pipelines = up.api.get("/api/v1/pipelines").await.expect(200).json();
    let stages = pipelines["items"][0]["stages"].as_array().unwrap();
    stages
        .iter()
        .map(|stage| stage["id"].as_i64().unwrap())
        .collect()
}

/// A trigger like the one of WIRE 3, with `settings` on top.
async fn trigger(up: &Up, settings: Value) -> Value {
    let mut body = json!({
        "name": "call the client",
        "event": "entered",
        "condition": {"all": [{"field": "price", "operator": "greater", "value": 1000}]},
        "parameters": [
            {"name": "deal_name", "kind": "field", "value": "name"},
            {"name": "deal_price", "kind": "field", "value": "price"},
            {"name": "source", "kind": "value", "value": "crm"},
        ],
    });
    for (key, value) in settings.as_object().unwrap() {
        body[key] = value.clone();
    }
    let created = up.api.post("/api/v1/triggers", body).await.expect(201);
    created.json()
}

async fn move_order(up: &Up, order: i64, stage: i64) {
    let path = format!("/api/v1/orders/{order}");
    let patch = json!({"id_status": stage});
    up.api.patch(&path, patch).await.expect(200);
}

/// What came but for test requests.
fn calls(receiver: &MockReceiver) -> Vec<ReceivedRequest> {
    let is_test = |request: &ReceivedRequest| {
        request.target.contains("test=test")
            || ["test=test", r#"{"test":"test"}"#].contains(&request.text())
    };
    let all = receiver.requests().into_iter();
    all.filter(|request| !is_test(request)).collect()
}

/// Has the published library check the signature over these bytes.
fn check_signature(request: &ReceivedRequest, signed: &[u8], secret: &Value) {
    let mut headers = hyper::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = request.header(name).unwrap();
        headers.insert(name, value.parse().unwrap());
    }
    let verifier = standardwebhooks::Webhook::new(secret.as_str().unwrap()).unwrap();
    verifier.verify(signed, &headers).unwrap();
}

/// The id of the event that this delivery tells of.
async fn newest_event(up: &Up, event_type: &str) -> String {
    let feed = up.api.get("/api/v1/events?after=0&limit=200").await;
    let feed = feed.expect(200).json();
    let mut events = feed["items"].as_array().unwrap().iter();
    let newest = events.rfind(|event| event["type"] == event_type).unwrap();
    newest["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_order_that_enters_the_stage_is_told_by_post_and_by_get() {
    let home = tempfile::tempdir().unwrap();
    let (up, receiver) = (Up::start(&home).await, MockReceiver::start().await);
    let stages = stages(&up).await;
    let post = trigger(
        &up,
        json!({"id_status": stages[1], "url": receiver.url("/post")}),
    )
    .await;
    let get = trigger(
        &up,
        json!({"id_status": stages[1], "url": receiver.url("/get?key=a%20b"), "method": "GET"}),
    )
    .await;
    assert_eq!(post["method"], "POST");
    assert_eq!(post["format"], "form");
    assert_eq!(post["test"]["status"], 200);

    let order = up
        .create(
            "orders",
            json!({"name": "Заказ & «скидка»", "price": 1500.5}),
        )
        .await;
    let cheap = up
        .create("orders", json!({"name": "cheap", "price": 1000}))
        .await;
    move_order(&up, cheap, stages[1]).await;
    move_order(&up, order, stages[1]).await;
    // Changed while it is there, and gone: neither is an entry.
    let path = format!("/api/v1/orders/{order}");
    up.api
        .patch(&path, json!({"price": 2000}))
        .await
        .expect(200);
    move_order(&up, order, stages[2]).await;

    wait_until(DEADLINE, || async { calls(&receiver).len() >= 2 }).await;
    let said = up.operator(&["verify", "--wait", "20"]).await;
    assert!(said.contains("Nothing is lost."), "{said}");
    let calls = calls(&receiver);
    assert_eq!(calls.len(), 2, "{calls:#?}");
    let of = |method: &str| calls.iter().find(|call| call.method == method).unwrap();
    let pairs = "deal_name=%D0%97%D0%B0%D0%BA%D0%B0%D0%B7+%26+%C2%AB%D1%81%D0%BA%D0%B8%D0%B4%D0%BA\
                 %D0%B0%C2%BB&deal_price=1500.5&source=crm";
    let told = of("POST");
    assert_eq!((told.target.as_str(), told.text()), ("/post", pairs));
    assert_eq!(
        told.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    check_signature(told, &told.body, &post["secret"]);
    let told = of("GET");
    let query = format!("key=a%20b&{pairs}");
    assert_eq!(told.target, format!("/get?{query}"));
    assert!(told.body.is_empty());
    assert_eq!(told.header("content-type"), None);
    check_signature(told, query.as_bytes(), &get["secret"]);
}

#[tokio::test]
async fn the_log_and_the_explanation_say_what_decided() {
    let home = tempfile::tempdir().unwrap();
    let (up, receiver) = (Up::start(&home).await, MockReceiver::start().await);
    let stages = stages(&up).await;
    let settings = json!({"id_status": stages[1], "url": receiver.url("/"), "format": "json"});
    let trigger = trigger(&up, settings).await;
    let path = format!("/api/v1/triggers/{}", trigger["id"]);
    let order = up
        .create("orders", json!({"name": "Заказ", "price": 1500.5}))
        .await;
    move_order(&up, order, stages[1]).await;
    wait_until(DEADLINE, || async { calls(&receiver).len() == 1 }).await;
    let call = calls(&receiver).remove(0);
    assert_eq!(
        call.text(),
        r#"{"deal_name":"Заказ","deal_price":1500.5,"source":"crm"}"#
    );

    let delivered = newest_event(&up, "order.edit").await;
    let explain = format!("{path}/explain?event_id={delivered}");
    wait_until(DEADLINE, || async {
        up.api.get(&explain).await.expect(200).json()["outcome"] == "delivered"
    })
    .await;
    let id = call.header("webhook-id").unwrap();
    let logged = up.api.get(&format!("/api/v1/deliveries/{id}")).await;
    let logged = logged.expect(200).json();
    assert_eq!(logged["webhook_name"], "call the client");
    assert_eq!(logged["trigger"]["id_status"], stages[1]);
    assert!(logged["trigger"]["stage"].is_string());
    let price = json!({"field": "price", "operator": "greater", "value": 1000, "actual": 1500.5});
    assert_eq!(logged["matched"], json!([price]));

    // What the preview shows is what went out.
    let preview = format!("{path}/preview");
    let shown = up
        .api
        .post(&preview, json!({"event_id": delivered}))
        .await
        .expect(200)
        .json();
    assert_eq!(shown["fires"], true);
    assert_eq!(shown["request"]["body"], call.text());
    // An order as the API answers it can be tried out as well.
    let as_answered = up.api.get(&format!("/api/v1/orders/{order}")).await;
    let shown = up
        .api
        .post(&preview, json!({"order": as_answered.json()}))
        .await
        .expect(200)
        .json();
    assert_eq!(shown["request"]["body"], call.text());

    let cheap = up
        .create("orders", json!({"name": "cheap", "price": 5}))
        .await;
    move_order(&up, cheap, stages[1]).await;
    let passed = newest_event(&up, "order.edit").await;
    let explain = format!("{path}/explain?event_id={passed}");
    wait_until(DEADLINE, || async {
        up.api.get(&explain).await.status.as_u16() == 200
    })
    .await;
    let explained = up.api.get(&explain).await.json();
    assert_eq!(explained["outcome"], "not_matched");
    let rules = explained["rules"].as_array().unwrap();
    let failed: Vec<&Value> = rules
        .iter()
        .filter(|rule| rule["passed"] == false)
        .collect();
    assert_eq!(failed.len(), 1, "{explained:#}");
    assert_eq!(failed[0]["rule"], "condition");
}

#[tokio::test]
async fn a_stage_that_is_deleted_takes_its_triggers_out_of_work() {
    let home = tempfile::tempdir().unwrap();
    let (up, receiver) = (Up::start(&home).await, MockReceiver::start().await);
    let pipeline = json!({"name": "Second"});
    let pipeline = up.api.post("/api/v1/pipelines", pipeline).await.expect(201);
    let id = pipeline.json()["id"].as_i64().unwrap();
    let stage = json!({"name": "Short-lived", "kind": "open"});
    let stage = up
        .api
        .post(&format!("/api/v1/pipelines/{id}/stages"), stage)
        .await
        .expect(201)
        .json();
    let stage = stage["id"].as_i64().unwrap();
    // At once: the worker may hear of the stage a moment later.
    let settings = json!({"id_status": stage, "url": receiver.url("/")});
    let trigger = trigger(&up, settings).await;
    assert_eq!(trigger["state"], "active");
    up.api
        .delete(&format!("/api/v1/pipelines/{id}/stages/{stage}"))
        .await
        .expect(204);
    let path = format!("/api/v1/triggers/{}", trigger["id"]);
    wait_until(DEADLINE, || async {
        up.api.get(&path).await.expect(200).json()["state"] == "inactive"
    })
    .await;
    let shown = up.api.get(&path).await.json();
    assert_eq!(shown["inactive_reason"], "stage_deleted");
    let refused = up
        .api
        .patch(&path, json!({"active": true}))
        .await
        .expect(422);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/id_status");
    let other = stages(&up).await[0];
    let moved = json!({"id_status": other, "active": true});
    let moved = up.api.patch(&path, moved).await.expect(200).json();
    assert_eq!(moved["state"], "active");
    assert_eq!(moved["inactive_reason"], Value::Null);
}
