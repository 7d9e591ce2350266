//! Lists of clients: pages and filters.

use serde_json::json;

use super::CLIENTS;
use crate::app::{TestApp, errors, id_of, query_errors};
use crate::listing::{list, walk};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_meet_without_gap_or_repeat() {
    let app = TestApp::start().await;
    let mut made = Vec::new();
    for n in 0..120 {
        let body = json!({"realname": n.to_string()});
        made.push(id_of(&app.create_client(body).await));
    }
    made.reverse();
    let pages = walk(&app.api, CLIENTS).await;
    let lengths: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(lengths, [50, 50, 20]);
    assert_eq!(pages.concat(), made);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_item_has_its_own_fields_in_the_order_of_the_account() {
    let app = TestApp::start().await;
    let mut items = Vec::new();
    for fields in [
        json!({"b": 1, "a": 2}),
        json!({}),
        json!({"a": "x", "c": null, "b": true}),
    ] {
        let body = json!({"realname": "Иван", "fields": fields});
        items.insert(0, app.create_client(body).await);
    }
    let answer = app.api.get(CLIENTS).await.expect(200);
    let expected = json!({"items": items, "next_cursor": null});
    assert_eq!(answer.body, expected.to_string().as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_go_by_wire_key_and_contacts_by_what_they_mean() {
    let app = TestApp::start().await;
    let status = app.create_entry("client_status", "Постоянный").await;
    let mut made = Vec::new();
    for body in [
        json!({"realname": "a", "phone": "8 (999) 888-88-88", "email": "Ivan@B.ru"}),
        json!({"realname": "b", "phone": "+375800111111", "id_status": status}),
        json!({"realname": "c", "email": "ivan@b.ru"}),
    ] {
        made.push(id_of(&app.create_client(body).await));
    }
    for (query, places) in [
        (format!("id_status={status}"), vec![1]),
        ("phone=79998888888".to_owned(), vec![0]),
        ("phone=%2B7+999+888-88-88".to_owned(), vec![0]),
        ("phone=375800111111".to_owned(), vec![1]),
        ("email=IVAN@b.ru".to_owned(), vec![2, 0]),
        ("email=ivan@b.ru&phone=79998888888".to_owned(), vec![0]),
        ("email=nobody@b.ru".to_owned(), vec![]),
    ] {
        let expected: Vec<i64> = places.iter().map(|place| made[*place]).collect();
        let found = list(&app.api, &format!("{CLIENTS}?{query}")).await;
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_parameters_are_refused() {
    let app = TestApp::start().await;
    for (query, expected) in [
        ("realname=x", vec![("realname", "unknown_parameter")]),
        ("phone=none", vec![("phone", "invalid")]),
        ("email=none", vec![("email", "invalid")]),
        ("fields=x", vec![("fields", "unknown_parameter")]),
        ("id_status=x", vec![("id_status", "invalid")]),
        ("updated_to=x", vec![("updated_to", "invalid")]),
    ] {
        let answer = app.api.get(&format!("{CLIENTS}?{query}")).await;
        assert_eq!(query_errors(&answer), errors(&expected), "{query}");
    }
}
