//! `/tokens`.

mod revocation;

use std::time::Duration;

use events::Change;
use http_api::Scope;
use serde_json::{Value, json};
use test_support::Method;

use crate::app::{NOW, TestApp, errors, field_errors, problem_code, query_errors};

const TOKENS: &str = "/api/v1/tokens";

fn path_of(token: &Value) -> String {
    format!("{TOKENS}/{}", token["id"].as_str().unwrap())
}

fn without_secret(token: &Value) -> Value {
    let mut known = token.clone();
    known.as_object_mut().unwrap().remove("token");
    known
}

async fn create(app: &TestApp, name: &str) -> Value {
    let body = json!({"name": name, "scopes": ["records:write"]});
    app.create(TOKENS, body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_works_and_is_shown_once() {
    let app = TestApp::start().await;
    let body = json!({
        "name": "Сайт",
        "scopes": ["webhooks:read", "records:write"],
        "expires_at": "2026-01-02T06:04:06.9+03:00",
    });
    let answer = app.api.post(TOKENS, body).await.expect(201);
    let token = answer.json();
    assert_eq!(answer.headers["location"], path_of(&token));
    let known = json!({
        "id": token["id"],
        "name": "Сайт",
        "scopes": ["records:write", "webhooks:read"],
        "created_at": NOW,
        "expires_at": "2026-01-02T03:04:06.000000Z",
        "revoked_at": null,
    });
    assert_eq!(without_secret(&token), known);
    assert_eq!(
        app.api.get(&path_of(&token)).await.expect(200).json(),
        known
    );
    let listed = app.api.get(TOKENS).await.expect(200).json();
    assert_eq!(listed, json!({"items": [known], "next_cursor": null}));

    let bearer = app.api.with_token(token["token"].as_str().unwrap());
    bearer
        .post("/api/v1/orders", json!({"name": "n"}))
        .await
        .expect(201);
    let event = app.new_event().await;
    assert_eq!(event.account_id.0, app.account_id);
    assert_eq!(event.actor.token_id.unwrap().0, token["id"]);
    // It can do no more than it was given, and no longer.
    assert_eq!(bearer.get(TOKENS).await.status, 403);
    app.clock.advance(Duration::from_secs(1));
    let answer = bearer.get("/api/v1/orders").await.expect(401);
    assert_eq!(problem_code(&answer), "unauthenticated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_is_refused_at_once() {
    let app = TestApp::start().await;
    let token = create(&app, "n").await;
    let bearer = app.api.with_token(token["token"].as_str().unwrap());
    bearer.get("/api/v1/orders").await.expect(200);

    app.api.delete(&path_of(&token)).await.expect(204);
    assert_eq!(bearer.get("/api/v1/orders").await.status, 401);
    let event = app.new_event().await;
    match &event.change {
        Change::TokenRevoked(revoked) => assert_eq!(revoked.token_id.0, token["id"]),
        other => panic!("not a revocation: {other:?}"),
    }
    // It stays in the list, with the time.
    let known = app.api.get(&path_of(&token)).await.expect(200).json();
    assert_eq!(known["revoked_at"], NOW);
    // Once more is no other revocation.
    app.clock.advance(Duration::from_secs(1));
    app.api.delete(&path_of(&token)).await.expect(204);
    assert_eq!(app.api.get(&path_of(&token)).await.json(), known);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_of_the_request_may_revoke_itself() {
    let app = TestApp::start().await;
    let body = json!({"name": "n", "scopes": ["admin:write"]});
    let token = app.create(TOKENS, body).await;
    let bearer = app.api.with_token(token["token"].as_str().unwrap());
    bearer.delete(&path_of(&token)).await.expect(204);
    assert_eq!(bearer.delete(&path_of(&token)).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gives_what_he_has_not_got() {
    let app = TestApp::start().await;
    let admin = app.api_with(&[Scope::AdminWrite, Scope::RecordsRead, Scope::LeadsWrite]);
    let scopes = json!([
        "records:read",
        "records:write",
        "leads:read",
        "webhooks:read"
    ]);
    let answer = admin
        .post(TOKENS, json!({"name": "n", "scopes": scopes}))
        .await;
    assert_eq!(
        field_errors(&answer),
        errors(&[
            ("/scopes/1", "scope_not_held"),
            ("/scopes/3", "scope_not_held")
        ])
    );
    assert_eq!(app.count_rows("api_tokens").await, 0);
    let scopes = json!(["records:read", "leads:read", "admin:read"]);
    admin
        .post(TOKENS, json!({"name": "n", "scopes": scopes}))
        .await
        .expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    for (change, pointer, code) in [
        (json!({"scope": "x"}), "/scope", "unknown_field"),
        (json!({"name": null}), "/name", "not_null"),
        (json!({"name": " "}), "/name", "blank"),
        (json!({"name": "x".repeat(256)}), "/name", "too_long"),
        (json!({"name": "\0"}), "/name", "nul_character"),
        (json!({"scopes": null}), "/scopes", "not_null"),
        (json!({"scopes": []}), "/scopes", "required"),
        (json!({"scopes": "records:read"}), "/scopes", "wrong_type"),
        (
            json!({"scopes": ["records:read", 5]}),
            "/scopes/1",
            "wrong_type",
        ),
        (json!({"scopes": ["records"]}), "/scopes/0", "unknown_value"),
        (
            json!({"scopes": vec!["records:read"; 9]}),
            "/scopes",
            "too_many",
        ),
        (json!({"expires_at": 5}), "/expires_at", "wrong_type"),
        (json!({"expires_at": "tomorrow"}), "/expires_at", "invalid"),
        (json!({"expires_at": NOW}), "/expires_at", "out_of_range"),
        (json!({"id": "x"}), "/id", "read_only"),
        (json!({"token": "x"}), "/token", "read_only"),
        (json!({"revoked_at": null}), "/revoked_at", "read_only"),
    ] {
        let mut body = json!({"name": "n", "scopes": ["records:read"]});
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let answer = app.api.post(TOKENS, body).await;
        assert_eq!(
            field_errors(&answer),
            errors(&[(pointer, code)]),
            "{change}"
        );
    }
    let answer = app.api.post(TOKENS, json!({})).await;
    assert_eq!(
        field_errors(&answer),
        errors(&[("/name", "required"), ("/scopes", "required")])
    );
    assert_eq!(app.count_rows("api_tokens").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_go_from_the_newest_in_pages() {
    let app = TestApp::start().await;
    let mut newest_first = Vec::new();
    for name in ["a", "b", "c"] {
        newest_first.insert(0, without_secret(&create(&app, name).await));
        app.clock.advance(Duration::from_secs(1));
    }
    let page = app.api.get(&format!("{TOKENS}?limit=2")).await.expect(200);
    let body = page.json();
    assert_eq!(body["items"], json!(newest_first[..2]));
    let cursor = body["next_cursor"].as_str().unwrap();
    let next = format!("{TOKENS}?limit=2&cursor={cursor}");
    assert_eq!(page.headers["link"], format!("<{next}>; rel=\"next\""));
    let rest = app.api.get(&next).await.expect(200).json();
    assert_eq!(
        rest,
        json!({"items": newest_first[2..], "next_cursor": null})
    );

    let answer = app.other.get(&next).await;
    assert_eq!(query_errors(&answer), errors(&[("cursor", "invalid")]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_made_at_one_moment_are_all_listed() {
    let app = TestApp::start().await;
    for name in ["a", "b", "c", "d", "e"] {
        create(&app, name).await;
    }
    let mut names = Vec::new();
    let mut path = format!("{TOKENS}?limit=2");
    loop {
        let page = app.api.get(&path).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        names.extend(
            items
                .iter()
                .map(|item| item["name"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{TOKENS}?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    names.sort();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_accounts_tokens_are_not_there() {
    let app = TestApp::start().await;
    let token = create(&app, "n").await;
    for answer in [
        app.other.get(&path_of(&token)).await,
        app.other.delete(&path_of(&token)).await,
        app.other.get(&format!("{TOKENS}/nothing")).await,
    ] {
        assert_eq!(answer.status, 404);
        assert_eq!(problem_code(&answer), "not_found");
    }
    assert_eq!(app.other.get(TOKENS).await.json()["items"], json!([]));
    let bearer = app.api.with_token(token["token"].as_str().unwrap());
    bearer.get("/api/v1/orders").await.expect(200);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_the_administrators_business() {
    let app = TestApp::start().await;
    let token = create(&app, "n").await;
    let reader = app.api_with(&[Scope::AdminRead]);
    reader.get(&path_of(&token)).await.expect(200);
    let clerk = app.api_with(&[Scope::RecordsWrite]);
    let body = json!({"name": "n", "scopes": ["records:read"]});
    for answer in [
        reader.post(TOKENS, body.clone()).await,
        reader.delete(&path_of(&token)).await,
        clerk.get(TOKENS).await,
        clerk.get(&path_of(&token)).await,
        clerk.post(TOKENS, body).await,
    ] {
        assert_eq!(problem_code(&answer.expect(403)), "forbidden");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_answers_without_the_secret() {
    let app = TestApp::start().await;
    let headers = [
        ("Idempotency-Key", "k"),
        ("Content-Type", "application/json"),
    ];
    let body = r#"{"name":"n","scopes":["records:read"]}"#;
    let post = || app.raw(Method::POST, TOKENS, &headers, body);
    let first = post().await.expect(201).json();
    let again = post().await.expect(201);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.json(), without_secret(&first));
    assert_eq!(app.count_rows("api_tokens").await, 1);
}
