//! What is refused, where it is pointed at, and that nothing of it is stored.

use serde_json::{Value, json};

use super::{body, create, path_of, start};
use crate::app::{TestApp, errors, field_errors};

/// Each body is refused on creation with exactly these errors, and nothing is stored or sent.
async fn refused(app: &TestApp, cases: &[(Value, &[(&str, &str)])]) {
    for (settings, expected) in cases {
        let answer = app
            .api
            .post("/api/v1/triggers", body(app, settings.clone()))
            .await;
        assert_eq!(field_errors(&answer), errors(expected), "{settings}");
    }
    assert_eq!(app.count_rows("webhooks").await, 0);
    assert_eq!(app.count_rows("webhook_versions").await, 0);
    assert!(app.receiver.requests().is_empty());
}

#[tokio::test]
async fn every_fault_is_named_in_one_answer() {
    let app = start().await;
    let answer = app.api.post("/api/v1/triggers", json!({})).await;
    assert_eq!(
        field_errors(&answer),
        errors(&[
            ("/name", "required"),
            ("/url", "required"),
            ("/id_status", "required"),
            ("/event", "required"),
        ])
    );
    let answer = app
        .api
        .post(
            "/api/v1/triggers",
            json!({
                "name": "", "id_status": 99, "event": "moved", "url": "http://10.0.0.1/",
                "method": "PUT", "format": "envelope", "headers": {"Host": "h"},
                "parameters": [{"name": "Имя", "kind": "field", "value": "name"}],
                "condition": {"all": [{"field": "nope", "operator": "empty"}]},
                "events": ["order.add"], "strict_body": true,
                "latest_only": true,
            }),
        )
        .await;
    assert_eq!(
        field_errors(&answer),
        errors(&[
            ("/name", "blank"),
            ("/url", "url_refused"),
            ("/event", "unknown_value"),
            ("/method", "unknown_value"),
            ("/parameters/0/name", "parameter_name"),
            ("/format", "unknown_value"),
            ("/condition/all/0/field", "unknown_field"),
            ("/headers/Host", "header_reserved"),
            ("/events", "unknown_field"),
            ("/strict_body", "unknown_field"),
            ("/latest_only", "unknown_field"),
            ("/id_status", "not_found"),
        ])
    );
    assert_eq!(app.count_rows("webhooks").await, 0);
}

#[tokio::test]
async fn stages_and_pipelines_are_the_accounts_own() {
    let app = start().await;
    refused(
        &app,
        &[
            (
                json!({"id_status": "12"}),
                &[("/id_status", "wrong_type")] as &[_],
            ),
            (json!({"id_status": null}), &[("/id_status", "not_null")]),
            (json!({"id_status": 0}), &[("/id_status", "out_of_range")]),
            (json!({"id_status": [12]}), &[("/id_status", "wrong_type")]),
            (json!({"id_status": 99}), &[("/id_status", "not_found")]),
            (
                json!({"id_pipeline": 2}),
                &[("/id_pipeline", "other_pipeline")],
            ),
            (
                json!({"id_pipeline": 77}),
                &[("/id_pipeline", "other_pipeline")],
            ),
            (
                json!({"id_pipeline": "1"}),
                &[("/id_pipeline", "wrong_type")],
            ),
        ],
    )
    .await;
    let answer = app
        .api
        .post("/api/v1/triggers", body(&app, json!({"id_pipeline": 2})))
        .await;
    assert_eq!(
        answer.json()["errors"][0]["message"],
        "Stage 12 is in pipeline 1; send that, or leave id_pipeline out."
    );
}

