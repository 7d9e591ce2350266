//! Changing clients by merge patch.

use std::time::Duration;

use events::Action;
use serde_json::json;
use test_support::Method;

use super::path_of;
use crate::app::{
    NOW, TOKEN_ID, TestApp, client_change, envelope, errors, field_errors, problem_code,
};

const LATER: &str = "2026-01-02T03:05:05.123456Z";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_changes_what_it_names_and_the_event_says_what_was() {
    let app = TestApp::start().await;
    let status = app.create_entry("client_status", "Постоянный").await;
    let first = app.first_entry(&app.api, "client_status").await;
    let client = app
        .create_client(json!({"realname": "Иван", "phone": "79998888888", "text": "t"}))
        .await;
    app.new_events().await;
    app.clock.advance(Duration::from_secs(60));

    let patch =
        json!({"email": "a@b.ru", "phone": "", "id_status": status, "text": "t", "position": "x"});
    let answer = app.api.patch(&path_of(&client), patch).await.expect(200);

    let mut expected = client.clone();
    expected["email"] = json!("a@b.ru");
    expected["phone"] = json!("");
    expected["position"] = json!("x");
    expected["id_status"] = json!(status);
    expected["revision"] = json!(2);
    expected["updated_at"] = json!(LATER);
    assert_eq!(answer.body, expected.to_string().as_bytes());
    assert_eq!(answer.headers["etag"], "\"2\"");
    let event = app.new_event().await;
    let change = client_change(&event);
    assert_eq!(change.action, Action::Edit);
    assert_eq!(change.changed, ["email", "phone", "position", "id_status"]);
    assert_eq!(
        envelope(&event).to_string(),
        json!({
            "id": event.id.to_string(),
            "type": "client.edit",
            "timestamp": LATER,
            "account_id": app.account_id,
            "revision": 2,
            "actor": {"kind": "api", "token_id": TOKEN_ID},
            "data": expected,
            "previous": {
                "email": "", "phone": "79998888888", "position": "", "id_status": first,
            },
        })
        .to_string()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_that_changes_nothing_leaves_no_trace() {
    let app = TestApp::start().await;
    let client = app
        .create_client(json!({"realname": "Иван", "phone": "79998888888", "fields": {"a": 1}}))
        .await;
    app.new_events().await;
    app.clock.advance(Duration::from_secs(60));
    for patch in [
        json!({}),
        json!({"realname": "Иван", "email": ""}),
        json!({"fields": {"a": 1}}),
        client.clone(),
    ] {
        let answer = app.api.patch(&path_of(&client), patch.clone()).await;
        assert_eq!(
            answer.expect(200).body,
            client.to_string().as_bytes(),
            "{patch}"
        );
    }
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_only_keys_are_taken_if_they_say_what_is_so() {
    let app = TestApp::start().await;
    let client = app.create_client(json!({"realname": "Иван"})).await;
    app.new_events().await;
    let path = path_of(&client);
    let echo = json!({"id": client["id"], "revision": 1, "created_at": NOW, "updated_at": NOW, "text": "t"});
    app.api.patch(&path, echo).await.expect(200);
    app.new_event().await;
    let other = json!({"id": 0, "revision": 1, "created_at": 1, "updated_at": "x", "text": "u"});
    assert_eq!(
        field_errors(&app.api.patch(&path, other).await),
        errors(&[
            ("/id", "read_only"),
            ("/revision", "read_only"),
            ("/created_at", "read_only"),
            ("/updated_at", "read_only"),
        ])
    );
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_condition_guards_against_lost_updates() {
    let app = TestApp::start().await;
    let path = path_of(&app.create_client(json!({"realname": "Иван"})).await);
    app.api.patch(&path, json!({"text": "a"})).await.expect(200);
    app.new_events().await;
    for method in [Method::PATCH, Method::DELETE] {
        let body = (method == Method::PATCH).then(|| json!({"text": "b"}));
        let answer = app
            .api
            .send(method, &path, &[("If-Match", "\"1\"")], body.as_ref())
            .await
            .unwrap()
            .expect(412);
        assert_eq!(problem_code(&answer), "precondition_failed");
        assert_eq!(answer.headers["etag"], "\"2\"");
    }
    app.no_new_event().await;
    let headers = [("If-None-Match", "\"2\"")];
    let answer = app.api.send(Method::GET, &path, &headers, None).await;
    assert!(answer.unwrap().expect(304).body.is_empty());
}
