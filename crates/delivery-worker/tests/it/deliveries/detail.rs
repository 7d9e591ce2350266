//! `GET /deliveries/{id}`: requests and answers as on the wire.

use serde_json::{Value, json};
use test_support::{Answer, MockReceiver};

use crate::app::{ACCOUNT, TestApp};
use crate::samples::{client_added, order_deleted};

async fn detail(app: &TestApp, delivery: &Value) -> Value {
    let id = delivery["id"].as_str().unwrap();
    let path = format!("/api/v1/deliveries/{id}");
    app.api.get(&path).await.expect(200).json()
}

fn header<'a>(headers: &'a Value, name: &str) -> Option<&'a str> {
    let headers = headers.as_array().unwrap();
    let found = headers.iter().find(|header| header["name"] == name)?;
    found["value"].as_str()
}

#[tokio::test]
async fn request_and_answer_are_as_on_the_wire() {
    let app = TestApp::start().await;
    let url = app.receiver.url("/hook?a=1");
    app.create_webhook(json!({"url": url, "headers": {"X-Key": "s3cret"}}))
        .await;
    let answer = Answer::status(201).header("X-Reply", "yes").body("принято");
    app.receiver.answer_next(answer);
    app.publish(&order_deleted(ACCOUNT, 42)).await;
    let delivery = app
        .wait_for_delivery("?origin=event", |delivery| delivery["state"] == "delivered")
        .await;
    let shown = detail(&app, &delivery).await;
    for (key, value) in delivery.as_object().unwrap() {
        assert_eq!(&shown[key], value, "{key}");
    }
    let attempts = shown["attempts_log"].as_array().unwrap();
    assert_eq!(attempts.len(), 1);
    let attempt = &attempts[0];
    assert_eq!(attempt["number"], 1);
    assert_eq!(attempt["outcome"], "success");
    assert_eq!(attempt["error"], json!(null));
    assert_eq!(attempt["remote"], app.receiver.address().to_string());

    let request = &attempt["request"];
    assert_eq!(request["method"], "POST");
    assert_eq!(request["url"], url);
    assert_eq!(request["body"], "id=42&component=order&event=delete");
    assert_eq!(request["body_encoding"], "text");
    let received = &app.receiver.requests()[1];
    assert_eq!(received.text(), request["body"]);
    assert_eq!(received.header("x-key"), Some("s3cret"));
    assert_eq!(header(&request["headers"], "x-key"), Some("***"));
    for (name, value) in &received.headers {
        if !name.eq_ignore_ascii_case("x-key") {
            let name = name.to_ascii_lowercase();
            assert_eq!(
                header(&request["headers"], &name),
                Some(value.as_str()),
                "{name}"
            );
        }
    }

    let response = &attempt["response"];
    assert_eq!(response["status"], 201);
    assert_eq!(header(&response["headers"], "x-reply"), Some("yes"));
    assert_eq!(response["body"], "принято");
    assert_eq!(response["body_encoding"], "text");
    assert_eq!(response["truncated"], false);
    assert!(!shown.to_string().contains("s3cret"));
}

#[tokio::test]
async fn answers_of_any_bytes_are_kept() {
    let app = TestApp::start().await;
    app.create_webhook(json!({})).await;
    app.receiver
        .answer_next(Answer::ok().body(&b"\0\xff\0"[..]));
    app.publish(&order_deleted(ACCOUNT, 1)).await;
    let query = "?record_id=1";
    let delivery = app
        .wait_for_delivery(query, |delivery| delivery["state"] == "delivered")
        .await;
    let response = detail(&app, &delivery).await["attempts_log"][0]["response"].clone();
    assert_eq!(response["body"], "AP8A");
    assert_eq!(response["body_encoding"], "base64");

    app.receiver
        .answer_next(Answer::ok().body("x".repeat(5_000)));
    app.publish(&order_deleted(ACCOUNT, 2)).await;
    let delivery = app
        .wait_for_delivery("?record_id=2", |delivery| delivery["state"] == "delivered")
        .await;
    let response = detail(&app, &delivery).await["attempts_log"][0]["response"].clone();
    assert_eq!(response["body"], "x".repeat(4_096));
    assert_eq!(response["truncated"], true);
}

