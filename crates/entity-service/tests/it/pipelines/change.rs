//! `PATCH /pipelines/{id}`.

use std::time::Duration;

use serde_json::json;
use test_support::Method;

use super::{PIPELINES, in_order, path_of, told};
use crate::app::{TestApp, envelope, errors, field_errors, id_of, problem_code};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_name_is_one_event_and_leaves_orders_alone() {
    let app = TestApp::start().await;
    let pipeline = app.first_pipeline(&app.api).await;
    let order = app.create_order(json!({"name": "n"})).await;
    app.new_events().await;
    app.clock.advance(Duration::from_secs(1));

    let answer = app
        .api
        .patch(&path_of(&pipeline), json!({"name": "Розница"}))
        .await
        .expect(200);
    let mut expected = pipeline.clone();
    expected["name"] = json!("Розница");
    expected["revision"] = json!(2);
    expected["updated_at"] = json!("2026-01-02T03:04:06.123456Z");
    assert_eq!(answer.json(), expected);
    assert_eq!(answer.headers["etag"], "\"2\"");

    let envelope = envelope(&app.new_event().await);
    assert_eq!(envelope["type"], "pipeline.edit");
    assert_eq!(envelope["data"], expected);
    assert_eq!(envelope["actor"]["kind"], "api");
    let path = format!("/api/v1/orders/{}", id_of(&order));
    assert_eq!(app.api.get(&path).await.json(), order);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_new_is_no_event() {
    let app = TestApp::start().await;
    let pipeline = app.first_pipeline(&app.api).await;
    app.clock.advance(Duration::from_secs(1));
    for same in [
        json!({}),
        json!({"name": pipeline["name"]}),
        json!({"position": 0}),
        // Past the end is the end, and that is where it is.
        json!({"position": 1000}),
        pipeline.clone(),
    ] {
        let answer = app.api.patch(&path_of(&pipeline), same.clone()).await;
        assert_eq!(answer.expect(200).json(), pipeline, "{same}");
    }
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_tells_of_every_pipeline_that_moved() {
    let app = TestApp::start().await;
    let a = id_of(&app.first_pipeline(&app.api).await);
    let b = id_of(&app.create(PIPELINES, json!({"name": "b"})).await);
    let c = id_of(&app.create(PIPELINES, json!({"name": "c"})).await);
    app.new_events().await;

    let path = format!("{PIPELINES}/{c}");
    app.api
        .patch(&path, json!({"position": 0}))
        .await
        .expect(200);
    assert_eq!(in_order(&app).await, [c, a, b]);
    assert_eq!(
        told(&app.new_events().await),
        [(a, "edit", 2, 1), (b, "edit", 2, 2), (c, "edit", 2, 0)]
    );

    app.api
        .patch(&path, json!({"position": 1}))
        .await
        .expect(200);
    assert_eq!(in_order(&app).await, [a, c, b]);
    assert_eq!(
        told(&app.new_events().await),
        [(a, "edit", 3, 0), (c, "edit", 3, 1)]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_revision_is_refused() {
    let app = TestApp::start().await;
    let pipeline = app.first_pipeline(&app.api).await;
    let headers = [("If-Match", "\"7\""), ("Content-Type", "application/json")];
    for (method, body) in [(Method::PATCH, "{\"name\":\"x\"}"), (Method::DELETE, "")] {
        let answer = app.raw(method, &path_of(&pipeline), &headers, body).await;
        assert_eq!(problem_code(&answer), "precondition_failed");
        assert_eq!(answer.headers["etag"], "\"1\"");
    }
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stages_are_changed_at_their_own_address() {
    let app = TestApp::start().await;
    let pipeline = app.first_pipeline(&app.api).await;
    let answer = app
        .api
        .patch(&path_of(&pipeline), json!({"stages": []}))
        .await;
    assert_eq!(field_errors(&answer), errors(&[("/stages", "read_only")]));
    app.no_new_event().await;
}
