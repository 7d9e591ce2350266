//! `/accounts`.

use http_api::Scope;
use serde_json::{Value, json};

use crate::app::{NOW, TestApp, errors, field_errors, problem_code, query_errors};

const ACCOUNTS: &str = "/api/v1/accounts";

fn first(app: &TestApp) -> Value {
    json!({"id": app.account_id, "name": "Первый", "created_at": NOW})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_sees_its_own_account_only() {
    let app = TestApp::start().await;
    let own = format!("{ACCOUNTS}/{}", app.account_id);
    let theirs = format!("{ACCOUNTS}/{}", app.other_account_id);
    assert_eq!(app.api.get(&own).await.expect(200).json(), first(&app));
    let listed = app.api.get(ACCOUNTS).await.expect(200).json();
    assert_eq!(listed, json!({"items": [first(&app)], "next_cursor": null}));
    for answer in [
        app.api.get(&theirs).await,
        app.api.patch(&theirs, json!({"name": "x"})).await,
        app.api.get(&format!("{ACCOUNTS}/999999")).await,
        app.api.get(&format!("{ACCOUNTS}/x")).await,
    ] {
        assert_eq!(answer.status, 404);
        assert_eq!(problem_code(&answer), "not_found");
    }
    let name = app.other.get(&theirs).await.expect(200).json()["name"].clone();
    assert_eq!(name, "Второй");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_renamed() {
    let app = TestApp::start().await;
    let path = format!("{ACCOUNTS}/{}", app.account_id);
    let mut body = first(&app);
    body["name"] = json!("ООО «Ромашка»");
    let answer = app.api.patch(&path, body.clone()).await.expect(200);
    assert_eq!(answer.json(), body);
    assert_eq!(app.api.get(&path).await.json(), body);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let path = format!("{ACCOUNTS}/{}", app.account_id);
    for (body, pointer, code) in [
        (json!({"email": "a@b.ru"}), "/email", "unknown_field"),
        (json!({"name": null}), "/name", "not_null"),
        (json!({"name": ""}), "/name", "blank"),
        (json!({"name": 1}), "/name", "wrong_type"),
        (json!({"name": "x".repeat(256)}), "/name", "too_long"),
        (json!({"name": "\0"}), "/name", "nul_character"),
        (json!({"id": 999}), "/id", "read_only"),
        (
            json!({"created_at": "2020-01-01T00:00:00Z"}),
            "/created_at",
            "read_only",
        ),
    ] {
        let answer = app.api.patch(&path, body.clone()).await;
        assert_eq!(field_errors(&answer), errors(&[(pointer, code)]), "{body}");
    }
    let answer = app.api.get(&format!("{ACCOUNTS}?name=x")).await;
    assert_eq!(
        query_errors(&answer),
        errors(&[("name", "unknown_parameter")])
    );
    assert_eq!(app.api.get(&path).await.json(), first(&app));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_the_administrators_business() {
    let app = TestApp::start().await;
    let path = format!("{ACCOUNTS}/{}", app.account_id);
    let reader = app.api_with(&[Scope::AdminRead]);
    reader.get(&path).await.expect(200);
    reader.get(ACCOUNTS).await.expect(200);
    let clerk = app.api_with(&[Scope::RecordsWrite, Scope::LeadsWrite, Scope::WebhooksWrite]);
    for answer in [
        reader.patch(&path, json!({"name": "x"})).await,
        clerk.get(&path).await,
        clerk.get(ACCOUNTS).await,
        clerk.patch(&path, json!({"name": "x"})).await,
    ] {
        assert_eq!(problem_code(&answer.expect(403)), "forbidden");
    }
    // Accounts are opened on the command line.
    let answer = app.api.post(ACCOUNTS, json!({"name": "x"})).await;
    assert_eq!(problem_code(&answer.expect(405)), "method_not_allowed");
    assert_eq!(app.count_rows("accounts").await, 2);
}
