//! What narrows down the events of a webhook: what is refused, and what arrives.

use std::collections::BTreeMap;

use events::{Action, Event, Price};
use serde_json::{Value, json};
use test_support::ReceivedRequest;

use crate::app::{ACCOUNT, TestApp, errors, field_errors, path_of};
use crate::moves::{by_token, edited_from, order_edited, order_in, order_moved};
use crate::samples::client_added;

/// The token that [`TestApp::api`] calls with.
const OWN_TOKEN: &str = "token-of-1";

fn condition(field: &str, operator: &str, value: Value) -> Value {
    json!({"condition": {"all": [{"field": field, "operator": operator, "value": value}]}})
}

/// A good body with `keys` on top.
fn with(app: &TestApp, keys: &Value) -> Value {
    let mut body = json!({
        "name": "n", "url": app.receiver.url("/"),
        "events": ["order.add", "order.edit", "task.delete"],
    });
    for (key, value) in keys.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[tokio::test]
async fn what_cannot_be_met_is_refused_by_pointer() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let row = json!({"field": "name", "operator": "empty"});
    let two_deep = json!({"any": [row, {"all": [row]}]});
    for (keys, pointer, code) in [
        (json!({"changed": "price"}), "/changed", "wrong_type"),
        (json!({"changed": ["prise"]}), "/changed/0", "unknown_field"),
        (
            json!({"changed": ["price", "previous.price"]}),
            "/changed/1",
            "unknown_value",
        ),
        (
            json!({"changed": ["price"], "events": ["order.add"]}),
            "/changed",
            "never_met",
        ),
        (
            json!({"changed": ["realname"]}),
            "/changed/0",
            "unknown_field",
        ),
        (json!({"id_status": "12"}), "/id_status", "wrong_type"),
        (
            json!({"id_status": [12, 0]}),
            "/id_status/1",
            "out_of_range",
        ),
        (json!({"id_status": [12, 99]}), "/id_status/1", "not_found"),
        (json!({"id_pipeline": [99]}), "/id_pipeline/0", "not_found"),
        (
            json!({"id_status": [12], "events": ["client.add"]}),
            "/id_status",
            "never_met",
        ),
        (
            json!({"id_pipeline": [1], "events": ["task.add"]}),
            "/id_pipeline",
            "never_met",
        ),
        (json!({"condition": []}), "/condition", "wrong_type"),
        (json!({"condition": {}}), "/condition", "required"),
        (
            json!({"condition": {"all": []}}),
            "/condition/all",
            "required",
        ),
        (
            json!({"condition": {"all": [row], "any": [row]}}),
            "/condition",
            "all_and_any",
        ),
        (
            json!({"condition": {"all": [two_deep]}}),
            "/condition/all/0/any/1",
            "too_deep",
        ),
        (
            json!({"condition": {"all": vec![&row; 101]}}),
            "/condition/all",
            "too_many",
        ),
        (
            condition("prise", "equal", json!(1)),
            "/condition/all/0/field",
            "unknown_field",
        ),
        (
            condition("realname", "equal", json!("Иван")),
            "/condition/all/0/field",
            "unknown_field",
        ),
        (
            condition("price", "is", json!(1)),
            "/condition/all/0/operator",
            "unknown_value",
        ),
        (
            condition("price", "starts_with", json!("1")),
            "/condition/all/0/operator",
            "operator_unfit",
        ),
        (
            condition("price", "greater", json!("many")),
            "/condition/all/0/value",
            "invalid",
        ),
        (
            condition("price", "greater", json!(null)),
            "/condition/all/0/value",
            "not_null",
        ),
        (
            condition("price", "changed", json!(true)),
            "/condition/all/0/value",
            "value_not_allowed",
        ),
        (
            condition("stage.kind", "in", json!(["open", "closed"])),
            "/condition/all/0/value/1",
            "unknown_value",
        ),
        (
            json!({"condition": {"any": [{"field": "price", "operator": "changed"}]},
                   "events": ["order.add"]}),
            "/condition/any/0/operator",
            "never_met",
        ),
        (json!({"skip_own": 1}), "/skip_own", "wrong_type"),
        (
            json!({"skip_own_token_id": ""}),
            "/skip_own_token_id",
            "invalid",
        ),
        (
            json!({"skip_own": false, "skip_own_token_id": "x"}),
            "/skip_own_token_id",
            "contradiction",
        ),
    ] {
        let answer = app.api.post("/api/v1/webhooks", with(&app, &keys)).await;
        assert_eq!(field_errors(&answer), errors(&[(pointer, code)]), "{keys}");
    }
    assert_eq!(app.count_rows("webhooks").await, 0);
    assert!(app.receiver.requests().is_empty());
}

