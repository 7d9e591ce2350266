//! `/directories/{kind}`.

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use test_support::Method;

use crate::app::{NOW, TestApp, errors, field_errors, id_of, problem_code, query_errors};

const OFFICES: &str = "/api/v1/directories/office";

fn path_of(entry: &Value) -> String {
    format!("{OFFICES}/{}", id_of(entry))
}

/// Ids of the account's offices in their order; their places are checked on the way.
async fn offices_in_order(app: &TestApp) -> Vec<i64> {
    let answer = app
        .api
        .get(&format!("{OFFICES}?limit=200"))
        .await
        .expect(200);
    let mut items = answer.json()["items"].as_array().unwrap().clone();
    items.sort_by_key(|item| item["position"].as_i64());
    for (place, item) in (0..).zip(&items) {
        assert_eq!(item["position"].as_i64(), Some(place), "{items:?}");
    }
    items.iter().map(id_of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_lives_through_all_verbs() {
    let app = TestApp::start().await;
    let body = json!({"name": "Центр", "color": "#ad3939"});
    let answer = app.api.post(OFFICES, body).await.expect(201);
    let entry = answer.json();
    let id = id_of(&entry);
    assert_eq!(
        entry,
        json!({
            "id": id, "name": "Центр", "position": 0, "color": "AD3939",
            "revision": 1, "created_at": NOW, "updated_at": NOW,
        })
    );
    assert_eq!(answer.headers["location"], format!("{OFFICES}/{id}"));
    assert_eq!(answer.headers["etag"], "\"1\"");

    app.clock.advance(Duration::from_secs(1));
    let patch = json!({"name": "Север", "color": null});
    let answer = app.api.patch(&path_of(&entry), patch).await.expect(200);
    let changed = json!({
        "id": id, "name": "Север", "position": 0, "color": null,
        "revision": 2, "created_at": NOW, "updated_at": "2026-01-02T03:04:06.123456Z",
    });
    assert_eq!(answer.json(), changed);
    assert_eq!(answer.headers["etag"], "\"2\"");
    let read = app.api.get(&path_of(&entry)).await.expect(200);
    assert_eq!(read.json(), changed);

    app.api.delete(&path_of(&entry)).await.expect(204);
    assert_eq!(app.api.get(&path_of(&entry)).await.status, 404);
    assert_eq!(app.api.delete(&path_of(&entry)).await.status, 404);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_is_a_directory_of_its_own() {
    let app = TestApp::start().await;
    let kinds = [
        "order_category",
        "origin",
        "client_status",
        "task_status",
        "task_type",
        "office",
        "city",
    ];
    for kind in kinds {
        let id = app.create_entry(kind, kind).await;
        for other in kinds {
            let answer = app
                .api
                .get(&format!("/api/v1/directories/{other}/{id}"))
                .await;
            assert_eq!(answer.status == 200, kind == other, "{kind} in {other}");
        }
        let named = app
            .api
            .get(&format!("/api/v1/directories/{kind}?name={kind}"))
            .await;
        assert_eq!(named.json()["items"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_kind_is_told_the_known_ones() {
    let app = TestApp::start().await;
    for answer in [
        app.api.get("/api/v1/directories/colors").await,
        app.api
            .post("/api/v1/directories/colors", json!({"name": "n"}))
            .await,
        app.api.get("/api/v1/directories/colors/1").await,
        app.api
            .patch("/api/v1/directories/Office/1", json!({}))
            .await,
        app.api.delete("/api/v1/directories/offices/1").await,
    ] {
        assert_eq!(problem_code(&answer), "not_found");
        assert_eq!(answer.status, 404);
        assert_eq!(
            answer.json()["detail"],
            "There is no directory of that kind; there are order_category, origin, \
             client_status, task_status, task_type, office, city."
        );
    }
    assert_eq!(app.api.get(&format!("{OFFICES}/x")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_is_used_stays_and_says_how_often() {
    let app = TestApp::start().await;
    for (kind, path, key) in [
        ("order_category", "orders", "id_cat"),
        ("origin", "orders", "id_origin"),
        ("office", "orders", "id_office"),
        ("city", "orders", "id_city"),
        ("task_status", "tasks", "id_status"),
        ("task_type", "tasks", "id_type"),
        ("client_status", "clients", "id_status"),
    ] {
        let id = app.create_entry(kind, "n").await;
        let name = if path == "clients" {
            "realname"
        } else {
            "name"
        };
        let mut records = Vec::new();
        for _ in 0..2 {
            let body = json!({name: "n", key: id});
            records.push(app.create(&format!("/api/v1/{path}"), body).await);
        }
        let entry = format!("/api/v1/directories/{kind}/{id}");
        let answer = app.api.delete(&entry).await.expect(409);
        assert_eq!(problem_code(&answer), "in_use", "{kind}");
        assert_eq!(answer.json()["count"], 2, "{kind}");
        assert_eq!(
            answer.json()["detail"],
            format!("2 {path} use this entry; change them first.")
        );
        app.api.get(&entry).await.expect(200);

        for record in records {
            let path = format!("/api/v1/{path}/{}", id_of(&record));
            app.api.delete(&path).await.expect(204);
        }
        app.api.delete(&entry).await.expect(204);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_in_front_makes_the_default() {
    let app = TestApp::start().await;
    let path = "/api/v1/directories/task_status";
    let first = app.first_entry(&app.api, "task_status").await;
    let entry = app
        .create(path, json!({"name": "Ждёт", "position": 0}))
        .await;
    let task = app.create_task(json!({"name": "n"})).await;
    assert_eq!(task["id_status"], entry["id"]);
    // Who was shifted has changed as well.
    let shifted = app
        .api
        .get(&format!("{path}/{first}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&shifted["position"], &shifted["revision"]),
        (&json!(1), &json!(2))
    );
    // The end is wherever the end is.
    let id = id_of(&entry);
    let answer = app
        .api
        .patch(&format!("{path}/{id}"), json!({"position": 1000}))
        .await;
    let count = app.api.get(path).await.json()["items"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(answer.expect(200).json()["position"], count - 1);
    let task = app.create_task(json!({"name": "n"})).await;
    assert_eq!(task["id_status"], first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_stay_dense_whatever_is_moved() {
    let app = TestApp::start().await;
    let mut expected: Vec<i64> = Vec::new();
    let mut runner = TestRunner::deterministic();
    let moves = prop::collection::vec((0..4_u8, any::<prop::sample::Index>(), 0..9_usize), 50)
        .new_tree(&mut runner)
        .unwrap()
        .current();
    for (verb, which, place) in moves {
        if verb < 2 || expected.is_empty() {
            let body = json!({"name": "n", "position": place});
            let id = id_of(&app.create(OFFICES, body).await);
            expected.insert(place.min(expected.len()), id);
        } else if verb == 2 {
            let id = expected.remove(which.index(expected.len()));
            let path = format!("{OFFICES}/{id}");
            app.api
                .patch(&path, json!({"position": place}))
                .await
                .expect(200);
            expected.insert(place.min(expected.len()), id);
        } else {
            let id = expected.remove(which.index(expected.len()));
            app.api.delete(&format!("{OFFICES}/{id}")).await.expect(204);
        }
        assert_eq!(offices_in_order(&app).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_as_it_was_keeps_its_revision() {
    let app = TestApp::start().await;
    let entry = app
        .create(OFFICES, json!({"name": "n", "color": "AD3939"}))
        .await;
    app.clock.advance(Duration::from_secs(1));
    for same in [
        json!({}),
        entry.clone(),
        json!({"color": "#ad3939", "position": 5}),
    ] {
        let answer = app.api.patch(&path_of(&entry), same).await.expect(200);
        assert_eq!(answer.json(), entry);
    }
    let headers = [("If-Match", "\"2\""), ("Content-Type", "application/json")];
    for (method, body) in [(Method::PATCH, "{\"name\":\"x\"}"), (Method::DELETE, "")] {
        let answer = app.raw(method, &path_of(&entry), &headers, body).await;
        assert_eq!(problem_code(&answer.expect(412)), "precondition_failed");
    }
    let headers = [("If-None-Match", "\"1\"")];
    let answer = app.raw(Method::GET, &path_of(&entry), &headers, "").await;
    assert_eq!(answer.status, 304);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let entry = app.create(OFFICES, json!({"name": "n"})).await;
    let rows = app.count_rows("directory_entries").await;
    for (mut body, pointer, code) in [
        (json!({"kind": "city"}), "/kind", "unknown_field"),
        (json!({"name": 5}), "/name", "wrong_type"),
        (json!({"name": null}), "/name", "not_null"),
        (json!({"name": "  "}), "/name", "blank"),
        (json!({"name": "x".repeat(256)}), "/name", "too_long"),
        (json!({"name": "a\0"}), "/name", "nul_character"),
        (json!({"color": "AD393G"}), "/color", "invalid"),
        (json!({"color": false}), "/color", "wrong_type"),
        (json!({"position": -1}), "/position", "out_of_range"),
        (json!({"position": 1_000_001}), "/position", "out_of_range"),
        (json!({"position": null}), "/position", "not_null"),
        (json!({"id": 999_999}), "/id", "read_only"),
        (json!({"revision": 2}), "/revision", "read_only"),
    ] {
        let patched = app.api.patch(&path_of(&entry), body.clone()).await;
        assert_eq!(
            field_errors(&patched),
            errors(&[(pointer, code)]),
            "PATCH {body}"
        );
        body["name"] = body.get("name").cloned().unwrap_or(json!("n"));
        let posted = app.api.post(OFFICES, body.clone()).await;
        assert_eq!(
            field_errors(&posted),
            errors(&[(pointer, code)]),
            "POST {body}"
        );
    }
    let posted = app
        .api
        .post(OFFICES, json!({"color": "x", "extra": 1}))
        .await;
    assert_eq!(
        field_errors(&posted),
        errors(&[
            ("/name", "required"),
            ("/color", "invalid"),
            ("/extra", "unknown_field")
        ])
    );
    let listed = app.api.get(&format!("{OFFICES}?color=AD3939")).await;
    assert_eq!(
        query_errors(&listed),
        errors(&[("color", "unknown_parameter")])
    );
    assert_eq!(app.count_rows("directory_entries").await, rows);
    assert_eq!(app.api.get(&path_of(&entry)).await.json(), entry);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_accounts_entries_are_not_there() {
    let app = TestApp::start().await;
    let entry = app
        .other
        .post(OFFICES, json!({"name": "n"}))
        .await
        .expect(201)
        .json();
    let path = path_of(&entry);
    for answer in [
        app.api.get(&path).await,
        app.api.patch(&path, json!({"name": "x"})).await,
        app.api.delete(&path).await,
    ] {
        assert_eq!(answer.status, 404);
        assert_eq!(problem_code(&answer), "not_found");
    }
    assert_eq!(app.api.get(OFFICES).await.json()["items"], json!([]));
    app.create(OFFICES, json!({"name": "own", "position": 0}))
        .await;
    assert_eq!(app.other.get(&path).await.json(), entry);
}
