//! One trace from a request to its callbacks.

use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{Method, MockReceiver};

use super::process::{Up, dealwire};
use crate::collector::{CALLER, Collector, way_to};

async fn traced(collector: &Collector, home: &TempDir) -> Up {
    let mut command = dealwire();
    command.env("DEALWIRE__TRACES__ENDPOINT", collector.endpoint());
    Up::start_with(command, home.path()).await
}

#[tokio::test]
async fn an_edit_and_its_callback_are_one_trace() {
    let home = tempfile::tempdir().unwrap();
    let collector = Collector::start().await;
    let receiver = MockReceiver::start().await;
    let up = traced(&collector, &home).await;
    up.webhook(&receiver.url("/"), "json", &["order.add"]).await;
    let headers = [("traceparent", CALLER)];
    let order = json!({"name": "Заказ"});
    let sent = up
        .api
        .send(Method::POST, "/api/v1/orders", &headers, Some(&order));
    sent.await.unwrap().expect(201);

    let request = "POST /api/v1/orders";
    let spans = collector
        .trace(&[request, "write", "publish", "take in", "callback"])
        .await;
    assert_eq!(way_to(&spans, "write"), [request, "write"]);
    assert_eq!(way_to(&spans, "take in"), [request, "publish", "take in"]);
    assert_eq!(way_to(&spans, "callback"), [request, "callback"]);
    assert_eq!(spans.len(), 5);
    let callback = spans.iter().find(|span| span.name == "callback").unwrap();
    assert_eq!(callback.service, "dealwire");
    assert_eq!(callback.attributes["http.response.status_code"], "200");
    assert_eq!(callback.attributes["attempt"], "1");
}

#[tokio::test]
async fn a_lead_its_order_and_the_callback_are_one_trace() {
    let home = tempfile::tempdir().unwrap();
    let collector = Collector::start().await;
    let receiver = MockReceiver::start().await;
    let up = traced(&collector, &home).await;
    up.webhook(&receiver.url("/"), "json", &["order.add"]).await;
    let source = json!({"type": "webhook", "name": "site"});
    let source: Value = up
        .api
        .post("/api/v1/sources", source)
        .await
        .expect(201)
        .json();
    let token = source["token"].as_str().unwrap();
    let lead = json!({"name": "Иван", "phone": "+7 999 888-77-66"});
    let headers = [("traceparent", CALLER)];
    let path = format!("/in/{token}");
    let sent = up.api.send(Method::POST, &path, &headers, Some(&lead));
    assert!(sent.await.unwrap().status.is_success());

    let spans = collector.trace(&["convert lead", "callback"]).await;
    let [request, ..] = way_to(&spans, "convert lead")[..] else {
        unreachable!("a way has a begin")
    };
    assert!(request.starts_with("POST /in/{"), "{request}");
    assert_eq!(way_to(&spans, "callback"), [request, "callback"]);
    let told = format!("{spans:?}");
    assert!(!told.contains(token), "an inbound URL is a secret: {told}");
}
