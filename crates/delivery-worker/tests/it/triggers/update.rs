//! `PATCH /triggers/{id}`.

use serde_json::json;
use test_support::Method;

use super::{create, path_of, start};
use crate::app::problem_code;

#[tokio::test]
async fn each_setting_can_be_changed_by_itself() {
    let app = start().await;
    let created = create(
        &app,
        json!({"retry_schedule_s": [0], "headers": {"X-A": "1"}}),
    )
    .await;
    let path = path_of(&created);
    let mut expected = app.api.get(&path).await.expect(200).json();
    let new_url = app.receiver.url("/new");
    for (revision, (key, value)) in (2..).zip([
        ("name", json!("Новое")),
        ("event", json!("changed")),
        ("url", json!(new_url)),
        ("method", json!("GET")),
        ("format", json!("json")),
        (
            "parameters",
            json!([{"name": "a", "kind": "value", "value": "1"}]),
        ),
        (
            "condition",
            json!({"all": [{"field": "price", "operator": "empty"}]}),
        ),
        ("changed", json!(["name"])),
        ("skip_own_token_id", json!("another")),
        ("active", json!(false)),
        ("headers", json!({"X-A": "2"})),
        ("concurrency", json!(2)),
        ("retry_schedule_s", json!([0, 7])),
        ("stop_on_4xx", json!(true)),
        ("id_status", json!(13)),
    ]) {
        let mut patch = json!({});
        patch[key] = value.clone();
        let answer = app.api.patch(&path, patch).await.expect(200);
        assert_eq!(answer.headers["etag"], format!("\"{revision}\"").as_str());
        let mut changed = answer.json();
        assert!(changed["test"]["ms"].is_i64(), "{key}");
        expected[key] = value;
        expected["revision"] = json!(revision);
        match key {
            "id_status" => expected["stage"] = json!("В работе"),
            "skip_own_token_id" => expected["skip_own"] = json!(true),
            "active" => expected["state"] = json!("inactive"),
            _ => {}
        }
        let body = changed.as_object_mut().unwrap();
        body.remove("test");
        expected["updated_at"] = body["updated_at"].clone();
        assert_eq!(changed, expected, "{key}");
        let read = app.api.get(&path).await.expect(200).json();
        assert_eq!(read, expected, "{key}");
    }
    assert_eq!(app.count_rows("webhook_versions").await, 16);
}

#[tokio::test]
async fn a_stage_of_another_pipeline_takes_its_pipeline_along() {
    let app = start().await;
    let created = create(&app, json!({})).await;
    let path = path_of(&created);
    let moved = app.api.patch(&path, json!({"id_status": 21})).await;
    let moved = moved.expect(200).json();
    assert_eq!(moved["id_pipeline"], 2);
    assert_eq!(moved["stage"], "Оплата");
    let back = json!({"id_status": 12, "id_pipeline": 1});
    let back = app.api.patch(&path, back).await.expect(200).json();
    assert_eq!(back["id_pipeline"], 1);
}

#[tokio::test]
async fn null_resets_what_has_a_default() {
    let app = start().await;
    let created = create(
        &app,
        json!({
            "method": "GET", "format": "json", "changed": ["price"], "skip_own": true,
            "parameters": [{"name": "a", "kind": "value", "value": "1"}],
            "condition": {"all": [{"field": "price", "operator": "empty"}]},
            "headers": {"X-A": "1"}, "concurrency": 2, "retry_schedule_s": [0],
            "stop_on_4xx": true, "active": false,
        }),
    )
    .await;
    let patch = json!({
        "method": null, "format": null, "changed": null, "skip_own": null, "parameters": null,
        "condition": null, "headers": null, "concurrency": null, "retry_schedule_s": null,
        "stop_on_4xx": null, "active": null, "id_pipeline": null,
    });
    let reset = app.api.patch(&path_of(&created), patch).await;
    let reset = reset.expect(200).json();
    for (key, value) in [
        ("method", json!("POST")),
        ("format", json!("form")),
        ("changed", json!([])),
        ("skip_own", json!(false)),
        ("skip_own_token_id", json!(null)),
        ("parameters", json!([])),
        ("condition", json!(null)),
        ("headers", json!({})),
        ("concurrency", json!(16)),
        ("retry_schedule_s", json!(null)),
        ("stop_on_4xx", json!(false)),
        ("active", json!(true)),
        ("id_pipeline", json!(1)),
    ] {
        assert_eq!(reset[key], value, "{key}");
    }
}

#[tokio::test]
async fn a_patch_that_changes_nothing_sends_nothing() {
    let app = start().await;
    let created = create(
        &app,
        json!({
            "skip_own": true, "changed": ["price"],
            "condition": {"all": [{"field": "price", "operator": "greater", "value": 1000}]},
            "parameters": [{"name": "a", "kind": "field", "value": "client.fields.Город"}],
        }),
    )
    .await;
    let path = path_of(&created);
    let read = app.api.get(&path).await.expect(200).json();
    for patch in [
        json!({}),
        json!({"name": "trigger", "id_status": 12, "id_pipeline": 1}),
        json!({"active": true, "method": null, "skip_own": true}),
        read.clone(),
    ] {
        let answer = app.api.patch(&path, patch.clone()).await.expect(200);
        assert_eq!(answer.json(), read, "{patch}");
        assert_eq!(answer.headers["etag"], "\"1\"");
    }
    assert_eq!(app.receiver.requests().len(), 1, "the test on creation");
    assert_eq!(app.count_rows("webhook_versions").await, 1);
}

#[tokio::test]
async fn a_stale_if_match_is_refused() {
    let app = start().await;
    let path = path_of(&create(&app, json!({})).await);
    let send = async |method: Method, tag: &str, body| {
        app.api
            .send(method, &path, &[("If-Match", tag)], body)
            .await
            .unwrap()
    };
    let (patch, late) = (json!({"event": "left"}), json!({"event": "changed"}));
    send(Method::PATCH, "\"1\"", Some(&patch)).await.expect(200);
    let stale = send(Method::PATCH, "\"1\"", Some(&late)).await;
    assert_eq!(problem_code(&stale.expect(412)), "precondition_failed");
    send(Method::DELETE, "\"1\"", None).await.expect(412);
    let now = app.api.get(&path).await.expect(200).json();
    assert_eq!(now["event"], "left");
    send(Method::DELETE, "\"2\"", None).await.expect(204);
}
