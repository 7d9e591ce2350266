//! The test request of S0: what it is, and that it stands in nobody's way.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_support::{Answer, MockReceiver};

use crate::app::{TestApp, path_of};

#[tokio::test]
async fn it_is_the_variable_test_and_nothing_else() {
    let app = TestApp::start().await;
    for (format, body, content_type) in [
        ("form", "test=test", "application/x-www-form-urlencoded"),
        ("json", r#"{"test":"test"}"#, "application/json"),
        ("envelope", r#"{"test":"test"}"#, "application/json"),
    ] {
        let receiver = MockReceiver::start().await;
        app.create_webhook(json!({
            "format": format, "url": receiver.url("/x?a=1"), "headers": {"X-Key": "k"},
        }))
        .await;
        let requests = receiver.requests();
        assert_eq!(requests.len(), 1, "{format}");
        let request = &requests[0];
        assert_eq!(request.method, "POST");
        assert_eq!(request.target, "/x?a=1");
        assert_eq!(request.text(), body);
        assert_eq!(request.header("content-type"), Some(content_type));
        assert_eq!(request.header("x-key"), Some("k"));
        assert_eq!(request.header("x-delivery-attempt"), Some("1"));
        assert_eq!(request.header("x-record-revision"), None);
    }
}

async fn test_of(app: &TestApp, receiver: &MockReceiver) -> Value {
    let created = app.create_webhook(json!({"url": receiver.url("/")})).await;
    let read = app.api.get(&path_of(&created)).await.expect(200).json();
    assert_eq!(read["state"], "active", "saved all the same");
    created["test"].clone()
}

#[tokio::test]
async fn whatever_the_receiver_does_the_webhook_is_saved() {
    let app = TestApp::start().await;
    for (answer, status, error) in [
        (Answer::status(500), json!(500), "the receiver answered 500"),
        (Answer::status(404), json!(404), "the receiver answered 404"),
        (Answer::status(410), json!(410), "the receiver answered 410"),
        (
            Answer::redirect("http://10.0.0.1/"),
            json!(302),
            "the receiver answered 302",
        ),
        (Answer::reset(), json!(null), "reset: "),
        (Answer::hang_up(), json!(null), "reset: "),
        (Answer::raw("no http at all"), json!(null), "bad_response: "),
        (Answer::raw("\0\0\0\0"), json!(null), "bad_response: "),
    ] {
        let receiver = MockReceiver::start().await;
        receiver.answer_always(answer);
        let test = test_of(&app, &receiver).await;
        assert_eq!(test["status"], status);
        let message = test["error"].as_str().unwrap();
        assert!(message.starts_with(error), "{message}");
    }
    for answer in [
        Answer::status(204),
        Answer::ok().body(&b"\0\xff"[..]),
        Answer::endless_body(200),
        Answer::reset_after_status(200),
    ] {
        let receiver = MockReceiver::start().await;
        receiver.answer_always(answer);
        let test = test_of(&app, &receiver).await;
        assert_eq!(test["error"], json!(null), "{test}");
    }
}

#[tokio::test]
async fn a_receiver_that_is_down_is_told() {
    let app = TestApp::start().await;
    let receiver = MockReceiver::start().await;
    receiver.go_down();
    let test = test_of(&app, &receiver).await;
    assert_eq!(test["status"], json!(null));
    let error = test["error"].as_str().unwrap();
    assert!(error.starts_with("connect: "), "{error}");
}

#[tokio::test]
async fn a_receiver_that_is_slow_costs_three_seconds() {
    let app = TestApp::start().await;
    let receiver = MockReceiver::start().await;
    receiver.answer_always(Answer::never());
    let started = Instant::now();
    let test = test_of(&app, &receiver).await;
    let took = started.elapsed();
    assert!(
        took >= Duration::from_secs(3) && took < Duration::from_secs(6),
        "{took:?}"
    );
    assert_eq!(test["status"], json!(null));
    assert!(test["ms"].as_i64().unwrap() >= 3_000);
    let error = test["error"].as_str().unwrap();
    assert!(error.starts_with("timeout: "), "{error}");
}

#[tokio::test]
async fn it_is_sent_on_demand_and_kept_in_the_log() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"active": false})).await;
    app.receiver.answer_next(Answer::status(503).body("later"));
    let path = format!("{}/test", path_of(&created));
    let answer = app.api.post(&path, json!({})).await.expect(200).json();
    assert_eq!(answer["status"], 503);
    assert_eq!(
        answer["error"],
        "the receiver answered 503, and only 2xx is a success"
    );
    assert!(answer["ms"].is_i64());
    let keys: Vec<_> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["status", "ms", "error", "delivery_id"]);

    let requests = app.receiver.requests();
    let id = requests[1].header("webhook-id").unwrap();
    assert_eq!(answer["delivery_id"], id);
    let logged = app.api.get(&format!("/api/v1/deliveries/{id}")).await;
    let logged = logged.expect(200).json();
    assert_eq!(logged["origin"], "test");
    assert_eq!(logged["type"], "test");
    assert_eq!(logged["state"], "failed");
    assert_eq!(logged["event_id"], json!(null));
    assert_eq!(logged["component"], json!(null));
    assert_eq!(logged["last_status"], 503);
    let attempt = &logged["attempts_log"][0];
    assert_eq!(attempt["outcome"], "http_error");
    assert_eq!(attempt["request"]["body"], "test=test");
    assert_eq!(attempt["response"]["body"], "later");

    let refused = app.api.post(&path, json!({"now": true})).await;
    assert_eq!(
        crate::app::field_errors(&refused),
        crate::app::errors(&[("/now", "unknown_field")])
    );
}
