//! `GET /webhooks`.

use serde_json::{Value, json};
use test_support::Answer;

use crate::app::{ACCOUNT, TestApp, errors, query_errors};
use crate::samples::client_added;

async fn names(app: &TestApp, query: &str) -> Vec<String> {
    let path = format!("/api/v1/webhooks{query}");
    names_of(&app.api.get(&path).await.expect(200).json())
}

fn names_of(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
    items.iter().map(name).collect()
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let app = TestApp::start().await;
    app.create_webhook(json!({"name": "orders", "events": ["order.add", "order.edit"]}))
        .await;
    app.create_webhook(json!({"name": "off", "events": ["task.add"], "active": false}))
        .await;
    app.create_webhook(json!({"name": "order.delete", "events": ["client.add"]}))
        .await;
    for (query, expected) in [
        ("", vec!["order.delete", "off", "orders"]),
        ("?active=true", vec!["order.delete", "orders"]),
        ("?active=false", vec!["off"]),
        ("?event=order.edit", vec!["orders"]),
        ("?event=order.delete", vec![]),
        ("?event=order.add&event=task.add", vec!["off", "orders"]),
        ("?state=inactive", vec!["off"]),
        ("?state=active&event=client.add", vec!["order.delete"]),
        ("?state=disabled&state=paused", vec![]),
        (
            "?created_from=2020-01-01T00:00:00Z",
            vec!["order.delete", "off", "orders"],
        ),
        ("?created_to=2020-01-01T00:00:00Z", vec![]),
        ("?updated_to=2020-01-01T00:00:00Z", vec![]),
    ] {
        assert_eq!(names(&app, query).await, expected, "{query}");
    }

    app.receiver.answer_next(Answer::status(410));
    app.publish(&client_added(ACCOUNT, 1)).await;
    app.wait_for_delivery("?origin=event", |delivery| delivery["held"] == true)
        .await;
    assert_eq!(names(&app, "?state=disabled").await, ["order.delete"]);
    assert_eq!(names(&app, "?state=active").await, ["orders"]);
}

#[tokio::test]
async fn pages_follow_one_another() {
    let app = TestApp::start().await;
    for name in ["a", "b", "c", "d"] {
        let event = if name == "c" { "task.add" } else { "order.add" };
        app.create_webhook(json!({"name": name, "events": [event]}))
            .await;
    }
    let path = "/api/v1/webhooks?limit=2&event=order.add";
    let first = app.api.get(path).await.expect(200);
    assert_eq!(names_of(&first.json()), ["d", "b"]);
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let link = first.headers["link"].to_str().unwrap();
    assert_eq!(
        link,
        format!("</api/v1/webhooks?limit=2&event=order.add&cursor={cursor}>; rel=\"next\"")
    );
    let second = app
        .api
        .get(&format!("{path}&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(names_of(&second.json()), ["a"]);
    assert_eq!(second.json()["next_cursor"], json!(null));
    assert!(!second.headers.contains_key("link"));
}

#[tokio::test]
async fn wrong_filters_are_refused_by_name() {
    let app = TestApp::start().await;
    for (query, expected) in [
        ("?colour=red", ("colour", "unknown_parameter")),
        ("?state=held", ("state", "unknown_value")),
        ("?event=order.sold", ("event", "unknown_value")),
        ("?active=yes", ("active", "invalid")),
        ("?limit=0", ("limit", "out_of_range")),
        ("?cursor=x", ("cursor", "invalid")),
        ("?created_from=yesterday", ("created_from", "invalid")),
    ] {
        let answer = app.api.get(&format!("/api/v1/webhooks{query}")).await;
        assert_eq!(query_errors(&answer), errors(&[expected]), "{query}");
    }
}
