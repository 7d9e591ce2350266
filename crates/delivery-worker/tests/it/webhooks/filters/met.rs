//! What meets a filter, and so arrives.

use std::collections::BTreeMap;

use events::{Action, Event, Price};
use serde_json::{Value, json};
use test_support::ReceivedRequest;

use super::{OWN_TOKEN, condition};
use crate::app::{ACCOUNT, TestApp, errors, field_errors, path_of};
use crate::moves::{by_token, edited_from, order_edited, order_in, order_moved};
use crate::samples::client_added;

fn priced(order: i64, minor: i64) -> Event {
    order_edited(ACCOUNT, order, &["price"], |order| {
        order.price = Some(Price(minor));
    })
}

fn renamed(order: i64) -> Event {
    order_edited(ACCOUNT, order, &["name"], |order| {
        order.name = "Другой".to_owned();
    })
}

/// What happens, each to a record with an id of its own, from 1.
fn happenings() -> [Event; 9] {
    [
        order_in(ACCOUNT, 1, 12, Action::Add),
        priced(2, 150_050),
        order_moved(ACCOUNT, 3, 12, 13),
        order_moved(ACCOUNT, 4, 21, 13),
        by_token(renamed(5), "robot"),
        order_in(ACCOUNT, 6, 13, Action::Delete),
        client_added(ACCOUNT, 7),
        order_moved(ACCOUNT, 8, 13, 21),
        by_token(renamed(9), OWN_TOKEN),
    ]
}

/// Filters, each with the records whose events meet it.
fn filters() -> Vec<(&'static str, Value, Vec<i64>)> {
    let edit = json!({"field": "event", "operator": "equal", "value": "edit"});
    let nested = json!({"condition": {"all": [edit, {"any": [
        {"field": "previous.id_status", "operator": "in", "value": [20, 21]},
        {"field": "price", "operator": "changed_to", "value": "1500.50"},
    ]}]}});
    vec![
        ("none", json!({}), vec![1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("price", json!({"changed": ["price"]}), vec![2]),
        (
            "moved",
            json!({"changed": ["id_status", "tags"]}),
            vec![3, 4, 8],
        ),
        ("stage", json!({"id_status": 13}), vec![3, 4, 6]),
        ("stages", json!({"id_status": [13, 21]}), vec![3, 4, 6, 8]),
        (
            "pipeline",
            json!({"id_pipeline": [1]}),
            vec![1, 2, 3, 4, 5, 6, 9],
        ),
        ("service", json!({"id_pipeline": 2}), vec![8]),
        (
            "big",
            condition("price", "greater", json!(1500.49)),
            vec![2],
        ),
        ("huge", condition("price", "greater", json!(1500.5)), vec![]),
        (
            "client",
            condition("component", "equal", json!("client")),
            vec![7],
        ),
        (
            "person",
            condition("client.realname", "starts_with", json!("Ив")),
            vec![7],
        ),
        ("nested", nested, vec![2, 4]),
        (
            "not-mine",
            json!({"skip_own": true}),
            vec![1, 2, 3, 4, 5, 6, 7, 8],
        ),
        (
            "not-robots",
            json!({"skip_own_token_id": "robot", "changed": ["name"]}),
            vec![9],
        ),
        (
            "together",
            json!({"changed": ["name", "price"], "id_pipeline": 1, "id_status": [12, 14],
                   "skip_own": true}),
            vec![2, 5],
        ),
    ]
}

/// The ids of the records that each path was called about.
fn received(requests: &[ReceivedRequest]) -> BTreeMap<String, Vec<i64>> {
    let mut received: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for request in requests {
        let body = request.text().to_owned();
        let ids = received.entry(request.target.clone()).or_default();
        if body != "test=test" {
            let id = body
                .strip_prefix("id=")
                .and_then(|rest| rest.split('&').next());
            ids.push(id.unwrap().parse().unwrap());
        }
    }
    received.values_mut().for_each(|ids| ids.sort_unstable());
    received
}

#[tokio::test]
async fn each_webhook_gets_exactly_what_meets_its_filter() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let filters = filters();
    for (name, keys, _) in &filters {
        let mut settings = keys.clone();
        settings["name"] = json!(name);
        settings["url"] = json!(app.receiver.url(&format!("/{name}")));
        app.create_webhook(settings).await;
    }
    for event in happenings() {
        app.publish(&event).await;
    }
    let expected: BTreeMap<String, Vec<i64>> = filters
        .iter()
        .map(|(name, _, ids)| (format!("/{name}"), ids.clone()))
        .collect();
    // An event is taken in together with all its deliveries, so there will be no more.
    let deliveries: usize = expected.values().map(Vec::len).sum();
    assert_eq!(
        app.deliveries("?origin=event&limit=200").await.len(),
        deliveries
    );
    let requests = app
        .receiver
        .wait_for_requests(filters.len() + deliveries)
        .await;
    assert_eq!(received(&requests), expected);
}

#[tokio::test]
async fn a_new_filter_counts_for_the_events_after_it() {
    let app = TestApp::start().await;
    let created = app
        .create_webhook(condition("price", "less", json!(100)))
        .await;
    let path = path_of(&created);
    let count = async || app.deliveries("?origin=event").await.len();
    app.publish(&priced(1, 20_000)).await;
    assert_eq!(count().await, 0);

    let wider = condition("price", "less", json!("200.01"));
    app.api.patch(&path, wider).await.expect(200);
    app.publish(&priced(2, 20_000)).await;
    assert_eq!(count().await, 1);
    app.publish(&priced(3, 20_001)).await;
    assert_eq!(count().await, 1);

    app.api
        .patch(&path, json!({"condition": null}))
        .await
        .expect(200);
    app.publish(&priced(4, 20_001)).await;
    assert_eq!(count().await, 2);
}

#[tokio::test]
async fn triggers_have_the_same_conditions() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let mut keys = condition("previous.id_status", "equal", json!(21));
    keys["changed"] = json!(["id_pipeline"]);
    keys["skip_own"] = json!(true);
    let created = app.create_stage_trigger("entered", 13, keys.clone()).await;
    assert_eq!(created["condition"], keys["condition"]);
    assert_eq!(created["changed"], keys["changed"]);
    assert_eq!(created["skip_own_token_id"], OWN_TOKEN);
    for (event, fires) in [
        (order_moved(ACCOUNT, 1, 12, 13), 0),
        (by_token(order_moved(ACCOUNT, 2, 21, 13), OWN_TOKEN), 0),
        (order_moved(ACCOUNT, 3, 21, 13), 1),
        (
            edited_from(ACCOUNT, 4, 13, &["text"], |order| order.text.push('!')),
            1,
        ),
    ] {
        app.publish(&event).await;
        let deliveries = app.deliveries("?origin=event").await;
        assert_eq!(deliveries.len(), fires, "{deliveries:#?}");
    }

    let refused = app
        .api
        .post(
            "/api/v1/triggers",
            json!({
                "name": "t", "id_status": 13, "event": "created_in",
                "url": app.receiver.url("/"), "changed": ["price"],
                "condition": {"all": [
                    {"field": "price", "operator": "changed"},
                    {"field": "date_to", "operator": "empty"},
                ]},
            }),
        )
        .await;
    let expected = [
        ("/changed", "never_met"),
        ("/condition/all/0/operator", "never_met"),
        ("/condition/all/1/field", "unknown_field"),
    ];
    assert_eq!(field_errors(&refused), errors(&expected));
}
