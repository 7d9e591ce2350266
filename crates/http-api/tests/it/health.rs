//! `/healthz`, `/readyz`, `/metrics` and the document.

use actix_web::test::TestRequest;
use http_api::Readiness;
use serde_json::json;

use crate::app::TestApi;

#[actix_web::test]
async fn alive_and_ready() {
    let api = TestApi::with_readiness(vec![Readiness::new("database", || async {
        Ok::<(), String>(())
    })]);
    let answer = api.send(TestRequest::get().uri("/healthz")).await;
    assert_eq!((answer.status, answer.body), (200, json!({"status": "ok"})));
    let answer = api.send(TestRequest::get().uri("/readyz")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({"status": "ok", "checks": {"database": "ok"}})
    );
}

#[actix_web::test]
async fn what_is_not_ready_is_named_without_the_reason() {
    let api = TestApi::with_readiness(vec![
        Readiness::new("database", || async {
            Err::<(), _>("password hunter2 refused")
        }),
        Readiness::new("broker", || async { Ok::<(), String>(()) }),
    ]);
    let answer = api.send(TestRequest::get().uri("/readyz")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.body,
        json!({"status": "unavailable", "checks": {"database": "unavailable", "broker": "ok"}})
    );
}

#[actix_web::test]
async fn requests_are_counted_by_route_and_class() {
    let api = TestApi::new();
    api.send(TestRequest::get().uri("/api/v1/notes/41")).await;
    api.send(TestRequest::get().uri("/api/v1/notes/42")).await;
    api.send(TestRequest::get().uri("/wp-admin/42")).await;
    let answer = api.send(TestRequest::get().uri("/metrics")).await;
    assert_eq!(answer.status, 200);
    for line in [
        "dealwire_http_requests_total{method=\"GET\",route=\"/api/v1/notes/{id}\",status=\"4xx\"} 2",
        "dealwire_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"4xx\"} 1",
        "dealwire_http_request_seconds_count{method=\"GET\",route=\"/api/v1/notes/{id}\"} 2",
    ] {
        assert!(
            answer.text.lines().any(|shown| shown == line),
            "{line}\n{}",
            answer.text
        );
    }
    assert!(!answer.text.contains("/42"), "{}", answer.text);
}

#[actix_web::test]
async fn the_document_is_served() {
    let api = TestApi::new();
    let answer = api
        .send(TestRequest::get().uri("/api/v1/openapi.json"))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.body["info"]["title"], "Test");
}
