//! `PATCH /webhooks/{id}`.

use serde_json::json;
use test_support::{Answer, Method};

use crate::app::{ACCOUNT, TestApp, path_of, problem_code};
use crate::samples::order_added;

#[tokio::test]
async fn a_change_is_a_version_of_its_own_and_is_tested() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    let patch = json!({"name": "Новое", "format": "json", "url": app.receiver.url("/new")});
    let answer = app.api.patch(&path, patch).await.expect(200);
    assert_eq!(answer.headers["etag"], "\"2\"");
    let body = answer.json();
    assert_eq!(body["name"], "Новое");
    assert_eq!(body["format"], "json");
    assert_eq!(body["revision"], 2);
    assert_eq!(body["test"]["status"], 200);
    assert!(body.get("secret").is_none());
    assert_eq!(app.count_rows("webhook_versions").await, 2);

    let requests = app.receiver.wait_for_requests(2).await;
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].target, "/new");
    assert_eq!(requests[1].text(), r#"{"test":"test"}"#);
    assert_ne!(
        requests[0].header("webhook-id"),
        requests[1].header("webhook-id")
    );
}

#[tokio::test]
async fn a_patch_that_changes_nothing_sends_nothing() {
    let app = TestApp::start().await;
    let created = app
        .create_webhook(json!({"headers": {"X-A": "1"}, "retry_schedule_s": [0, 5]}))
        .await;
    let path = path_of(&created);
    let read = app.api.get(&path).await.expect(200).json();
    for patch in [
        json!({}),
        json!({"name": "hook"}),
        json!({"concurrency": 16, "active": true}),
        json!({"headers": {"X-A": "1", "X-Absent": null}}),
        read.clone(),
    ] {
        let answer = app.api.patch(&path, patch.clone()).await.expect(200);
        assert_eq!(answer.json(), read, "{patch}");
        assert_eq!(answer.headers["etag"], "\"1\"");
    }
    assert_eq!(
        app.receiver.requests().len(),
        1,
        "the test on creation only"
    );
    assert_eq!(app.count_rows("webhook_versions").await, 1);
}

#[tokio::test]
async fn headers_merge_by_name_and_null_resets() {
    let app = TestApp::start().await;
    let created = app
        .create_webhook(json!({
            "headers": {"X-A": "1", "X-B": "2"}, "format": "json", "retry_schedule_s": [0],
            "concurrency": 2, "rate_per_second": 7, "latest_only": true, "ed25519": true,
        }))
        .await;
    let path = path_of(&created);
    let patch = json!({"headers": {"x-a": "new", "X-B": null, "X-C": "3"}});
    let merged = app.api.patch(&path, patch).await.expect(200).json();
    assert_eq!(merged["headers"], json!({"x-a": "new", "X-C": "3"}));
    let requests = app.receiver.wait_for_requests(2).await;
    assert_eq!(requests[1].header("x-a"), Some("new"));
    assert_eq!(requests[1].header("x-b"), None);

    let patch = json!({
        "headers": null, "format": null, "retry_schedule_s": null, "concurrency": null,
        "rate_per_second": null, "latest_only": null, "ed25519": null,
    });
    let reset = app.api.patch(&path, patch).await.expect(200).json();
    assert_eq!(reset["headers"], json!({}));
    assert_eq!(reset["format"], "form");
    assert_eq!(reset["retry_schedule_s"], json!(null));
    assert_eq!(reset["concurrency"], 16);
    assert_eq!(reset["rate_per_second"], json!(null));
    assert_eq!(reset["latest_only"], false);
    assert_eq!(reset["ed25519"], false);
}

#[tokio::test]
async fn a_stale_if_match_is_refused() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    let send = async |method: Method, tag: &str, body| {
        app.api
            .send(method, &path, &[("If-Match", tag)], body)
            .await
            .unwrap()
    };
    let (patch, late) = (json!({"name": "b"}), json!({"name": "c"}));
    send(Method::PATCH, "\"1\"", Some(&patch)).await.expect(200);
    let stale = send(Method::PATCH, "\"1\"", Some(&late)).await;
    assert_eq!(problem_code(&stale.expect(412)), "precondition_failed");
    send(Method::DELETE, "\"1\"", None).await.expect(412);
    let now = app.api.get(&path).await.expect(200).json();
    assert_eq!(now["name"], "b");
    send(Method::DELETE, "\"2\"", None).await.expect(204);
}

#[tokio::test]
async fn switching_off_and_on_again_is_tested_both_times() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    let off = app.api.patch(&path, json!({"active": false})).await;
    let off = off.expect(200).json();
    assert_eq!(off["state"], "inactive");
    assert_eq!(off["test"]["status"], 200, "also to an inactive webhook");

    app.publish(&order_added(ACCOUNT, 1)).await;
    assert_eq!(app.deliveries("?origin=event").await.len(), 0);

    let on = app.api.patch(&path, json!({"active": true})).await;
    let on = on.expect(200).json();
    assert_eq!(on["state"], "active");
    assert_eq!(on["test"]["status"], 200);
    app.publish(&order_added(ACCOUNT, 2)).await;
    app.wait_for_delivery("?origin=event", |delivery| delivery["state"] == "delivered")
        .await;
}

#[tokio::test]
async fn a_disabled_webhook_is_enabled_by_active_true_alone() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    app.receiver.answer_next(Answer::status(410));
    app.publish(&order_added(ACCOUNT, 1)).await;
    let query = "?record_id=1&origin=event";
    app.wait_for_delivery(query, |delivery| delivery["held"] == true)
        .await;
    let disabled = app.api.get(&path).await.expect(200).json();
    assert_eq!(disabled["state"], "disabled");
    assert_eq!(disabled["disabled_reason"], "gone");
    assert!(disabled["disabled_at"].is_string());
    assert_eq!(disabled["active"], true);

    let renamed = app.api.patch(&path, json!({"name": "x"})).await.expect(200);
    assert_eq!(
        renamed.json()["state"],
        "disabled",
        "a test does not enable"
    );

    let enabled = app.api.patch(&path, json!({"active": true})).await;
    let enabled = enabled.expect(200).json();
    assert_eq!(enabled["state"], "active");
    assert_eq!(enabled["disabled_at"], json!(null));
    assert_eq!(enabled["disabled_reason"], json!(null));
    assert_eq!(enabled["test"]["status"], 200);
    let delivered = app
        .wait_for_delivery(query, |delivery| delivery["state"] == "delivered")
        .await;
    assert_eq!(delivered["attempts"], 2);
}
