//! One trace through three processes, the broker and their databases.

use serde_json::json;
use test_support::{Method, MockReceiver};

use super::site::{Role, Site};
use crate::collector::{CALLER, Collector, way_to};

#[tokio::test]
async fn a_trace_goes_on_from_process_to_process() {
    let Some(site) = Site::prepare().await else {
        return;
    };
    let collector = Collector::start().await;
    let receiver = MockReceiver::start().await;
    let start = |role| {
        let mut command = site.command(&[role, "--http", "127.0.0.1:0"]);
        command.env("DEALWIRE__TRACES__ENDPOINT", collector.endpoint());
        Role::start(command)
    };
    let (worker, entity) = tokio::join!(start("delivery-worker"), start("entity-service"));
    worker.until_ready().await;
    entity.until_ready().await;
    let token = site.token().await;
    let webhook = json!({
        "name": "w", "url": receiver.url("/"), "format": "json", "events": ["order.add"],
    });
    let made = worker.api(&token).post("/api/v1/webhooks", webhook).await;
    made.expect(201);
    let headers = [("traceparent", CALLER)];
    let order = json!({"name": "Заказ"});
    let api = entity.api(&token);
    let sent = api.send(Method::POST, "/api/v1/orders", &headers, Some(&order));
    sent.await.unwrap().expect(201);

    let request = "POST /api/v1/orders";
    let spans = collector
        .trace(&[request, "write", "publish", "take in", "callback"])
        .await;
    assert_eq!(way_to(&spans, "take in"), [request, "publish", "take in"]);
    assert_eq!(way_to(&spans, "callback"), [request, "callback"]);
    let service = |name: &str| {
        let span = spans.iter().find(|span| span.name == name);
        span.unwrap().service.clone()
    };
    assert_eq!(service("publish"), "entity-service");
    assert_eq!(service("take in"), "delivery-worker");
    assert_eq!(service("callback"), "delivery-worker");
}
