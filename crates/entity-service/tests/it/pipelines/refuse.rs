//! Bad input: every error is named and nothing is stored.

use serde_json::{Value, json};
use test_support::Method;

use super::{PIPELINES, path_of};
use crate::app::{TestApp, errors, field_errors, id_of, problem_code, query_errors};

/// Each body has one mistake.
fn mistakes() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (json!({"title": "x"}), "/title", "unknown_field"),
        (json!({"name": 5}), "/name", "wrong_type"),
        (json!({"name": null}), "/name", "not_null"),
        (json!({"name": ""}), "/name", "blank"),
        (json!({"name": " \n"}), "/name", "blank"),
        (json!({"name": "x".repeat(256)}), "/name", "too_long"),
        (json!({"name": "a\0b"}), "/name", "nul_character"),
        (json!({"position": "1"}), "/position", "wrong_type"),
        (json!({"position": 0.5}), "/position", "wrong_type"),
        (json!({"position": -1}), "/position", "out_of_range"),
        (json!({"position": null}), "/position", "not_null"),
        (json!({"id": 999}), "/id", "read_only"),
        (json!({"revision": 9}), "/revision", "read_only"),
        (json!({"created_at": "x"}), "/created_at", "read_only"),
        (json!({"updated_at": "x"}), "/updated_at", "read_only"),
    ]
}

/// As [`mistakes`], in the stages of a new pipeline.
fn stage_mistakes() -> Vec<(Value, &'static str, &'static str)> {
    let open = json!({"name": "n"});
    let many: Vec<Value> = std::iter::repeat_n(open.clone(), 101).collect();
    vec![
        (json!("x"), "/stages", "wrong_type"),
        (json!([]), "/stages", "no_open_stage"),
        (
            json!([{"name": "n", "kind": "won"}]),
            "/stages",
            "no_open_stage",
        ),
        (json!(many), "/stages", "too_many"),
        (json!([open, {"name": ""}]), "/stages/1/name", "blank"),
        (json!([open, {}]), "/stages/1/name", "required"),
        (json!([open, 5]), "/stages/1", "wrong_type"),
        (
            json!([open, {"name": "n", "kind": "new"}]),
            "/stages/1/kind",
            "unknown_value",
        ),
        (
            json!([open, {"name": "n", "kind": null}]),
            "/stages/1/kind",
            "not_null",
        ),
        (
            json!([open, {"name": "n", "color": "red"}]),
            "/stages/1/color",
            "invalid",
        ),
        (
            json!([open, {"name": "n", "color": 5}]),
            "/stages/1/color",
            "wrong_type",
        ),
        (
            json!([open, {"name": "n", "position": 0}]),
            "/stages/1/position",
            "unknown_field",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let pipeline = app.first_pipeline(&app.api).await;
    let rows = (
        app.count_rows("pipelines").await,
        app.count_rows("stages").await,
    );
    for (mut body, pointer, code) in mistakes() {
        let patched = app.api.patch(&path_of(&pipeline), body.clone()).await;
        assert_eq!(
            field_errors(&patched),
            errors(&[(pointer, code)]),
            "PATCH {body}"
        );
        body["name"] = body.get("name").cloned().unwrap_or(json!("n"));
        let posted = app.api.post(PIPELINES, body.clone()).await;
        assert_eq!(
            field_errors(&posted),
            errors(&[(pointer, code)]),
            "POST {body}"
        );
    }
    for (stages, pointer, code) in stage_mistakes() {
        let body = json!({"name": "n", "stages": stages});
        let posted = app.api.post(PIPELINES, body.clone()).await;
        assert_eq!(
            field_errors(&posted),
            errors(&[(pointer, code)]),
            "POST {body}"
        );
    }
    let posted = app.api.post(PIPELINES, json!({})).await;
    assert_eq!(field_errors(&posted), errors(&[("/name", "required")]));
    let now = (
        app.count_rows("pipelines").await,
        app.count_rows("stages").await,
    );
    assert_eq!(now, rows);
    assert_eq!(app.api.get(&path_of(&pipeline)).await.json(), pipeline);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_parameters_are_refused() {
    let app = TestApp::start().await;
    let answer = app.api.get(&format!("{PIPELINES}?kind=open&limit=0")).await;
    assert_eq!(
        query_errors(&answer),
        errors(&[("kind", "unknown_parameter"), ("limit", "out_of_range")])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_number_names_nothing() {
    let app = TestApp::start().await;
    for path in ["x", "0", "-1", "99999999999999999999", "1/stages/x"] {
        let answer = app.api.get(&format!("{PIPELINES}/{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(problem_code(&answer), "not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_cannot_be_kept_keeps_the_change_from_happening() {
    let app = TestApp::start().await;
    let pipeline = app.first_pipeline(&app.api).await;
    let stage = format!(
        "{}/stages/{}",
        path_of(&pipeline),
        id_of(&pipeline["stages"][0])
    );
    app.break_appends().await;
    for (path, body) in [
        (path_of(&pipeline), json!({"name": "x"})),
        (stage, json!({"position": 2})),
    ] {
        let answer = app.api.patch(&path, body).await.expect(503);
        assert!(answer.headers.contains_key("retry-after"));
    }
    let json = [("Content-Type", "application/json")];
    let answer = app
        .raw(Method::POST, PIPELINES, &json, "{\"name\":\"y\"}")
        .await;
    assert_eq!(problem_code(&answer.expect(503)), "unavailable");
    app.mend().await;
    assert_eq!(app.api.get(&path_of(&pipeline)).await.json(), pipeline);
    assert_eq!(super::in_order(&app).await, [id_of(&pipeline)]);
    app.no_new_event().await;
}
