//! Adding clients.

use events::Action;
use serde_json::json;
use test_support::Method;

use super::{CLIENTS, path_of};
use crate::app::{NOW, TOKEN_ID, TestApp, client_change, envelope};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_with_every_field_is_answered_as_it_is_stored() {
    let app = TestApp::start().await;
    let status = app.create_entry("client_status", "Постоянный").await;
    app.new_events().await;
    let sent = json!({
        "realname": "Иван",
        "email": "a@b.ru",
        "phone": "79998888888",
        "position": "Директор",
        "id_status": status,
        "text": "заметка",
        "fields": {"Город": "Москва", "INN": 7701, "VIP": true, "Скидка": 2.5, "Пусто": null},
    });

    let headers = [("X-Request-Id", "client-1")];
    let answer = app
        .api
        .send(Method::POST, CLIENTS, &headers, Some(&sent))
        .await
        .unwrap()
        .expect(201);

    let expected = json!({
        "id": 1,
        "realname": "Иван",
        "email": "a@b.ru",
        "phone": "79998888888",
        "position": "Директор",
        "id_status": status,
        "text": "заметка",
        "fields": {"Город": "Москва", "INN": 7701, "VIP": true, "Скидка": 2.5, "Пусто": null},
        "revision": 1,
        "created_at": NOW,
        "updated_at": NOW,
    });
    assert_eq!(
        answer.body,
        expected.to_string().as_bytes(),
        "{}",
        answer.json()
    );
    assert_eq!(answer.headers["location"], "/api/v1/clients/1");
    assert_eq!(answer.headers["etag"], "\"1\"");
    let read = app.api.get("/api/v1/clients/1").await.expect(200);
    assert_eq!(read.body, answer.body);
    assert_eq!(read.headers["etag"], "\"1\"");

    let event = app.new_event().await;
    let change = client_change(&event);
    assert_eq!(change.action, Action::Add);
    assert_eq!(change.changed, Vec::<String>::new());
    assert_eq!(change.previous, None);
    let names: Vec<&str> = change
        .client
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(names, ["Город", "INN", "VIP", "Скидка", "Пусто"]);
    assert_eq!(event.cause.correlation_id, "client-1");
    assert_eq!(
        envelope(&event).to_string(),
        json!({
            "id": event.id.to_string(),
            "type": "client.add",
            "timestamp": NOW,
            "account_id": app.account_id,
            "revision": 1,
            "actor": {"kind": "api", "token_id": TOKEN_ID},
            "data": expected,
            "previous": null,
        })
        .to_string()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_alone_makes_a_client_of_defaults() {
    let app = TestApp::start().await;
    let status = app.first_entry(&app.api, "client_status").await;
    let answer = app.api.post(CLIENTS, json!({"realname": "Иван"})).await;
    let expected = json!({
        "id": 1,
        "realname": "Иван",
        "email": "",
        "phone": "",
        "position": "",
        "id_status": status,
        "text": "",
        "fields": {},
        "revision": 1,
        "created_at": NOW,
        "updated_at": NOW,
    });
    assert_eq!(answer.expect(201).body, expected.to_string().as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_are_kept_as_they_were_entered() {
    let app = TestApp::start().await;
    for (phone, email) in [
        ("8 (812) 315-98-83", "Ivan@Example.COM"),
        ("+375800111111", "иван@пример.рф"),
        ("добавочный 5", "не почта"),
    ] {
        let client = app
            .create_client(json!({"realname": "Иван", "phone": phone, "email": email}))
            .await;
        let read = app.api.get(&path_of(&client)).await.expect(200).json();
        assert_eq!(
            (&read["phone"], &read["email"]),
            (&json!(phone), &json!(email))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_may_have_the_same_contacts() {
    let app = TestApp::start().await;
    let body = json!({"realname": "Иван", "phone": "79998888888", "email": "a@b.ru"});
    let first = app.create_client(body.clone()).await;
    let second = app.create_client(body).await;
    assert_ne!(first["id"], second["id"]);
}
