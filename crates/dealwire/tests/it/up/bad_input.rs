//! Bad input is refused by name, and nothing is stored.

use serde_json::{Value, json};

use super::process::Up;

#[tokio::test]
async fn the_answer_names_the_field_and_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(&home).await;
    let long = "я".repeat(256);
    let text = "x".repeat(64 * 1024 + 1);
    let cases: [(&str, Value, &str); 22] = [
        ("orders", json!({"name": "x", "prise": 1}), "/prise"),
        ("orders", json!({"name": 7}), "/name"),
        ("orders", json!({"name": long}), "/name"),
        ("orders", json!({"name": "x", "text": text}), "/text"),
        ("orders", json!({"name": "x", "price": -1e13}), "/price"),
        ("orders", json!({"name": "x", "price": 1.005}), "/price"),
        ("orders", json!({"name": "x", "price": 1e13}), "/price"),
        ("orders", json!({"name": "x", "color": "red"}), "/color"),
        ("orders", json!({"name": "nul \u{0}"}), "/name"),
        (
            "orders",
            json!({"name": "x", "id_client": 999}),
            "/id_client",
        ),
        (
            "orders",
            json!({"name": "x", "id_status": 999}),
            "/id_status",
        ),
        (
            "tasks",
            json!({"name": "x", "date_from": 10, "date_to": 9}),
            "/date_to",
        ),
        ("tasks", json!({"name": "x", "id_deal": 999}), "/id_deal"),
        (
            "clients",
            json!({"realname": "x", "fields": {"a[b": 1}}),
            "/fields/a[b",
        ),
        (
            "clients",
            json!({"realname": "x", "fields": {"a": {}}}),
            "/fields/a",
        ),
        (
            "webhooks",
            json!({"name": "x", "url": "http://10.0.0.1/", "events": ["order.add"]}),
            "/url",
        ),
        (
            "webhooks",
            json!({"name": "x", "url": "http://u:p@127.0.0.1/", "events": ["order.add"]}),
            "/url",
        ),
        (
            "webhooks",
            json!({"name": "x", "url": "ftp://127.0.0.1/", "events": ["order.add"]}),
            "/url",
        ),
        (
            "webhooks",
            json!({"name": "x", "url": "nonsense", "events": ["order.add"]}),
            "/url",
        ),
        (
            "webhooks",
            json!({"name": "x", "url": "http://127.0.0.1/", "events": ["order.sold"]}),
            "/events/0",
        ),
        (
            "webhooks",
            json!({"name": "x", "url": "http://127.0.0.1/", "events": ["order.add"], "format": "xml"}),
            "/format",
        ),
        (
            "webhooks",
            json!({"name": "x", "url": "http://127.0.0.1/", "events": ["order.add"], "headers": {"Host": "x"}}),
            "/headers/Host",
        ),
    ];
    for (resource, body, pointer) in cases {
        let path = format!("/api/v1/{resource}");
        let answer = up.api.post(&path, body.clone()).await.expect(422);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        let problem = answer.json();
        let errors = problem["errors"].as_array().unwrap();
        assert!(
            errors.iter().any(|error| error["pointer"] == pointer
                && error["code"].is_string()
                && error["message"]
                    .as_str()
                    .is_some_and(|text| text.len() > 10)),
            "{pointer} is not named in {problem}"
        );
        let list = up.api.get(&path).await.expect(200).json();
        assert_eq!(list["items"], json!([]), "{resource} was stored");
    }
    up.api
        .post(
            "/api/v1/orders",
            json!({"name": "x", "text": "y".repeat(1 << 20)}),
        )
        .await
        .expect(413);
    up.api.get("/api/v1/orders?colour=red").await.expect(400);
    up.api.get("/api/v1/orders?limit=201").await.expect(400);
}
