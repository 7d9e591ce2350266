//! What a receiver gets.

use events::Action;
use serde_json::json;
use standardwebhooks::Webhook;
use test_support::MockReceiver;

use super::events::{order_added, order_changed};
use super::site::{Site, callbacks, wait_for_callbacks};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_arrives_signed_and_is_on_record() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    let webhook = worker.webhook(&receiver).await;

    let event = order_changed(Action::Edit, 42, 3, "Заказ");
    site.take_in(&event).await;
    let requests = wait_for_callbacks(&receiver, 1).await;
    let request = &requests[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.target, "/hook");
    assert!(
        request
            .text()
            .starts_with("id=42&name=%D0%97%D0%B0%D0%BA%D0%B0%D0%B7&price=&"),
        "{}",
        request.text()
    );
    assert!(request.text().ends_with("&component=order&event=edit"));
    assert_eq!(request.header("x-delivery-attempt"), Some("1"));
    assert_eq!(request.header("x-record-revision"), Some("3"));

    let secret = webhook["secret"].as_str().unwrap();
    let mut headers = hyper::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = request.header(name).unwrap().parse().unwrap();
        headers.insert(hyper::header::HeaderName::from_static(name), value);
    }
    let verifier = Webhook::new(secret).unwrap();
    verifier.verify(&request.body, &headers).unwrap();

    let rows = site.wait_for(1, "delivered").await;
    assert_eq!((rows[0].attempts, rows[0].last_status), (1, Some(200)));
    let id = uuid::Uuid::from_slice(&rows[0].id).unwrap();
    assert_eq!(request.header("webhook-id"), Some(&*id.to_string()));
    let attempts = worker.logged_attempts(&rows[0].id).await;
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0]["request"]["body"], request.text());
    assert_eq!(attempts[0]["response"]["body"], "ok");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn own_headers_arrive_and_are_masked_on_record() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker
        .webhook_with(&receiver, json!({"headers": {"X-Api-Key": "s3cret"}}))
        .await;
    site.take_in(&order_added(1)).await;
    let requests = wait_for_callbacks(&receiver, 1).await;
    assert_eq!(requests[0].header("x-api-key"), Some("s3cret"));
    let rows = site.wait_for(1, "delivered").await;
    let attempt = worker.logged_attempts(&rows[0].id).await.remove(0);
    let headers = attempt["request"]["headers"].as_array().unwrap();
    assert!(headers.contains(&json!({"name": "x-api-key", "value": "***"})));
    assert!(!attempt.to_string().contains("s3cret"), "{attempt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_webhook_that_asked_gets_it_and_no_other() {
    let site = Site::start().await;
    let (wanted, other) = (MockReceiver::start().await, MockReceiver::start().await);
    let worker = site.worker().await;
    worker.webhook(&wanted).await;
    worker
        .webhook_with(&wanted, json!({"format": "json"}))
        .await;
    worker
        .webhook_with(&other, json!({"events": ["client.add", "order.delete"]}))
        .await;
    worker.webhook_with(&other, json!({"active": false})).await;

    site.take_in(&order_added(1)).await;
    site.wait_for(2, "delivered").await;
    let bodies = callbacks(&wanted);
    let form = bodies
        .iter()
        .filter(|request| request.text().starts_with("id=1&"));
    assert_eq!(form.count(), 1);
    assert_eq!(callbacks(&other).len(), 0);
    let matched = site.number("SELECT matched AS number FROM events").await;
    assert_eq!(matched, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_nobody_wants_is_known_all_the_same() {
    let site = Site::start().await;
    let _worker = site.worker().await;
    site.take_in(&order_added(1)).await;
    let known = site
        .number("SELECT count(*) AS number FROM events WHERE matched = 0")
        .await;
    assert_eq!(known, 1);
    assert_eq!(site.deliveries().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_every_change_made_after_it_was_created() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    for round in 1..=10 {
        worker.webhook(&receiver).await;
        site.take_in(&order_added(round)).await;
        let matched = site
            .number("SELECT matched AS number FROM events ORDER BY event_id DESC LIMIT 1")
            .await;
        assert_eq!(matched, round);
    }
    site.wait_for(55, "delivered").await;
}
