//! One account never sees or changes another's pipelines; reading is not writing.

use http_api::Scope;
use serde_json::json;
use test_support::Method;

use super::{PIPELINES, path_of};
use crate::app::{TestApp, id_of, problem_code};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_accounts_pipelines_are_not_there() {
    let app = TestApp::start().await;
    let theirs = app.first_pipeline(&app.other).await;
    let path = path_of(&theirs);
    let stages = format!("{path}/stages");
    let stage = format!("{stages}/{}", id_of(&theirs["stages"][0]));
    let body = json!({"name": "x"});
    for (method, path, body) in [
        (Method::GET, &path, None),
        (Method::PATCH, &path, Some(&body)),
        (Method::DELETE, &path, None),
        (Method::GET, &stages, None),
        (Method::POST, &stages, Some(&body)),
        (Method::GET, &stage, None),
        (Method::PATCH, &stage, Some(&body)),
        (Method::DELETE, &stage, None),
    ] {
        let answer = app.api.send(method.clone(), path, &[], body).await.unwrap();
        assert_eq!(answer.status, 404, "{method} {path}");
        assert_eq!(problem_code(&answer), "not_found");
    }
    // Nor under a pipeline of one's own.
    let own = app.first_pipeline(&app.api).await;
    let crossed = format!("{}/stages/{}", path_of(&own), id_of(&theirs["stages"][0]));
    assert_eq!(app.api.get(&crossed).await.status, 404);
    assert_eq!(app.api.delete(&crossed).await.status, 404);

    let listed = app.api.get(PIPELINES).await.expect(200).json();
    assert_eq!(listed["items"], json!([own]));
    assert_eq!(app.first_pipeline(&app.other).await, theirs);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moving_ones_own_moves_nobody_elses() {
    let app = TestApp::start().await;
    app.other
        .post(PIPELINES, json!({"name": "b"}))
        .await
        .expect(201);
    let theirs = app.other.get(PIPELINES).await.json();
    app.new_events().await;
    app.create(PIPELINES, json!({"name": "a", "position": 0}))
        .await;
    assert_eq!(app.other.get(PIPELINES).await.json(), theirs);
    let accounts: Vec<i64> = app
        .new_events()
        .await
        .iter()
        .map(|e| e.account_id.0)
        .collect();
    assert_eq!(accounts, [app.account_id, app.account_id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_and_writing_need_their_scopes() {
    let app = TestApp::start().await;
    let pipeline = app.first_pipeline(&app.api).await;
    let path = path_of(&pipeline);
    let reader = app.api_with(&[Scope::RecordsRead]);
    let stranger = app.api_with(&[Scope::AdminWrite, Scope::WebhooksWrite, Scope::LeadsWrite]);
    reader.get(&path).await.expect(200);
    reader.get(PIPELINES).await.expect(200);
    for answer in [
        reader.post(PIPELINES, json!({"name": "x"})).await,
        reader.patch(&path, json!({"name": "x"})).await,
        reader.delete(&path).await,
        reader
            .post(&format!("{path}/stages"), json!({"name": "x"}))
            .await,
        stranger.get(PIPELINES).await,
        stranger.get(&path).await,
        stranger.get(&format!("{path}/stages")).await,
    ] {
        assert_eq!(problem_code(&answer.expect(403)), "forbidden");
    }
    app.no_new_event().await;
}
