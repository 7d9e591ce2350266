//! `/pipelines/{id}/stages`.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use test_support::Method;

use super::{PIPELINES, path_of, pipeline_change};
use crate::app::{TestApp, envelope, errors, field_errors, id_of, problem_code};

async fn stages(app: &TestApp, pipeline: &Value) -> Vec<Value> {
    let read = app.api.get(&path_of(pipeline)).await.expect(200).json();
    read["stages"].as_array().unwrap().clone()
}

fn stage_path(pipeline: &Value, stage: &Value) -> String {
    format!("{}/stages/{}", path_of(pipeline), id_of(stage))
}

async fn small_pipeline(app: &TestApp) -> Value {
    let body = json!({"name": "p", "stages": [
        {"name": "a"}, {"name": "b", "kind": "won"}, {"name": "c", "kind": "lost"},
    ]});
    let pipeline = app.create(PIPELINES, body).await;
    app.new_events().await;
    pipeline
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_is_added_where_it_is_wanted() {
    let app = TestApp::start().await;
    let pipeline = small_pipeline(&app).await;
    let path = format!("{}/stages", path_of(&pipeline));
    let body = json!({"name": "Договор", "kind": "open", "position": 1, "color": "ad3939"});
    let answer = app.api.post(&path, body).await.expect(201);
    let stage = answer.json();
    let id = id_of(&stage);
    assert_eq!(
        stage,
        json!({"id": id, "name": "Договор", "kind": "open", "position": 1, "color": "AD3939"})
    );
    assert_eq!(answer.headers["location"], format!("{path}/{id}"));
    assert_eq!(answer.headers["etag"], "\"2\"");

    let event = app.new_event().await;
    let change = pipeline_change(&event);
    assert_eq!(change.revision, 2);
    let names: Vec<&str> = change
        .pipeline
        .stages
        .iter()
        .map(|s| s.name.as_str())
        .collect();
    assert_eq!(names, ["a", "Договор", "b", "c"]);
    let read = app.api.get(&path_of(&pipeline)).await.json();
    assert_eq!(envelope(&event)["data"], read);

    let read = app.api.get(&format!("{path}/{id}")).await.expect(200);
    assert_eq!(read.json(), stage);
    assert_eq!(read.headers["etag"], "\"2\"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_is_listed_by_id() {
    let app = TestApp::start().await;
    let pipeline = small_pipeline(&app).await;
    let path = format!("{}/stages?limit=2", path_of(&pipeline));
    let page = app.api.get(&path).await.expect(200).json();
    let stages = pipeline["stages"].as_array().unwrap();
    assert_eq!(page["items"], json!([stages[2], stages[1]]));
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = app.api.get(&format!("{path}&cursor={cursor}")).await.json();
    assert_eq!(rest, json!({"items": [stages[0]], "next_cursor": null}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_name_leaves_orders_alone() {
    let app = TestApp::start().await;
    let pipeline = small_pipeline(&app).await;
    let stage = &pipeline["stages"][0];
    let order = app
        .create_order(json!({"name": "n", "id_status": stage["id"]}))
        .await;
    app.new_events().await;
    let answer = app
        .api
        .patch(
            &stage_path(&pipeline, stage),
            json!({"name": "Звонок", "color": null}),
        )
        .await
        .expect(200);
    let mut expected = stage.clone();
    expected["name"] = json!("Звонок");
    assert_eq!(answer.json(), expected);
    let event = app.new_event().await;
    assert_eq!(pipeline_change(&event).revision, 2);
    let path = format!("/api/v1/orders/{}", id_of(&order));
    assert_eq!(app.api.get(&path).await.json(), order);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_new_is_no_event() {
    let app = TestApp::start().await;
    let pipeline = small_pipeline(&app).await;
    let stage = &pipeline["stages"][1];
    for same in [
        json!({}),
        stage.clone(),
        json!({"position": 1, "kind": "won"}),
    ] {
        let answer = app.api.patch(&stage_path(&pipeline, stage), same).await;
        assert_eq!(answer.expect(200).json(), *stage);
    }
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_open_stage_stays_open() {
    let app = TestApp::start().await;
    let pipeline = small_pipeline(&app).await;
    let open = stage_path(&pipeline, &pipeline["stages"][0]);
    for answer in [
        app.api.delete(&open).await,
        app.api.patch(&open, json!({"kind": "won"})).await,
    ] {
        assert_eq!(problem_code(&answer.expect(409)), "conflict");
    }
    app.no_new_event().await;

    app.create(
        &format!("{}/stages", path_of(&pipeline)),
        json!({"name": "d"}),
    )
    .await;
    app.api.delete(&open).await.expect(204);
    let names: Vec<_> = stages(&app, &pipeline)
        .await
        .iter()
        .map(|stage| json!([stage["name"], stage["position"]]))
        .collect();
    assert_eq!(names, [json!(["b", 0]), json!(["c", 1]), json!(["d", 2])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_with_orders_stays_and_says_how_many() {
    let app = TestApp::start().await;
    let pipeline = small_pipeline(&app).await;
    let won = &pipeline["stages"][1];
    app.create_order(json!({"name": "n", "id_status": won["id"]}))
        .await;
    app.new_events().await;
    let answer = app
        .api
        .delete(&stage_path(&pipeline, won))
        .await
        .expect(409);
    assert_eq!(problem_code(&answer), "in_use");
    assert_eq!(answer.json()["count"], 1);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_revision_of_the_pipeline_is_refused() {
    let app = TestApp::start().await;
    let pipeline = small_pipeline(&app).await;
    let path = stage_path(&pipeline, &pipeline["stages"][1]);
    let headers = [("If-Match", "\"9\""), ("Content-Type", "application/json")];
    for (method, body) in [(Method::PATCH, "{\"name\":\"x\"}"), (Method::DELETE, "")] {
        let answer = app.raw(method, &path, &headers, body).await;
        assert_eq!(problem_code(&answer.expect(412)), "precondition_failed");
    }
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let pipeline = small_pipeline(&app).await;
    let path = stage_path(&pipeline, &pipeline["stages"][0]);
    for (mut body, pointer, code) in [
        (json!({"colour": "AD3939"}), "/colour", "unknown_field"),
        (json!({"name": null}), "/name", "not_null"),
        (json!({"name": "x".repeat(256)}), "/name", "too_long"),
        (json!({"name": "\0"}), "/name", "nul_character"),
        (json!({"kind": "done"}), "/kind", "unknown_value"),
        (json!({"kind": 1}), "/kind", "wrong_type"),
        (json!({"color": "AD393"}), "/color", "invalid"),
        (json!({"position": -1}), "/position", "out_of_range"),
        (json!({"id": 1_000_000}), "/id", "read_only"),
    ] {
        let patched = app.api.patch(&path, body.clone()).await;
        assert_eq!(
            field_errors(&patched),
            errors(&[(pointer, code)]),
            "PATCH {body}"
        );
        body["name"] = body.get("name").cloned().unwrap_or(json!("n"));
        let posted = app
            .api
            .post(&format!("{}/stages", path_of(&pipeline)), body.clone())
            .await;
        assert_eq!(
            field_errors(&posted),
            errors(&[(pointer, code)]),
            "POST {body}"
        );
    }
    assert_eq!(app.api.get(&path_of(&pipeline)).await.json(), pipeline);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_stay_dense_whatever_is_moved() {
    let app = TestApp::start().await;
    let pipeline = small_pipeline(&app).await;
    let mut expected: Vec<i64> = pipeline["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(id_of)
        .collect();
    let mut runner = TestRunner::deterministic();
    let moves = prop::collection::vec((0..3_u8, any::<prop::sample::Index>(), 0..9_usize), 40)
        .new_tree(&mut runner)
        .unwrap()
        .current();
    for (verb, which, place) in moves {
        let index = which.index(expected.len());
        let path = format!("{}/stages", path_of(&pipeline));
        match verb {
            0 => {
                let body = json!({"name": "n", "position": place});
                let id = id_of(&app.create(&path, body).await);
                expected.insert(place.min(expected.len()), id);
            }
            1 => {
                let id = expected.remove(index);
                let path = format!("{path}/{id}");
                app.api
                    .patch(&path, json!({"position": place}))
                    .await
                    .expect(200);
                expected.insert(place.min(expected.len()), id);
            }
            _ => {
                let path = format!("{path}/{}", expected[index]);
                match app.api.delete(&path).await.status.as_u16() {
                    204 => drop(expected.remove(index)),
                    // The last open stage stays.
                    status => assert_eq!(status, 409),
                }
            }
        }
        let shown = stages(&app, &pipeline).await;
        let places: Vec<_> = shown
            .iter()
            .map(|stage| stage["position"].as_i64())
            .collect();
        assert_eq!(
            places,
            (0..shown.len() as i64).map(Some).collect::<Vec<_>>()
        );
        assert_eq!(shown.iter().map(id_of).collect::<Vec<_>>(), expected);
    }
}
