//! `POST /triggers` as it should be.

use http_api::Scope;
use serde_json::json;
use test_support::Method;

use super::{body, create, path_of, pipeline, start};
use crate::app::{ACCOUNT, OTHER_ACCOUNT, TestApp, problem_code};

#[tokio::test]
async fn the_example_of_the_contract_is_taken_as_it_is() {
    let app = start().await;
    let url = app.receiver.url("/hook?key=1");
    // WIRE 3, with a URL that may be called.
    let text = r#"{"name": "call the client", "id_status": 12, "event": "entered", "url": "URL", "method": "POST", "format": "form",
 "condition": {"all": [{"field": "price", "operator": "greater", "value": 1000}]},
 "parameters": [{"name": "deal_name", "kind": "field", "value": "name"}, {"name": "source", "kind": "value", "value": "crm"}]}"#;
    let headers = [("content-type", "application/json")];
    let sent = text.replace("URL", &url);
    let answer = app
        .api
        .send_bytes(Method::POST, "/api/v1/triggers", &headers, sent)
        .await
        .unwrap()
        .expect(201);
    let mut shown = answer.json();
    let id = answer.id();
    assert_eq!(
        answer.headers["location"],
        format!("/api/v1/triggers/{id}").as_str()
    );
    assert_eq!(answer.headers["etag"], "\"1\"");
    assert!(shown["secret"].as_str().unwrap().starts_with("whsec_"));
    assert!(shown["test"]["ms"].as_i64().unwrap() < 3_000);
    assert_eq!(shown["created_at"], shown["updated_at"]);
    for key in ["secret", "created_at", "updated_at"] {
        shown.as_object_mut().unwrap().remove(key);
    }
    shown["test"].as_object_mut().unwrap().remove("ms");
    assert_eq!(
        shown,
        json!({
            "id": id,
            "name": "call the client",
            "id_status": 12,
            "stage": "Новая",
            "id_pipeline": 1,
            "pipeline": "Продажи",
            "event": "entered",
            "url": url,
            "method": "POST",
            "format": "form",
            "parameters": [
                {"name": "deal_name", "kind": "field", "value": "name"},
                {"name": "source", "kind": "value", "value": "crm"},
            ],
            "condition": {"all": [{"field": "price", "operator": "greater", "value": 1000}]},
            "changed": [],
            "skip_own": false,
            "skip_own_token_id": null,
            "active": true,
            "headers": {},
            "concurrency": 16,
            "rate_per_second": null,
            "ordered": false,
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
    let requests = app.receiver.wait_for_requests(1).await;
    assert_eq!(requests[0].text(), "test=test");
}

#[tokio::test]
async fn little_has_to_be_said() {
    let app = start().await;
    let created = create(&app, json!({})).await;
    assert_eq!(created["method"], "POST");
    assert_eq!(created["format"], "form");
    assert_eq!(created["parameters"], json!([]));
    assert_eq!(created["condition"], json!(null));
    assert_eq!(created["active"], true);
}

#[tokio::test]
async fn every_setting_is_kept_and_read_back() {
    let app = start().await;
    let settings = json!({
        "name": "Полный",
        "id_status": 21,
        "id_pipeline": 2,
        "event": "changed",
        "url": app.receiver.url("/full?own=1"),
        "method": "GET",
        "format": "json",
        "parameters": [
            {"name": "when", "kind": "system", "value": "timestamp"},
            {"name": "price", "kind": "field", "value": "previous.price"},
            {"name": "n", "kind": "value", "value": 1.5},
            {"name": "yes", "kind": "value", "value": true},
        ],
        "condition": {"any": [
            {"field": "tags", "operator": "contains", "value": "vip"},
            {"all": [{"field": "price", "operator": "not_empty"}]},
        ]},
        "changed": ["price", "marks.utmSource"],
        "skip_own": true,
        "active": false,
        "headers": {"X-Key": "s3cret"},
        "concurrency": 3,
        "rate_per_second": 1,
        "ordered": true,
        "ed25519": true,
        "retry_schedule_s": [0, 10, 172800],
        "stop_on_4xx": true,
    });
    let created = create(&app, settings.clone()).await;
    let answer = app.api.get(&path_of(&created)).await.expect(200);
    let read = answer.json();
    for (key, value) in settings.as_object().unwrap() {
        assert_eq!(&read[key], value, "{key}");
    }
    assert_eq!(read["skip_own_token_id"], "token-of-1");
    assert_eq!(read["stage"], "Оплата");
    assert_eq!(read["state"], "inactive");
    assert_eq!(answer.headers["etag"], "\"1\"");
    for key in ["secret", "test", "events", "strict_body"] {
        assert!(read.get(key).is_none(), "{key}");
    }
    let listed = app.api.get("/api/v1/triggers").await.expect(200).json();
    let mut of_list = read.clone();
    of_list.as_object_mut().unwrap().remove("waiting").unwrap();
    assert_eq!(listed["items"], json!([of_list]));
    let reader = app.api_with(&[Scope::WebhooksRead]);
    let masked = reader.get(&path_of(&created)).await.expect(200).json();
    assert_eq!(masked["headers"], json!({"X-Key": "***"}));
}

#[tokio::test]
async fn a_repeat_with_the_same_key_is_not_a_second_trigger() {
    let app = start().await;
    let body = body(&app, json!({}));
    let send = async |body: &serde_json::Value| {
        let headers = [("Idempotency-Key", "key-1")];
        app.api
            .send(Method::POST, "/api/v1/triggers", &headers, Some(body))
            .await
            .unwrap()
    };
    let first = send(&body).await.expect(201);
    let again = send(&body).await.expect(201);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.headers["location"], first.headers["location"]);
    assert_eq!(again.json(), first.json(), "secret and test included");
    assert_eq!(app.receiver.requests().len(), 1);
    assert_eq!(app.count_rows("webhooks").await, 1);
    let mut other = body.clone();
    other["event"] = json!("left");
    let refused = send(&other).await.expect(422);
    assert_eq!(problem_code(&refused), "idempotency_key_reused");
}

#[tokio::test]
async fn each_resource_knows_its_own_kind_only() {
    let app = start().await;
    let trigger = create(&app, json!({})).await;
    let webhook = app.create_webhook(json!({})).await;
    assert_ne!(trigger["id"], webhook["id"], "ids are of one sequence");
    for (resource, id) in [("webhooks", &trigger["id"]), ("triggers", &webhook["id"])] {
        let path = format!("/api/v1/{resource}/{id}");
        app.api.get(&path).await.expect(404);
        app.api.patch(&path, json!({"name": "x"})).await.expect(404);
        app.api.delete(&path).await.expect(404);
        let test = format!("{path}/test");
        app.api.post(&test, json!({})).await.expect(404);
    }
    for (resource, only) in [("webhooks", &webhook), ("triggers", &trigger)] {
        let page = app.api.get(&format!("/api/v1/{resource}")).await;
        let items = page.expect(200).json()["items"].clone();
        assert_eq!(items.as_array().unwrap().len(), 1, "{resource}");
        assert_eq!(items[0]["id"], only["id"], "{resource}");
    }
}

#[tokio::test]
async fn a_stage_whose_event_is_still_on_its_way_is_waited_for() {
    let app = TestApp::start().await;
    let body = body(&app, json!({}));
    let posted = app.api.post("/api/v1/triggers", body);
    let change = pipeline(ACCOUNT, 1, 1, &[(12, "Новая")]);
    let (answer, ()) = tokio::join!(posted, app.publish(&change));
    assert_eq!(answer.expect(201).json()["stage"], "Новая");
}

#[tokio::test]
async fn stages_of_another_account_are_none() {
    let app = start().await;
    app.publish(&pipeline(OTHER_ACCOUNT, 9, 1, &[(91, "Их")]))
        .await;
    let theirs = body(&app, json!({"id_status": 91}));
    let ours = body(&app, json!({"id_status": 12}));
    let (first, second) = tokio::join!(
        app.api.post("/api/v1/triggers", theirs.clone()),
        app.other.post("/api/v1/triggers", ours)
    );
    for refused in [first, second] {
        assert_eq!(
            crate::app::field_errors(&refused),
            crate::app::errors(&[("/id_status", "not_found")])
        );
    }
    let taken = app.other.post("/api/v1/triggers", theirs).await;
    let path = path_of(&taken.expect(201).json());
    app.api.get(&path).await.expect(404);
    app.api.patch(&path, json!({"name": "x"})).await.expect(404);
    app.api.delete(&path).await.expect(404);
    app.other.get(&path).await.expect(200);
}

#[tokio::test]
async fn webhooks_and_triggers_count_together_towards_the_limit() {
    let app = start().await;
    create(&app, json!({})).await;
    // Copies that no worker reads: their version is an old one.
    app.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9998)
         INSERT INTO webhooks (account_id, kind, name, active, settings_version, settings, secret,
             config_version, revision, created_at_us, updated_at_us, stage_id)
         SELECT account_id, CASE WHEN i < 5000 THEN 'webhook' ELSE 'trigger' END, name, active,
             settings_version, settings, secret, 0, revision, created_at_us, updated_at_us, stage_id
         FROM webhooks, n",
    )
    .await;
    create(&app, json!({})).await;
    let trigger = body(&app, json!({}));
    let webhook = json!({"name": "n", "url": app.receiver.url("/"), "events": ["order.add"]});
    for (resource, body) in [("triggers", trigger), ("webhooks", webhook)] {
        let refused = app.api.post(&format!("/api/v1/{resource}"), body).await;
        assert_eq!(problem_code(&refused.expect(409)), "conflict", "{resource}");
    }
    assert_eq!(app.count_rows("webhooks").await, 10_000);
}