#[tokio::test]
async fn every_fault_of_a_filter_is_named_in_one_answer() {
    let app = TestApp::start().await;
    let keys = json!({
        "changed": ["prise"], "id_status": ["12"], "skip_own": "yes",
        "condition": {"all": [
            {"field": "price", "operator": "contains", "value": 1},
            {"any": [{"field": "name", "operator": "equal"}, 5]},
        ]},
    });
    let answer = app.api.post("/api/v1/webhooks", with(&app, &keys)).await;
    let expected = [
        ("/changed/0", "unknown_field"),
        ("/id_status/0", "wrong_type"),
        ("/condition/all/0/operator", "operator_unfit"),
        ("/condition/all/1/any/0/value", "required"),
        ("/condition/all/1/any/1", "wrong_type"),
        ("/skip_own", "wrong_type"),
    ];
    assert_eq!(field_errors(&answer), errors(&expected));
    let unfit = &answer.json()["errors"][2]["message"];
    assert_eq!(
        unfit,
        "Send one of equal, not_equal, greater, greater_or_equal, less, less_or_equal, in, empty, \
         not_empty, changed, changed_to, which fit this field."
    );
}

#[tokio::test]
async fn what_the_events_never_meet_is_named_beside_other_faults() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let price = json!({"all": [{"field": "price", "operator": "greater", "value": 1}]});
    let cases: [(Value, &[(&str, &str)]); 3] = [
        (
            json!({"name": "", "events": ["task.add"], "id_status": [12], "condition": price}),
            &[
                ("/name", "blank"),
                ("/id_status", "never_met"),
                ("/condition/all/0/field", "unknown_field"),
            ],
        ),
        // Against which events is not known.
        (
            json!({"events": ["task.sold"], "id_status": [12]}),
            &[("/events/0", "unknown_value")],
        ),
        // What was not read is not judged by what is there in its place.
        (
            json!({"events": ["task.edit"], "changed": ["prise"], "id_status": [12]}),
            &[("/changed/0", "unknown_field"), ("/id_status", "never_met")],
        ),
    ];
    let before = json!({"changed": ["price"], "events": ["order.edit"]});
    let path = path_of(&app.create_webhook(before).await);
    for (keys, expected) in cases {
        let created = app.api.post("/api/v1/webhooks", with(&app, &keys)).await;
        assert_eq!(field_errors(&created), errors(expected), "{keys}");
        let mut patch = keys.clone();
        patch["changed"] = keys.get("changed").cloned().unwrap_or(json!([]));
        let patched = app.api.patch(&path, patch).await;
        assert_eq!(field_errors(&patched), errors(expected), "{keys}");
    }
}

#[tokio::test]
async fn a_patch_is_judged_with_what_stays() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let keys = json!({
        "events": ["order.edit"], "changed": ["price"], "id_status": 12, "skip_own": true,
        "condition": {"any": [{"field": "previous.price", "operator": "empty"}]},
    });
    let created = app.create_webhook(keys).await;
    assert_eq!(created["id_status"], json!([12]));
    assert_eq!(created["skip_own_token_id"], OWN_TOKEN);
    let path = path_of(&created);
    let shown = app.api.get(&path).await.expect(200).json();

    let answer = app.api.patch(&path, json!({"events": ["task.edit"]})).await;
    let expected = [
        ("/changed/0", "unknown_field"),
        ("/id_status", "never_met"),
        ("/condition/any/0/field", "unknown_field"),
    ];
    assert_eq!(field_errors(&answer), errors(&expected));
    let answer = app.api.patch(&path, json!({"condition": {"all": 5}})).await;
    let expected = [("/condition/all", "wrong_type")];
    assert_eq!(field_errors(&answer), errors(&expected));
    assert_eq!(app.api.get(&path).await.expect(200).json(), shown);

    // What was read may be sent back; it is no change.
    let same = app.api.patch(&path, shown.clone()).await.expect(200);
    assert_eq!(same.json(), shown);

    let all_at_once = json!({
        "events": ["task.edit"], "changed": ["date_to"], "id_status": null, "condition": null,
        "skip_own": null,
    });
    let now = app.api.patch(&path, all_at_once).await.expect(200).json();
    assert_eq!(now["changed"], json!(["date_to"]));
    assert_eq!(now["id_status"], json!([]));
    assert_eq!(now["condition"], json!(null));
    assert_eq!(now["skip_own"], json!(false));
    assert_eq!(now["skip_own_token_id"], json!(null));
}

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
