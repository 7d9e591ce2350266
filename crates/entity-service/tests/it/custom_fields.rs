//! `/custom-fields`.

use std::time::Duration;

use http_api::Scope;
use serde_json::{Value, json};
use test_support::Method;

use crate::app::{NOW, TestApp, errors, field_errors, id_of, problem_code};

const FIELDS: &str = "/api/v1/custom-fields";

fn path_of(field: &Value) -> String {
    format!("{FIELDS}/{}", id_of(field))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_lives_through_all_verbs() {
    let app = TestApp::start().await;
    let answer = app
        .api
        .post(FIELDS, json!({"name": "Город"}))
        .await
        .expect(201);
    let field = answer.json();
    let id = id_of(&field);
    assert_eq!(
        field,
        json!({
            "id": id, "name": "Город", "kind": "text", "position": 0,
            "revision": 1, "created_at": NOW, "updated_at": NOW,
        })
    );
    assert_eq!(answer.headers["location"], format!("{FIELDS}/{id}"));

    app.clock.advance(Duration::from_secs(1));
    let patch = json!({"name": "Возраст", "kind": "number"});
    let answer = app.api.patch(&path_of(&field), patch).await.expect(200);
    let changed = json!({
        "id": id, "name": "Возраст", "kind": "number", "position": 0,
        "revision": 2, "created_at": NOW, "updated_at": "2026-01-02T03:04:06.123456Z",
    });
    assert_eq!(answer.json(), changed);
    assert_eq!(answer.headers["etag"], "\"2\"");
    assert_eq!(
        app.api.get(&path_of(&field)).await.expect(200).json(),
        changed
    );

    app.api.delete(&path_of(&field)).await.expect(204);
    assert_eq!(app.api.get(&path_of(&field)).await.status, 404);
    assert_eq!(
        app.api.get(FIELDS).await.json(),
        json!({"items": [], "next_cursor": null})
    );
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_name_keeps_the_values() {
    let app = TestApp::start().await;
    let client = app
        .create_client(json!({"realname": "a", "fields": {"Город": "Москва", "INN": 7701}}))
        .await;
    let fields = app.api.get(&format!("{FIELDS}?name=INN")).await.json();
    let inn = &fields["items"][0];
    app.new_events().await;
    app.api
        .patch(&path_of(inn), json!({"name": "ИНН"}))
        .await
        .expect(200);

    let path = format!("/api/v1/clients/{}", id_of(&client));
    let read = app.api.get(&path).await.expect(200).json();
    assert_eq!(
        read["fields"].to_string(),
        r#"{"Город":"Москва","ИНН":7701}"#
    );
    assert_eq!(read["revision"], 1);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_are_ordered_by_hand() {
    let app = TestApp::start().await;
    let a = app.create(FIELDS, json!({"name": "a"})).await;
    let b = app
        .create(FIELDS, json!({"name": "b", "kind": "flag", "position": 0}))
        .await;
    app.create_client(json!({"realname": "n", "fields": {"c": 1, "a": 2, "b": true}}))
        .await;
    // What a client's value made comes last; then all of it is moved.
    let body = json!({"realname": "n", "fields": {"a": 1, "b": 2, "c": 3}});
    let client = app.create_client(body.clone()).await;
    assert_eq!(client["fields"].to_string(), r#"{"b":2,"a":1,"c":3}"#);
    app.api
        .patch(&path_of(&b), json!({"position": 2}))
        .await
        .expect(200);
    let client = app.create_client(body.clone()).await;
    assert_eq!(client["fields"].to_string(), r#"{"a":1,"c":3,"b":2}"#);
    // A gap closes, and what is added after it is last again.
    let d = app
        .create(FIELDS, json!({"name": "d", "position": 1}))
        .await;
    app.api.delete(&path_of(&d)).await.expect(204);
    let e = app.create(FIELDS, json!({"name": "e"})).await;
    assert_eq!(e["position"], 3);
    assert_eq!(app.api.get(&path_of(&a)).await.json()["position"], 0);
    assert_eq!(app.api.get(&path_of(&b)).await.json()["position"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_with_values_stays_and_says_how_many() {
    let app = TestApp::start().await;
    let field = app.create(FIELDS, json!({"name": "Город"})).await;
    let mut clients = Vec::new();
    for city in [json!("Москва"), json!(null)] {
        let body = json!({"realname": "n", "fields": {"Город": city}});
        clients.push(app.create_client(body).await);
    }
    let answer = app.api.delete(&path_of(&field)).await.expect(409);
    assert_eq!(problem_code(&answer), "in_use");
    assert_eq!(answer.json()["count"], 2);
    for client in clients {
        let path = format!("/api/v1/clients/{}", id_of(&client));
        app.api
            .patch(&path, json!({"fields": null}))
            .await
            .expect(200);
    }
    app.api.delete(&path_of(&field)).await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_are_unique_within_an_account() {
    let app = TestApp::start().await;
    app.other
        .post(FIELDS, json!({"name": "a"}))
        .await
        .expect(201);
    let a = app.create(FIELDS, json!({"name": "a"})).await;
    let b = app.create(FIELDS, json!({"name": "b"})).await;
    let taken = errors(&[("/name", "taken")]);
    assert_eq!(
        field_errors(&app.api.post(FIELDS, json!({"name": "a"})).await),
        taken
    );
    let patched = app.api.patch(&path_of(&b), json!({"name": "a"})).await;
    assert_eq!(field_errors(&patched), taken);
    // Its own name is no other's, and case makes a difference.
    let same = app
        .api
        .patch(&path_of(&a), json!({"name": "a"}))
        .await
        .expect(200);
    assert_eq!(same.json(), a);
    app.create(FIELDS, json!({"name": "A"})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let field = app.create(FIELDS, json!({"name": "n"})).await;
    for (mut body, pointer, code) in [
        (json!({"color": "AD3939"}), "/color", "unknown_field"),
        (json!({"name": 5}), "/name", "wrong_type"),
        (json!({"name": null}), "/name", "not_null"),
        (json!({"name": ""}), "/name", "invalid"),
        (json!({"name": "й".repeat(65)}), "/name", "too_long"),
        (json!({"name": "a[b"}), "/name", "invalid"),
        (json!({"name": "a]"}), "/name", "invalid"),
        (json!({"name": "a\tb"}), "/name", "invalid"),
        (json!({"name": "a\0b"}), "/name", "nul_character"),
        (json!({"kind": "date"}), "/kind", "unknown_value"),
        (json!({"kind": null}), "/kind", "not_null"),
        (json!({"position": -1}), "/position", "out_of_range"),
        (json!({"id": 999_999}), "/id", "read_only"),
        (json!({"updated_at": null}), "/updated_at", "read_only"),
    ] {
        let patched = app.api.patch(&path_of(&field), body.clone()).await;
        assert_eq!(
            field_errors(&patched),
            errors(&[(pointer, code)]),
            "PATCH {body}"
        );
        body["name"] = body.get("name").cloned().unwrap_or(json!("m"));
        let posted = app.api.post(FIELDS, body.clone()).await;
        assert_eq!(
            field_errors(&posted),
            errors(&[(pointer, code)]),
            "POST {body}"
        );
    }
    let longest = "й".repeat(64);
    app.create(FIELDS, json!({"name": longest})).await;
    assert_eq!(app.count_rows("custom_fields").await, 2);
    assert_eq!(app.api.get(&path_of(&field)).await.json(), field);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_accounts_fields_are_not_there() {
    let app = TestApp::start().await;
    let field = app
        .other
        .post(FIELDS, json!({"name": "a"}))
        .await
        .expect(201)
        .json();
    let path = path_of(&field);
    for answer in [
        app.api.get(&path).await,
        app.api.patch(&path, json!({"name": "x"})).await,
        app.api.delete(&path).await,
    ] {
        assert_eq!(answer.status, 404);
    }
    assert_eq!(app.api.get(FIELDS).await.json()["items"], json!([]));
    app.create(FIELDS, json!({"name": "own", "position": 0}))
        .await;
    assert_eq!(app.other.get(&path).await.json(), field);

    let reader = app.api_with(&[Scope::RecordsRead]);
    reader.get(FIELDS).await.expect(200);
    assert_eq!(reader.post(FIELDS, json!({"name": "x"})).await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_revision_is_refused() {
    let app = TestApp::start().await;
    let field = app.create(FIELDS, json!({"name": "a"})).await;
    let headers = [("If-Match", "\"2\""), ("Content-Type", "application/json")];
    for (method, body) in [(Method::PATCH, "{\"name\":\"x\"}"), (Method::DELETE, "")] {
        let answer = app.raw(method, &path_of(&field), &headers, body).await;
        assert_eq!(problem_code(&answer.expect(412)), "precondition_failed");
    }
}
