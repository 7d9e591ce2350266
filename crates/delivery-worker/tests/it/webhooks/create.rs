//! `POST /webhooks` as it should be.

use http_api::Scope;
use serde_json::json;
use test_support::Method;

use crate::app::{TestApp, path_of, problem_code};

#[tokio::test]
async fn defaults_are_those_of_the_contract() {
    let app = TestApp::start().await;
    let url = app.receiver.url("/hook?key=1");
    let answer = app
        .api
        .post(
            "/api/v1/webhooks",
            json!({"name": "Склад", "url": url, "events": ["task.delete", "order.add"]}),
        )
        .await
        .expect(201);
    let mut body = answer.json();
    let id = answer.id();
    assert_eq!(
        answer.headers["location"],
        format!("/api/v1/webhooks/{id}").as_str()
    );
    assert_eq!(answer.headers["etag"], "\"1\"");

    assert!(body["secret"].as_str().unwrap().starts_with("whsec_"));
    assert!(body["test"]["ms"].as_i64().unwrap() < 3_000);
    assert_eq!(body["created_at"], body["updated_at"]);
    for key in ["secret", "created_at", "updated_at"] {
        body.as_object_mut().unwrap().remove(key);
    }
    body["test"].as_object_mut().unwrap().remove("ms");
    assert_eq!(
        body,
        json!({
            "id": id,
            "name": "Склад",
            "url": url,
            "format": "form",
            "events": ["order.add", "task.delete"],
            "changed": [],
            "id_pipeline": [],
            "id_status": [],
            "condition": null,
            "skip_own": false,
            "skip_own_token_id": null,
            "active": true,
            "strict_body": false,
            "headers": {},
            "concurrency": 16,
            "rate_per_second": null,
            "ordered": false,
            "latest_only": false,
            "ed25519": false,
            "public_key": null,
            "previous_secret_until": null,
            "retry_schedule_s": null,
            "stop_on_4xx": false,
            "state": "active",
            "disabled_at": null,
            "disabled_reason": null,
            "inactive_reason": null,
            "paused_at": null,
            "paused_until": null,
            "failures_in_a_row": 0,
            "open_until": null,
            "unusable_reason": null,
            "waiting": 0,
            "revision": 1,
            "test": {"status": 200, "error": null},
        })
    );
}

#[tokio::test]
async fn every_setting_is_kept_and_read_back() {
    let app = TestApp::start().await;
    let settings = json!({
        "name": "Полный",
        "url": app.receiver.url("/full"),
        "format": "envelope",
        "events": ["client.edit"],
        "active": false,
        "strict_body": true,
        "headers": {"X-Key": "s3cret", "Authorization": "Bearer t"},
        "concurrency": 3,
        "rate_per_second": 1000,
        "ordered": true,
        "ed25519": true,
        "retry_schedule_s": [0, 10, 172800],
        "stop_on_4xx": true,
    });
    let created = app.create_webhook(settings.clone()).await;
    let answer = app.api.get(&path_of(&created)).await.expect(200);
    let read = answer.json();
    for (key, value) in settings.as_object().unwrap() {
        assert_eq!(&read[key], value, "{key}");
    }
    assert_eq!(read["state"], "inactive");
    assert_eq!(answer.headers["etag"], "\"1\"");
    let order: Vec<_> = read["headers"].as_object().unwrap().keys().collect();
    assert_eq!(order, ["X-Key", "Authorization"], "as they were sent");
}

#[tokio::test]
async fn values_of_own_headers_are_shown_to_who_may_write() {
    let app = TestApp::start().await;
    let created = app
        .create_webhook(json!({"headers": {"X-Key": "s3cret"}}))
        .await;
    let reader = app.api_with(&[Scope::WebhooksRead]);
    let one = reader.get(&path_of(&created)).await.expect(200);
    assert_eq!(one.json()["headers"], json!({"X-Key": "***"}));
    let all = reader.get("/api/v1/webhooks").await.expect(200);
    assert_eq!(all.json()["items"][0]["headers"], json!({"X-Key": "***"}));
    let writer = app.api_with(&[Scope::WebhooksWrite]);
    let one = writer.get(&path_of(&created)).await.expect(200);
    assert_eq!(one.json()["headers"], json!({"X-Key": "s3cret"}));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_yet_is_taken() {
    let app = TestApp::start().await;
    let created = app
        .create_webhook(json!({"url": "http://not-there-yet.test/hook"}))
        .await;
    assert_eq!(created["test"]["status"], json!(null));
    let error = created["test"]["error"].as_str().unwrap();
    assert!(error.starts_with("dns: "), "{error}");
    app.api.get(&path_of(&created)).await.expect(200);
}

#[tokio::test]
async fn a_repeat_with_the_same_key_is_not_a_second_webhook() {
    let app = TestApp::start().await;
    let body = json!({"name": "n", "url": app.receiver.url("/"), "events": ["order.add"]});
    let send = async |body: &serde_json::Value| {
        let headers = [("Idempotency-Key", "key-1")];
        app.api
            .send(Method::POST, "/api/v1/webhooks", &headers, Some(body))
            .await
            .unwrap()
    };
    let first = send(&body).await.expect(201);
    let again = send(&body).await.expect(201);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.headers["location"], first.headers["location"]);
    // Secret and test result included, without a second test request.
    assert_eq!(again.json(), first.json());
    assert_eq!(app.receiver.requests().len(), 1);
    assert_eq!(app.count_rows("webhooks").await, 1);

    let mut other = body.clone();
    other["name"] = json!("other");
    let refused = send(&other).await.expect(422);
    assert_eq!(problem_code(&refused), "idempotency_key_reused");
    let shown = first.json();
    let secret = shown["secret"].as_str().unwrap();
    assert!(
        !app.is_stored(secret.as_bytes()).await,
        "with the answer that is kept"
    );
}

#[tokio::test]
async fn a_full_disk_is_503_and_nothing_is_stored() {
    let app = TestApp::start().await;
    app.break_webhooks().await;
    let body = json!({"name": "n", "url": app.receiver.url("/"), "events": ["order.add"]});
    let refused = app.api.post("/api/v1/webhooks", body).await.expect(503);
    assert_eq!(problem_code(&refused), "unavailable");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(app.count_rows("webhooks").await, 0);
    assert_eq!(app.count_rows("webhook_lanes").await, 0);
    assert!(app.receiver.requests().is_empty(), "settings come first");
}