#[tokio::test]
async fn what_only_the_whole_shows_is_refused_as_well() {
    let app = start().await;
    let url = app.receiver.url("/hook?deal=1");
    let parameter = json!([{"name": "deal", "kind": "field", "value": "id"}]);
    refused(
        &app,
        &[
            (
                json!({"event": "created_in", "changed": ["price"]}),
                &[("/changed", "never_met")] as &[_],
            ),
            (
                json!({"method": "GET", "url": url, "parameters": parameter}),
                &[("/parameters/0/name", "parameter_in_url")],
            ),
            (
                json!({
                    "event": "created_in", "changed": ["price"], "id_pipeline": 2,
                    "method": "GET", "url": url, "parameters": parameter,
                }),
                &[
                    ("/changed", "never_met"),
                    ("/parameters/0/name", "parameter_in_url"),
                    ("/id_pipeline", "other_pipeline"),
                ],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn read_only_keys_cannot_be_set() {
    let app = start().await;
    for (key, value) in [
        ("id", json!(5)),
        ("state", json!("active")),
        ("stage", json!("Новая")),
        ("pipeline", json!("Продажи")),
        ("inactive_reason", json!("stage_deleted")),
        ("revision", json!(1)),
    ] {
        let mut settings = json!({});
        settings[key] = value;
        let pointer = format!("/{key}");
        refused(&app, &[(settings, &[(&pointer, "read_only")])]).await;
    }
}

#[tokio::test]
async fn a_bad_patch_changes_nothing() {
    let app = start().await;
    let created = create(
        &app,
        json!({
            "changed": ["price"],
            "parameters": [{"name": "deal", "kind": "field", "value": "id"}],
        }),
    )
    .await;
    let path = path_of(&created);
    let before = app.api.get(&path).await.expect(200).json();
    let url = app.receiver.url("/hook?deal=1");
    for (patch, expected) in [
        (json!({"id_status": null}), ("/id_status", "not_null")),
        (json!({"id_status": 99}), ("/id_status", "not_found")),
        (
            json!({"id_status": 21, "id_pipeline": 1}),
            ("/id_pipeline", "other_pipeline"),
        ),
        (
            json!({"id_pipeline": 2}),
            ("/id_pipeline", "other_pipeline"),
        ),
        (json!({"event": null}), ("/event", "not_null")),
        (json!({"event": "created_in"}), ("/changed", "never_met")),
        (
            json!({"method": "GET", "url": url}),
            ("/parameters/0/name", "parameter_in_url"),
        ),
        (json!({"format": "envelope"}), ("/format", "unknown_value")),
        (json!({"stage": "Другая"}), ("/stage", "read_only")),
        (json!({"events": []}), ("/events", "unknown_field")),
        (
            json!({"condition": {"all": []}}),
            ("/condition/all", "required"),
        ),
    ] {
        let answer = app.api.patch(&path, patch.clone()).await;
        assert_eq!(field_errors(&answer), errors(&[expected]), "{patch}");
    }
    assert_eq!(app.api.get(&path).await.expect(200).json(), before);
    assert_eq!(app.count_rows("webhook_versions").await, 1);
    assert_eq!(
        app.receiver.requests().len(),
        1,
        "the test on creation only"
    );
}

#[tokio::test]
async fn stages_of_a_webhooks_filter_exist_and_lie_in_its_pipelines() {
    let app = start().await;
    for (settings, expected) in [
        (
            json!({"id_status": [12, 99], "id_pipeline": [1, 98]}),
            vec![
                ("/id_pipeline/1", "not_found"),
                ("/id_status/1", "not_found"),
            ],
        ),
        // One id may come as it is, and is pointed at as it came.
        (json!({"id_status": 99}), vec![("/id_status", "not_found")]),
        (
            json!({"id_status": [12, 21], "id_pipeline": 1}),
            vec![("/id_status/1", "other_pipeline")],
        ),
        (
            json!({"id_status": 12, "events": ["task.add"]}),
            vec![("/id_status", "never_met")],
        ),
    ] {
        let mut body = json!({
            "name": "n", "url": app.receiver.url("/"), "events": ["order.add"],
        });
        for (key, value) in settings.as_object().unwrap() {
            body[key] = value.clone();
        }
        let answer = app.api.post("/api/v1/webhooks", body).await;
        assert_eq!(field_errors(&answer), errors(&expected), "{settings}");
    }
    assert_eq!(app.count_rows("webhooks").await, 0);
    let webhook = app
        .create_webhook(json!({"id_status": 12, "id_pipeline": 1}))
        .await;
    assert_eq!(webhook["id_status"], json!([12]));
    let path = crate::app::path_of(&webhook);
    let patch = json!({"id_pipeline": [2]});
    assert_eq!(
        field_errors(&app.api.patch(&path, patch).await),
        errors(&[("/id_status/0", "other_pipeline")])
    );
}
