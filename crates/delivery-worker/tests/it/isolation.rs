//! One account never sees, changes or triggers anything of another; and nobody does anything
//! without the scope for it.

use http_api::Scope;
use serde_json::json;
use test_support::{ApiClient, Method};

use crate::app::{ACCOUNT, OTHER_ACCOUNT, TestApp, path_of, problem_code};
use crate::samples::order_added;

/// Every route of the service, with a body for those that take one.
fn routes(webhook: &str, delivery: &str) -> Vec<(Method, String, Option<serde_json::Value>)> {
    let delivery = format!("/api/v1/deliveries/{delivery}");
    vec![
        (Method::GET, webhook.to_owned(), None),
        (
            Method::PATCH,
            webhook.to_owned(),
            Some(json!({"name": "theirs"})),
        ),
        (Method::POST, format!("{webhook}/test"), Some(json!({}))),
        (Method::POST, format!("{webhook}/pause"), Some(json!({}))),
        (Method::POST, format!("{webhook}/resume"), Some(json!({}))),
        (Method::DELETE, webhook.to_owned(), None),
        (Method::GET, delivery.clone(), None),
        (
            Method::POST,
            format!("{delivery}/retry"),
            Some(json!({"force": true})),
        ),
    ]
}

async fn status(
    api: &ApiClient,
    method: &Method,
    path: &str,
    body: Option<&serde_json::Value>,
) -> (u16, String) {
    let answer = api.send(method.clone(), path, &[], body).await.unwrap();
    let code = if answer.status.is_success() {
        String::new()
    } else {
        problem_code(&answer)
    };
    (answer.status.as_u16(), code)
}

#[tokio::test]
async fn another_account_finds_nothing() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    app.publish(&order_added(ACCOUNT, 1)).await;
    let delivery = app
        .wait_for_delivery("?origin=event", |delivery| delivery["state"] == "delivered")
        .await;
    let seen = app.receiver.requests().len();
    let path = path_of(&created);
    let before = app.api.get(&path).await.expect(200).json();
    for (method, path, body) in routes(&path, delivery["id"].as_str().unwrap()) {
        let found = status(&app.other, &method, &path, body.as_ref()).await;
        assert_eq!(found, (404, "not_found".to_owned()), "{method} {path}");
    }
    for list in [
        "/api/v1/webhooks".to_owned(),
        "/api/v1/triggers".to_owned(),
        "/api/v1/deliveries".to_owned(),
        format!("/api/v1/deliveries?webhook={}", created["id"]),
    ] {
        let page = app.other.get(&list).await.expect(200).json();
        assert_eq!(page, json!({"items": [], "next_cursor": null}), "{list}");
    }
    assert_eq!(app.api.get(&path).await.expect(200).json(), before);
    assert_eq!(app.receiver.requests().len(), seen, "nothing was triggered");
}

#[tokio::test]
async fn events_fire_webhooks_of_their_own_account_only() {
    let app = TestApp::start().await;
    app.create_webhook(json!({})).await;
    app.create_webhook_as(&app.other, json!({"url": app.receiver.url("/theirs")}))
        .await;
    app.publish(&order_added(OTHER_ACCOUNT, 7)).await;
    let requests = app.receiver.wait_for_requests(3).await;
    assert_eq!(requests[2].target, "/theirs");
    assert_eq!(app.deliveries("?origin=event").await.len(), 0);
    let theirs = app.other.get("/api/v1/deliveries?origin=event").await;
    assert_eq!(theirs.expect(200).json()["items"][0]["record_id"], 7);
}

#[tokio::test]
async fn one_idempotency_key_serves_two_accounts() {
    let app = TestApp::start().await;
    let body = json!({"name": "n", "url": app.receiver.url("/"), "events": ["order.add"]});
    let headers = [("Idempotency-Key", "same")];
    for api in [&app.api, &app.other] {
        let answer = api
            .send(Method::POST, "/api/v1/webhooks", &headers, Some(&body))
            .await
            .unwrap()
            .expect(201);
        assert!(!answer.headers.contains_key("idempotency-replayed"));
    }
    assert_eq!(app.count_rows("webhooks").await, 2);
}

#[tokio::test]
async fn reading_does_not_permit_writing_and_other_scopes_permit_nothing() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let test = app.deliveries("").await.remove(0);
    let path = path_of(&created);
    let mut all = routes(&path, test["id"].as_str().unwrap());
    let create = json!({"name": "n", "url": app.receiver.url("/"), "events": ["order.add"]});
    all.push((Method::POST, "/api/v1/webhooks".to_owned(), Some(create)));
    all.push((Method::GET, "/api/v1/webhooks".to_owned(), None));
    let create = json!({
        "name": "n", "id_status": 12, "event": "entered", "url": app.receiver.url("/"),
    });
    let trigger = "/api/v1/triggers".to_owned();
    all.push((Method::POST, trigger.clone(), Some(create)));
    all.push((Method::GET, trigger.clone(), None));
    all.push((Method::PATCH, format!("{trigger}/1"), Some(json!({}))));
    all.push((Method::DELETE, format!("{trigger}/1"), None));
    all.push((Method::POST, format!("{trigger}/1/test"), None));
    all.push((Method::POST, format!("{trigger}/1/pause"), None));
    all.push((Method::POST, format!("{trigger}/1/resume"), None));
    all.push((Method::GET, "/api/v1/deliveries".to_owned(), None));

    let reader = app.api_with(&[Scope::WebhooksRead]);
    let stranger = app.api_with(&[Scope::RecordsWrite, Scope::LeadsWrite, Scope::AdminWrite]);
    let nobody = app.api.with_token("x.y.z");
    for (method, path, body) in all {
        let read = status(&reader, &method, &path, body.as_ref()).await.0;
        let expected = if method == Method::GET { 200 } else { 403 };
        assert_eq!(read, expected, "{method} {path}");
        let refused = status(&stranger, &method, &path, body.as_ref()).await;
        assert_eq!(refused, (403, "forbidden".to_owned()), "{method} {path}");
        let unknown = status(&nobody, &method, &path, body.as_ref()).await;
        assert_eq!(
            unknown,
            (401, "unauthenticated".to_owned()),
            "{method} {path}"
        );
    }
    assert_eq!(app.receiver.requests().len(), 1);
    assert_eq!(app.count_rows("webhooks").await, 1);
}
