//! `/events`.

use database::{DatabaseError, on_backend};
use diesel::{RunQueryDsl, sql_query};
use http_api::Scope;
use serde_json::{Value, json};
use test_support::{ApiClient, wait_until};

use crate::app::{DEADLINE, NOW, TOKEN_ID, TestApp, errors, id_of, problem_code, query_errors};

const EVENTS: &str = "/api/v1/events";

/// Reads the feed once it has `count` events; the relay numbers them after the commit.
async fn feed(api: &ApiClient, path: &str, count: usize) -> Value {
    wait_until(DEADLINE, || async {
        let page = api.get(path).await.expect(200).json();
        page["items"].as_array().unwrap().len() >= count
    })
    .await;
    api.get(path).await.json()
}

fn seqs(page: &Value) -> Vec<i64> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["seq"].as_i64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_is_the_envelope_with_its_place() {
    let app = TestApp::start().await;
    let client = app.create_client(json!({"realname": "Иван"})).await;
    let event = app.new_event().await;
    // The first event is that of the account's first pipeline.
    let page = feed(&app.api, EVENTS, 2).await;
    let item = &page["items"][1];
    assert_eq!(
        *item,
        json!({
            "seq": item["seq"],
            "id": event.id.to_string(),
            "type": "client.add",
            "timestamp": NOW,
            "account_id": app.account_id,
            "revision": 1,
            "actor": {"kind": "api", "token_id": TOKEN_ID},
            "data": client,
            "previous": null,
        })
    );
    assert_eq!(page["items"][0]["type"], "pipeline.add");
    assert_eq!(
        page["items"][0]["actor"],
        json!({"kind": "system", "token_id": null})
    );
    assert_eq!(page["next_cursor"], json!(null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_is_read_to_its_end_in_order() {
    let app = TestApp::start().await;
    let mut expected = Vec::new();
    for number in 0..7 {
        let name = number.to_string();
        // Events of others lie between, and are not there.
        app.other
            .post("/api/v1/tasks", json!({"name": "other"}))
            .await
            .expect(201);
        expected.push(id_of(&app.create_task(json!({"name": name})).await));
    }
    let all = feed(&app.api, EVENTS, 8).await;
    let start = seqs(&all)[0];

    let mut read = Vec::new();
    let mut path = format!("{EVENTS}?limit=3&after={start}");
    let mut pages = 0;
    loop {
        let answer = app.api.get(&path).await.expect(200);
        let page = answer.json();
        pages += 1;
        read.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert!(!answer.headers.contains_key("link"));
            break;
        };
        assert_eq!(seqs(&page).last().unwrap().to_string(), cursor);
        path = format!("{EVENTS}?limit=3&after={cursor}");
        assert_eq!(answer.headers["link"], format!("<{path}>; rel=\"next\""));
    }
    assert_eq!(pages, 3);
    let ids: Vec<i64> = read.iter().map(|item| id_of(&item["data"])).collect();
    assert_eq!(ids, expected);
    assert!(seqs(&json!({"items": read})).is_sorted());
    assert!(read.iter().all(|item| item["account_id"] == app.account_id));

    let last = seqs(&all)[7];
    let end = app
        .api
        .get(&format!("{EVENTS}?after={last}"))
        .await
        .expect(200);
    assert_eq!(end.json(), json!({"items": [], "next_cursor": null}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_longer_kept_is_said_to_be_gone() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        app.create_task(json!({"name": "n"})).await;
    }
    let kept = seqs(&feed(&app.api, EVENTS, 4).await)[2..].to_vec();
    let oldest = kept[0];
    app.database
        .write(move |conn| {
            let sql = format!("DELETE FROM outbox_events WHERE seq < {oldest}");
            on_backend!(conn, |c| sql_query(sql).execute(c)).map_err(DatabaseError::from)
        })
        .await
        .unwrap();

    let answer = app.api.get(&format!("{EVENTS}?after=0")).await.expect(410);
    assert_eq!(problem_code(&answer), "gone");
    assert_eq!(answer.json()["oldest_seq"], oldest);
    let next = format!("{EVENTS}?after={}", oldest - 1);
    assert_eq!(seqs(&app.api.get(&next).await.expect(200).json()), kept);
    // Who names no place begins with what there is.
    assert_eq!(seqs(&app.api.get(EVENTS).await.expect(200).json()), kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_parameters_are_named() {
    let app = TestApp::start().await;
    for (query, name, code) in [
        ("after=-1", "after", "invalid"),
        ("after=x", "after", "invalid"),
        ("after=1&after=2", "after", "repeated"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=201", "limit", "out_of_range"),
        ("cursor=1", "cursor", "unknown_parameter"),
    ] {
        let answer = app.api.get(&format!("{EVENTS}?{query}")).await;
        assert_eq!(query_errors(&answer), errors(&[(name, code)]), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_the_feed_needs_the_scope() {
    let app = TestApp::start().await;
    app.api_with(&[Scope::RecordsRead])
        .get(EVENTS)
        .await
        .expect(200);
    let stranger = app.api_with(&[Scope::AdminWrite, Scope::WebhooksWrite]);
    let answer = stranger.get(EVENTS).await.expect(403);
    assert_eq!(problem_code(&answer), "forbidden");
}
