//! One account never sees, changes or triggers anything of another.

use serde_json::{Value, json};
use test_support::{MockReceiver, wait_until};

use super::process::{ALL_EVENTS, DEADLINE, Up, bodies};

#[tokio::test]
async fn every_resource_is_hidden_from_the_other_account() {
    let home = tempfile::tempdir().unwrap();
    let (up, receiver) = (Up::start(&home).await, MockReceiver::start().await);
    let client = up
        .create("clients", json!({"realname": "Мой", "fields": {"Поле": 1}}))
        .await;
    let order = up
        .create("orders", json!({"name": "Мой", "id_client": client}))
        .await;
    let task = up
        .create("tasks", json!({"name": "Моя", "id_order": order}))
        .await;
    let webhook = up
        .webhook(&receiver.url("/"), "json", &ALL_EVENTS)
        .await
        .id();
    up.create("orders", json!({"name": "delivered"})).await;
    wait_until(DEADLINE, || async { !bodies(&receiver).is_empty() }).await;
    let first = |list: Value| list["items"][0]["id"].clone();
    let delivery = first(up.api.get("/api/v1/deliveries").await.json());
    let delivery = delivery.as_str().unwrap();
    let pipelines = up.api.get("/api/v1/pipelines").await.json();
    let pipeline = &pipelines["items"][0]["id"];
    let stage = &pipelines["items"][0]["stages"][0]["id"];
    let status = first(up.api.get("/api/v1/directories/client_status").await.json());
    let field = first(up.api.get("/api/v1/custom-fields").await.json());

    let other = up.other_account().await;
    let paths = [
        format!("orders/{order}"),
        format!("tasks/{task}"),
        format!("clients/{client}"),
        format!("pipelines/{pipeline}"),
        format!("pipelines/{pipeline}/stages/{stage}"),
        format!("directories/client_status/{status}"),
        format!("custom-fields/{field}"),
        format!("webhooks/{webhook}"),
    ];
    for path in &paths {
        let path = format!("/api/v1/{path}");
        let before = up.api.get(&path).await.expect(200).json();
        other.get(&path).await.expect(404);
        other.patch(&path, json!({"name": "x"})).await.expect(404);
        other.delete(&path).await.expect(404);
        assert_eq!(up.api.get(&path).await.expect(200).json(), before);
    }
    other
        .delete(&format!("/api/v1/orders/{order}/tasks"))
        .await
        .expect(404);
    other
        .post(&format!("/api/v1/webhooks/{webhook}/test"), json!({}))
        .await
        .expect(404);
    other
        .get(&format!("/api/v1/deliveries/{delivery}"))
        .await
        .expect(404);
    other
        .post(&format!("/api/v1/deliveries/{delivery}/retry"), json!({}))
        .await
        .expect(404);
    for list in [
        "orders",
        "tasks",
        "clients",
        "webhooks",
        "deliveries",
        "custom-fields",
    ] {
        let seen = other
            .get(&format!("/api/v1/{list}"))
            .await
            .expect(200)
            .json();
        assert_eq!(seen["items"], json!([]), "{list}");
    }
    let refused = other
        .post(
            "/api/v1/orders",
            json!({"name": "x", "id_client": client, "id_status": stage}),
        )
        .await
        .expect(422)
        .json();
    let pointers: Vec<_> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert!(
        pointers.contains(&"/id_client") && pointers.contains(&"/id_status"),
        "{refused}"
    );
}

#[tokio::test]
async fn the_other_accounts_changes_fire_nothing_here() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(&home).await;
    let (mine, theirs) = (MockReceiver::start().await, MockReceiver::start().await);
    up.webhook(&mine.url("/"), "json", &ALL_EVENTS).await;
    let other = up.other_account().await;
    let hook = json!({"name": "theirs", "url": theirs.url("/"), "format": "json",
                      "events": ALL_EVENTS});
    other.post("/api/v1/webhooks", hook).await.expect(201);
    other
        .post("/api/v1/orders", json!({"name": "theirs"}))
        .await
        .expect(201);
    wait_until(DEADLINE, || async { !bodies(&theirs).is_empty() }).await;
    up.create("orders", json!({"name": "mine"})).await;
    wait_until(DEADLINE, || async { !bodies(&mine).is_empty() }).await;
    assert_eq!(bodies(&mine).len(), 1);
    assert!(bodies(&mine)[0].contains(r#""name":"mine""#));
    assert_eq!(bodies(&theirs).len(), 1);
    let feed = other.get("/api/v1/events?after=0").await.expect(200).json();
    let strangers = feed["items"].as_array().unwrap().iter();
    assert_eq!(
        strangers
            .filter(|event| event["data"]["name"] == "mine")
            .count(),
        0
    );
}
