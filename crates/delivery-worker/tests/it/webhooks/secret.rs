//! The secret: shown once, encrypted at rest, and what callbacks are signed with.

mod public_key;
mod resealing;
mod rotating;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use delivery_worker::MasterKey;
use hyper::HeaderMap;
use hyper::header::HeaderName;
use serde_json::json;
use standardwebhooks::Webhook;
use test_support::ReceivedRequest;

use crate::app::{ACCOUNT, TestApp, path_of};
use crate::samples::order_added;

fn is_signed_with(request: &ReceivedRequest, secret: &str) -> bool {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let name: HeaderName = name.parse().unwrap();
        headers.insert(name, value.parse().unwrap());
    }
    let verifier = Webhook::new(secret).unwrap();
    verifier.verify(&request.body, &headers).is_ok()
}

#[tokio::test]
async fn it_is_shown_once_and_rests_encrypted() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let secret = created["secret"].as_str().unwrap();
    let path = path_of(&created);
    let test = app.api.post(&format!("{path}/test"), json!({})).await;
    let delivery = test.expect(200).json()["delivery_id"].clone();
    let delivery = format!("/api/v1/deliveries/{}", delivery.as_str().unwrap());
    let later = [
        app.api.get(&path).await.expect(200),
        app.api.get("/api/v1/webhooks").await.expect(200),
        app.api.patch(&path, json!({"name": "x"})).await.expect(200),
        app.api.get("/api/v1/deliveries").await.expect(200),
        app.api.get(&delivery).await.expect(200),
    ];
    let encoded = secret.strip_prefix("whsec_").unwrap();
    for answer in later {
        assert!(answer.json().get("secret").is_none());
        assert!(!String::from_utf8_lossy(&answer.body).contains(encoded));
    }
    assert!(!app.is_stored(encoded.as_bytes()).await);
    assert!(!app.is_stored(&STANDARD.decode(encoded).unwrap()).await);
    assert!(
        app.is_stored(b"/hook").await,
        "the look-up finds what is there"
    );
}

#[tokio::test]
async fn tests_and_callbacks_are_signed_with_it() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let secret = created["secret"].as_str().unwrap();
    app.publish(&order_added(ACCOUNT, 42)).await;
    for request in app.receiver.wait_for_requests(2).await {
        assert!(is_signed_with(&request, secret), "{request:?}");
    }
}

#[tokio::test]
async fn the_callers_own_secret_is_used() {
    let app = TestApp::start().await;
    let own = format!("whsec_{}", STANDARD.encode([7_u8; 24]));
    let created = app.create_webhook(json!({"secret": own})).await;
    assert_eq!(created["secret"], own);
    let requests = app.receiver.wait_for_requests(1).await;
    assert!(is_signed_with(&requests[0], &own));
    let strange = format!("whsec_{}", STANDARD.encode([8_u8; 24]));
    assert!(!is_signed_with(&requests[0], &strange));
    assert!(!app.is_stored(&[7; 24]).await);
}

#[tokio::test]
async fn every_webhook_has_another() {
    let app = TestApp::start().await;
    let one = app.create_webhook(json!({})).await;
    let other = app.create_webhook(json!({})).await;
    assert_ne!(one["secret"], other["secret"]);
}

#[tokio::test]
async fn master_keys_can_be_changed_one_restart_at_a_time() {
    let (old, new) = (
        MasterKey::generate().unwrap(),
        MasterKey::generate().unwrap(),
    );
    let app = TestApp::start_with_keys(&old, &[]).await;
    let receiver = test_support::MockReceiver::start().await;
    let created = app.create_webhook(json!({"url": receiver.url("/")})).await;
    let path = path_of(&created);
    let test = async |app: &TestApp| {
        let answer = app.api.post(&format!("{path}/test"), json!({})).await;
        answer.expect(200).json()
    };

    let app = app.restart_with_keys(&new, &[]).await;
    let unsent = test(&app).await;
    assert_eq!(unsent["status"], json!(null));
    assert_eq!(unsent["delivery_id"], json!(null));
    assert_eq!(
        unsent["error"],
        "the secret is encrypted under a master key that is not configured"
    );

    let app = app
        .restart_with_keys(&new, std::slice::from_ref(&old))
        .await;
    assert_eq!(test(&app).await["status"], 200);
    app.api.patch(&path, json!({"name": "x"})).await.expect(200);

    let app = app.restart_with_keys(&new, &[]).await;
    assert_eq!(test(&app).await["status"], 200, "sealed anew by the change");
    let requests = receiver.requests();
    assert_eq!(requests.len(), 4);
    let secret = created["secret"].as_str().unwrap();
    assert!(
        requests
            .iter()
            .all(|request| is_signed_with(request, secret))
    );
}