#[tokio::test]
async fn an_attempt_without_an_answer_says_where_it_failed() {
    let app = TestApp::start().await;
    let receiver = MockReceiver::start().await;
    app.create_webhook(json!({"url": receiver.url("/")})).await;
    receiver.go_down();
    app.publish(&order_deleted(ACCOUNT, 1)).await;
    let delivery = app
        .wait_for_delivery("?origin=event", |delivery| delivery["attempts"] == 1)
        .await;
    assert_eq!(delivery["state"], "pending");
    assert_eq!(delivery["last_status"], json!(null));
    assert!(
        delivery["last_error"]
            .as_str()
            .unwrap()
            .starts_with("connect")
    );
    assert!(delivery["next_attempt_at"].is_string());
    let attempt = detail(&app, &delivery).await["attempts_log"][0].clone();
    assert_eq!(attempt["outcome"], "connect");
    assert!(attempt["error"].is_string());
    assert_eq!(attempt["response"], json!(null));
    assert_eq!(
        attempt["request"]["body"],
        "id=1&component=order&event=delete"
    );
}

#[tokio::test]
async fn what_is_no_delivery_is_not_found() {
    let app = TestApp::start().await;
    for id in ["1", "x", "019b7ca9-8d03-7000-8000-000000000001"] {
        let path = format!("/api/v1/deliveries/{id}");
        app.api.get(&path).await.expect(404);
        app.api
            .post(&format!("{path}/retry"), json!({}))
            .await
            .expect(404);
    }
}

/// A first attempt that succeeds is not kept as bytes: its request is worked out again.
#[tokio::test]
async fn a_first_request_stays_as_it_was_sent_whatever_becomes_of_the_webhook() {
    let app = TestApp::start().await;
    let variants = [
        json!({}),
        json!({"format": "json", "headers": {"X-Key": "s3cret", "X-Other": "1"}}),
        json!({"format": "envelope", "ed25519": true}),
        json!({"strict_body": true, "retry_schedule_s": [0]}),
        json!({"url": app.receiver.url("/hook?a=1&b=%20"), "latest_only": true}),
    ];
    let mut webhooks = Vec::new();
    for settings in variants {
        webhooks.push(app.create_webhook(settings).await);
    }
    app.publish(&client_added(ACCOUNT, 7)).await;
    for webhook in &webhooks {
        let query = format!("?webhook_id={}&origin=event", webhook["id"]);
        app.wait_for_delivery(&query, |it| it["state"] == "delivered")
            .await;
        let path = format!("/api/v1/webhooks/{}", webhook["id"]);
        let other = json!({"format": "json", "headers": {"X-New": "2"}, "strict_body": false});
        app.api.patch(&path, other).await.expect(200);
        let rotate = format!("{path}/secret/rotate");
        app.api
            .post(&rotate, json!({"overlap_hours": 0}))
            .await
            .expect(200);
    }
    let mut requests = app.receiver.requests();
    // Tests of the webhook tell of no record.
    requests.retain(|request| request.header("x-record-revision").is_some());
    assert_eq!(requests.len(), webhooks.len());
    for received in &requests {
        let id = json!({"id": received.header("webhook-id").unwrap()});
        let shown = detail(&app, &id).await;
        let attempt = &shown["attempts_log"][0];
        assert_eq!(attempt["request"]["body"], received.text());
        let logged = attempt["request"]["headers"].as_array().unwrap();
        assert_eq!(logged.len(), received.headers.len());
        for ((name, value), logged) in received.headers.iter().zip(logged) {
            let own = ["x-key", "x-other"].contains(&name.to_ascii_lowercase().as_str());
            let value = if own { "***" } else { value.as_str() };
            let expected = json!({"name": name.to_ascii_lowercase(), "value": value});
            assert_eq!(logged, &expected);
        }
    }
}

/// Nothing of an attempt is lost where a row's place for the first one is taken.
#[tokio::test]
async fn attempts_after_a_first_success_are_kept_beside_it() {
    let app = TestApp::start().await;
    app.create_webhook(json!({})).await;
    app.publish(&order_deleted(ACCOUNT, 42)).await;
    let query = "?origin=event";
    let delivery = app
        .wait_for_delivery(query, |it| it["state"] == "delivered")
        .await;
    app.receiver.answer_next(Answer::status(503).body("later"));
    let path = format!(
        "/api/v1/deliveries/{}/retry",
        delivery["id"].as_str().unwrap()
    );
    for attempts in 2..=3 {
        app.api
            .post(&path, json!({"force": true}))
            .await
            .expect(200);
        app.wait_for_delivery(query, |it| {
            it["attempts"] == attempts && it["state"] != "pending"
        })
        .await;
    }
    let shown = detail(&app, &delivery).await;
    let attempts = shown["attempts_log"].as_array().unwrap();
    let outcomes: Vec<_> = attempts
        .iter()
        .map(|it| (it["number"].clone(), it["response"]["status"].clone()))
        .collect();
    assert_eq!(
        outcomes,
        [
            (json!(1), json!(200)),
            (json!(2), json!(503)),
            (json!(3), json!(200))
        ]
    );
    assert!(
        attempts
            .iter()
            .all(|it| it["request"]["body"] == "id=42&component=order&event=delete")
    );
}
