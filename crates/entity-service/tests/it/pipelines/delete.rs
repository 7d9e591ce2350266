//! `DELETE /pipelines/{id}`.

use serde_json::json;

use super::{PIPELINES, in_order, path_of, told};
use crate::app::{TestApp, id_of, problem_code};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_goes_with_its_stages_and_the_others_close_up() {
    let app = TestApp::start().await;
    let first = app.first_pipeline(&app.api).await;
    let second = app.create(PIPELINES, json!({"name": "b"})).await;
    let stages = app.count_rows("stages").await;
    app.new_events().await;

    let answer = app.api.delete(&path_of(&first)).await.expect(204);
    assert!(answer.body.is_empty());
    assert_eq!(app.api.get(&path_of(&first)).await.status, 404);
    assert_eq!(in_order(&app).await, [id_of(&second)]);
    assert_eq!(
        app.count_rows("stages").await,
        stages - first["stages"].as_array().unwrap().len() as i64
    );
    assert_eq!(
        told(&app.new_events().await),
        [
            (id_of(&first), "delete", 2, 0),
            (id_of(&second), "edit", 2, 0)
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_pipeline_stays() {
    let app = TestApp::start().await;
    let only = app.first_pipeline(&app.api).await;
    let answer = app.api.delete(&path_of(&only)).await.expect(409);
    assert_eq!(problem_code(&answer), "conflict");
    assert_eq!(app.api.get(&path_of(&only)).await.json(), only);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_with_orders_stays_and_says_how_many() {
    let app = TestApp::start().await;
    let first = app.first_pipeline(&app.api).await;
    app.create(PIPELINES, json!({"name": "b"})).await;
    app.create_order(json!({"name": "1"})).await;
    app.create_order(json!({"name": "2", "archive": true}))
        .await;
    app.new_events().await;

    let answer = app.api.delete(&path_of(&first)).await.expect(409);
    assert_eq!(problem_code(&answer), "in_use");
    assert_eq!(answer.json()["count"], 2);
    assert_eq!(app.api.get(&path_of(&first)).await.json(), first);
    app.no_new_event().await;
}
