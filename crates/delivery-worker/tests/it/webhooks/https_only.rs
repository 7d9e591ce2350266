//! `delivery.https_only`: an installation that calls nobody in the clear.

use delivery_worker::MasterKey;
use serde_json::json;
use test_support::MockReceiver;

use crate::app::{ACCOUNT, TestApp, errors, field_errors, path_of};
use crate::samples::order_added;

#[tokio::test]
async fn http_is_refused_when_it_is_saved() {
    let key = MasterKey::generate().unwrap();
    let app = TestApp::start_with_keys(&key, &[]).await;
    let app = app.restart_https_only(&key).await;
    let clear = json!({"name": "n", "events": ["order.add"], "url": app.receiver.url("/hook")});
    let answer = app.api.post("/api/v1/webhooks", clear).await;
    assert_eq!(field_errors(&answer), errors(&[("/url", "url_https_only")]));

    let receiver = MockReceiver::start_tls(&["127.0.0.1"]).await;
    let created = app
        .create_webhook(json!({"url": receiver.url("/hook")}))
        .await;
    let url = json!({"url": app.receiver.url("/hook")});
    let answer = app.api.patch(&path_of(&created), url).await;
    assert_eq!(field_errors(&answer), errors(&[("/url", "url_https_only")]));
    assert_eq!(app.receiver.connections(), 0);
}

#[tokio::test]
async fn a_webhook_from_before_is_not_called_in_the_clear() {
    let key = MasterKey::generate().unwrap();
    let app = TestApp::start_with_keys(&key, &[]).await;
    let receiver = MockReceiver::start().await;
    let created = app
        .create_webhook(json!({"url": receiver.url("/hook")}))
        .await;
    assert_eq!(receiver.requests().len(), 1, "its test");

    let app = app.restart_https_only(&key).await;
    app.publish(&order_added(ACCOUNT, 42)).await;
    let tried = app
        .wait_for_delivery("?origin=event", |delivery| delivery["attempts"] == 1)
        .await;
    assert_eq!(tried["webhook_id"], created["id"]);
    assert_eq!(tried["state"], "pending");
    let error = tried["last_error"].as_str().unwrap();
    assert!(error.contains("https://"), "{error}");
    assert_eq!(receiver.requests().len(), 1);
}
