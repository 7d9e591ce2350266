//! `GET /deliveries`.

use serde_json::json;
use test_support::{Answer, MockReceiver};

use crate::app::{ACCOUNT, TestApp, errors, query_errors};
use crate::samples::{client_added, order_added, order_deleted};

#[tokio::test]
async fn a_delivery_says_what_became_of_it() {
    let app = TestApp::start().await;
    let webhook = app.create_webhook(json!({})).await;
    let event = order_added(ACCOUNT, 42);
    app.publish(&event).await;
    let mut delivery = app
        .wait_for_delivery("?origin=event", |delivery| delivery["state"] == "delivered")
        .await;
    let request = &app.receiver.requests()[1];
    assert_eq!(delivery["id"], request.header("webhook-id").unwrap());
    assert!(delivery["last_ms"].is_i64());
    for key in ["created_at", "finished_at"] {
        assert!(delivery[key].as_str().unwrap().ends_with('Z'), "{delivery}");
    }
    for key in ["id", "last_ms", "created_at", "finished_at"] {
        delivery.as_object_mut().unwrap().remove(key);
    }
    assert_eq!(
        delivery,
        json!({
            "webhook_id": webhook["id"],
            "webhook_name": "hook",
            "kind": "webhook",
            "event_id": event.id.to_string(),
            "type": "order.add",
            "component": "order",
            "record_id": 42,
            "revision": 1,
            "origin": "event",
            "state": "delivered",
            "held": false,
            "waits_for": null,
            "waits_until": null,
            "waits_because": null,
            "send_as": null,
            "coalesced": 0,
            "attempts": 1,
            "next_attempt_at": null,
            "last_status": 200,
            "last_error": null,
            "erased_at": null,
        })
    );
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let app = TestApp::start().await;
    let failing = MockReceiver::start().await;
    failing.answer_always(Answer::status(500));
    let good = app.create_webhook(json!({})).await["id"].clone();
    let bad = json!({"url": failing.url("/"), "events": ["order.add"]});
    let bad = app.create_webhook(bad).await["id"].clone();
    let added = order_added(ACCOUNT, 1);
    app.publish(&added).await;
    app.publish(&order_deleted(ACCOUNT, 1)).await;
    app.publish(&client_added(ACCOUNT, 1)).await;
    for query in ["?event=order.delete", "?event=client.add"] {
        app.wait_for_delivery(query, |delivery| delivery["state"] == "delivered")
            .await;
    }
    let waiting = format!("?webhook={bad}&origin=event");
    app.wait_for_delivery(&waiting, |delivery| delivery["attempts"] == 1)
        .await;
    let order = format!("?webhook={good}&event=order.add");
    app.wait_for_delivery(&order, |delivery| delivery["state"] == "delivered")
        .await;

    for (query, expected) in [
        (String::new(), 6),
        ("?origin=test".to_owned(), 2),
        ("?origin=event".to_owned(), 4),
        ("?origin=event&origin=test".to_owned(), 6),
        (format!("?webhook={good}&origin=event"), 3),
        (format!("?webhook={good}&webhook={bad}"), 6),
        ("?webhook=999".to_owned(), 0),
        ("?state=pending".to_owned(), 1),
        ("?state=failed".to_owned(), 1),
        ("?state=delivered&state=pending".to_owned(), 5),
        ("?component=client".to_owned(), 1),
        ("?component=order".to_owned(), 3),
        ("?component=order&record_id=1".to_owned(), 3),
        ("?record_id=1".to_owned(), 4),
        ("?record_id=2".to_owned(), 0),
        ("?record_id=2&record_id=1&component=client".to_owned(), 1),
        ("?event=test".to_owned(), 2),
        (format!("?event_id={}", added.id), 2),
        (format!("?event_id={}&trigger_id={good}", added.id), 1),
        ("?event=order.add&event=order.delete".to_owned(), 3),
        ("?created_from=2020-01-01T00:00:00Z".to_owned(), 6),
        ("?created_to=2020-01-01T00:00:00Z".to_owned(), 0),
    ] {
        assert_eq!(app.deliveries(&query).await.len(), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_go_from_the_newest_to_the_oldest() {
    let app = TestApp::start().await;
    app.create_webhook(json!({})).await;
    for order in 1..=5 {
        app.publish(&order_added(ACCOUNT, order)).await;
    }
    let all: Vec<_> = app.deliveries("").await;
    let ids = |items: &[serde_json::Value]| -> Vec<String> {
        let id = |item: &serde_json::Value| item["id"].as_str().unwrap().to_owned();
        items.iter().map(id).collect()
    };
    let all = ids(&all);
    assert_eq!(all.len(), 6);
    let mut sorted = all.clone();
    sorted.sort_by(|a, b| b.cmp(a));
    assert_eq!(all, sorted);

    let mut seen = Vec::new();
    let mut path = "/api/v1/deliveries?limit=4".to_owned();
    loop {
        let answer = app.api.get(&path).await.expect(200);
        let page = answer.json();
        seen.extend(ids(page["items"].as_array().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert!(!answer.headers.contains_key("link"));
            break;
        };
        path = format!("/api/v1/deliveries?limit=4&cursor={cursor}");
        assert_eq!(
            answer.headers["link"],
            format!("<{path}>; rel=\"next\"").as_str()
        );
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn wrong_filters_are_refused_by_name() {
    let app = TestApp::start().await;
    for (query, expected) in [
        ("?webhooks=1", ("webhooks", "unknown_parameter")),
        ("?webhook=x", ("webhook", "invalid")),
        ("?state=held", ("state", "unknown_value")),
        ("?kind=hook", ("kind", "unknown_value")),
        ("?trigger=x", ("trigger", "invalid")),
        ("?component=pipeline", ("component", "unknown_value")),
        ("?record_id=0", ("record_id", "invalid")),
        ("?event=order.sold", ("event", "unknown_value")),
        ("?origin=replayed", ("origin", "unknown_value")),
        ("?limit=201", ("limit", "out_of_range")),
        ("?limit=x", ("limit", "invalid")),
        ("?cursor=abc", ("cursor", "invalid")),
    ] {
        let answer = app.api.get(&format!("/api/v1/deliveries{query}")).await;
        assert_eq!(query_errors(&answer), errors(&[expected]), "{query}");
    }
}
