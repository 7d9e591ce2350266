//! `Idempotency-Key`: repeating a POST makes one record.

use futures_util::future::join_all;
use serde_json::{Value, json};
use test_support::{ApiAnswer, ApiClient, Method};

use crate::app::{TestApp, problem_code};

/// Where records are added, the least body, and another one.
fn posts() -> [(&'static str, Value, Value); 3] {
    [
        ("orders", json!({"name": "a"}), json!({"name": "b"})),
        ("tasks", json!({"name": "a"}), json!({"name": "b"})),
        (
            "clients",
            json!({"realname": "a"}),
            json!({"realname": "b"}),
        ),
    ]
}

async fn post(api: &ApiClient, resource: &str, key: &str, body: &Value) -> ApiAnswer {
    let path = format!("/api/v1/{resource}");
    let headers = [("Idempotency-Key", key)];
    api.send(Method::POST, &path, &headers, Some(body))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_gets_the_first_answer_byte_for_byte() {
    let app = TestApp::start().await;
    for (resource, body, _) in posts() {
        let first = post(&app.api, resource, resource, &body).await.expect(201);
        assert!(!first.headers.contains_key("idempotency-replayed"));
        app.new_event().await;
        // What became of the record since does not change what was answered then.
        let path = first.headers["location"].to_str().unwrap().to_owned();
        app.api
            .patch(&path, json!({"text": "later"}))
            .await
            .expect(200);
        app.new_event().await;

        for _ in 0..2 {
            let again = post(&app.api, resource, resource, &body).await.expect(201);
            assert_eq!(again.body, first.body);
            assert_eq!(again.headers["idempotency-replayed"], "true");
            for header in ["location", "etag", "content-type"] {
                assert_eq!(again.headers[header], first.headers[header], "{header}");
            }
        }
        assert_eq!(app.count_rows(resource).await, 1);
        app.no_new_event().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_for_one_request() {
    let app = TestApp::start().await;
    for (resource, body, other_body) in posts() {
        post(&app.api, resource, resource, &body).await.expect(201);
        app.new_events().await;
        let answer = post(&app.api, resource, resource, &other_body).await;
        let answer = answer.expect(422);
        assert_eq!(problem_code(&answer), "idempotency_key_reused");
        assert_eq!(app.count_rows(resource).await, 1);
        app.no_new_event().await;
    }
    // The same body elsewhere is another request.
    let answer = post(&app.api, "tasks", "orders", &json!({"name": "a"})).await;
    assert_eq!(problem_code(&answer.expect(422)), "idempotency_key_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_accounts_do_not_meet() {
    let app = TestApp::start().await;
    let body = json!({"name": "a"});
    let ours = post(&app.api, "orders", "k", &body).await.expect(201);
    let theirs = post(&app.other, "orders", "k", &body).await.expect(201);
    assert!(!theirs.headers.contains_key("idempotency-replayed"));
    assert_ne!(ours.id(), theirs.id());
    assert_eq!(app.new_events().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_request_leaves_the_key_free() {
    let app = TestApp::start().await;
    let refused = post(&app.api, "orders", "k", &json!({"name": 5})).await;
    refused.expect(422);
    let answer = post(&app.api, "orders", "k", &json!({"name": "a"})).await;
    let answer = answer.expect(201);
    assert!(!answer.headers.contains_key("idempotency-replayed"));
    app.new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_of_ours_leaves_the_key_free() {
    let app = TestApp::start().await;
    for (resource, body, _) in posts() {
        app.break_appends().await;
        let failed = post(&app.api, resource, resource, &body).await.expect(503);
        assert_eq!(problem_code(&failed), "unavailable");
        app.mend().await;
        assert_eq!(app.count_rows(resource).await, 0);
        let answer = post(&app.api, resource, resource, &body).await.expect(201);
        assert!(!answer.headers.contains_key("idempotency-replayed"));
        assert_eq!(app.count_rows(resource).await, 1);
        app.new_event().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_at_once_makes_one_record() {
    let app = TestApp::start().await;
    for (resource, body, _) in posts() {
        let sent = (0..12).map(|_| post(&app.api, resource, resource, &body));
        let answers = join_all(sent).await;
        let mut bodies = Vec::new();
        let mut first_ones = 0;
        for answer in answers {
            if answer.status == 409 {
                assert_eq!(problem_code(&answer), "idempotency_key_in_flight");
                continue;
            }
            let answer = answer.expect(201);
            first_ones += i32::from(!answer.headers.contains_key("idempotency-replayed"));
            bodies.push(answer.body);
        }
        assert_eq!(first_ones, 1);
        assert!(bodies.iter().all(|body| *body == bodies[0]));
        assert_eq!(app.count_rows(resource).await, 1);
        app.new_event().await;
        // Once nothing is in flight any more, the answer is there for all.
        let again = post(&app.api, resource, resource, &body).await.expect(201);
        assert_eq!(again.body, bodies[0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_cannot_be_one_is_refused() {
    let app = TestApp::start().await;
    let long = "k".repeat(256);
    for key in ["", "two words", long.as_str()] {
        for (resource, body, _) in posts() {
            let answer = post(&app.api, resource, key, &body).await.expect(400);
            assert_eq!(problem_code(&answer), "invalid_header");
        }
    }
    app.no_new_event().await;
    let longest = "k".repeat(255);
    post(&app.api, "orders", &longest, &json!({"name": "a"}))
        .await
        .expect(201);
}
