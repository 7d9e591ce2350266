//! Lists of tasks: pages and filters.

use std::time::Duration;

use serde_json::json;

use super::{TASKS, path_of};
use crate::app::{TestApp, errors, id_of, query_errors};
use crate::listing::{list, walk};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_meet_without_gap_or_repeat() {
    let app = TestApp::start().await;
    let mut made = Vec::new();
    for n in 0..120 {
        made.push(id_of(
            &app.create_task(json!({"name": n.to_string()})).await,
        ));
    }
    made.reverse();
    let pages = walk(&app.api, TASKS).await;
    let lengths: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(lengths, [50, 50, 20]);
    assert_eq!(pages.concat(), made);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_is_what_the_task_itself_answers() {
    let app = TestApp::start().await;
    let task = app.create_task(json!({"name": "Дело", "date_to": 5})).await;
    let answer = app.api.get(TASKS).await.expect(200);
    let expected = json!({"items": [task], "next_cursor": null});
    assert_eq!(answer.body, expected.to_string().as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_go_by_wire_key_and_repeat() {
    let app = TestApp::start().await;
    let first = id_of(&app.create_order(json!({"name": "1"})).await);
    let second = id_of(&app.create_order(json!({"name": "2"})).await);
    let status = app.create_entry("task_status", "Ждёт").await;
    let kind = app.create_entry("task_type", "Звонок").await;
    let mut made = Vec::new();
    for body in [
        json!({"name": "a", "id_deal": first}),
        json!({"name": "b", "id_order": second, "id_status": status}),
        json!({"name": "c", "id_type": kind}),
    ] {
        made.push(id_of(&app.create_task(body).await));
        app.clock.advance(Duration::from_secs(10));
    }
    app.api
        .patch(&path_of(&json!({"id": made[0]})), json!({"text": "x"}))
        .await
        .expect(200);
    for (query, places) in [
        (format!("id_order={first}"), vec![0]),
        (format!("id_deal={first}"), vec![0]),
        (format!("id_order={first}&id_order={second}"), vec![1, 0]),
        (format!("id_status={status}"), vec![1]),
        (format!("id_type={kind}"), vec![2]),
        (format!("id_type={kind}&id_order={first}"), vec![]),
        ("created_from=2026-01-02T03:04:10Z".to_owned(), vec![2, 1]),
        ("updated_from=2026-01-02T03:04:30Z".to_owned(), vec![0]),
    ] {
        let expected: Vec<i64> = places.iter().map(|place| made[*place]).collect();
        let found = list(&app.api, &format!("{TASKS}?{query}")).await;
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_parameters_are_refused() {
    let app = TestApp::start().await;
    for (query, expected) in [
        ("order=1", vec![("order", "unknown_parameter")]),
        ("id_client=1", vec![("id_client", "unknown_parameter")]),
        ("id_type=-1", vec![("id_type", "invalid")]),
        ("cursor=AAAA", vec![("cursor", "invalid")]),
    ] {
        let answer = app.api.get(&format!("{TASKS}?{query}")).await;
        assert_eq!(query_errors(&answer), errors(&expected), "{query}");
    }
}
