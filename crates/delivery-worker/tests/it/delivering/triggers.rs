//! Which changes of an order fire a trigger of a stage, from the broker to the
//! receiver.

use events::{Action, Event};
use serde_json::{Value, json};

use crate::app::{ACCOUNT, TestApp};
use crate::moves::{edited_from, order_edited, order_in, order_moved};

/// Ids of the webhooks and triggers that an event fired.
async fn fired_by(app: &TestApp, event: &Event) -> Vec<i64> {
    app.publish(event).await;
    let id = event.id.to_string();
    let mut fired: Vec<i64> = app
        .deliveries("?origin=event&limit=200")
        .await
        .iter()
        .filter(|delivery| delivery["event_id"] == id.as_str())
        .map(|delivery| delivery["webhook_id"].as_i64().unwrap())
        .collect();
    fired.sort_unstable();
    fired
}

fn id_of(created: &Value) -> i64 {
    created["id"].as_i64().unwrap()
}

const EVENTS: [&str; 5] = [
    "entered",
    "created_in",
    "entered_or_created",
    "left",
    "changed",
];

#[tokio::test]
async fn each_kind_of_trigger_is_fired_by_its_own_changes() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let mut ids = Vec::new();
    for event in EVENTS {
        ids.push((
            event,
            id_of(&app.create_stage_trigger(event, 13, json!({})).await),
        ));
    }
    let named = |fired: Vec<i64>| -> Vec<&str> {
        let name = |id: &i64| ids.iter().find(|(_, known)| known == id).unwrap().0;
        fired.iter().map(name).collect()
    };
    let renamed = |order: &mut events::OrderSnapshot| order.name = "Другой".to_owned();
    for (what, event, expected) in [
        (
            "moved into it",
            order_moved(ACCOUNT, 1, 12, 13),
            vec!["entered", "entered_or_created"],
        ),
        (
            "came from another pipeline",
            order_moved(ACCOUNT, 2, 21, 13),
            vec!["entered", "entered_or_created"],
        ),
        (
            "created in it",
            order_in(ACCOUNT, 3, 13, Action::Add),
            vec!["created_in", "entered_or_created"],
        ),
        ("left it", order_moved(ACCOUNT, 4, 13, 14), vec!["left"]),
        (
            "left it for another pipeline",
            order_moved(ACCOUNT, 5, 13, 21),
            vec!["left"],
        ),
        (
            "edited in it",
            edited_from(ACCOUNT, 6, 13, &["name"], renamed),
            vec!["changed"],
        ),
        (
            "deleted in it",
            order_in(ACCOUNT, 7, 13, Action::Delete),
            vec![],
        ),
        (
            "edited elsewhere",
            order_edited(ACCOUNT, 8, &["name"], renamed),
            vec![],
        ),
        ("moved elsewhere", order_moved(ACCOUNT, 9, 12, 14), vec![]),
        (
            "created elsewhere",
            order_in(ACCOUNT, 10, 12, Action::Add),
            vec![],
        ),
    ] {
        assert_eq!(named(fired_by(&app, &event).await), expected, "{what}");
    }
}

#[tokio::test]
async fn two_triggers_of_one_stage_are_both_fired() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let first = app.create_stage_trigger("entered", 13, json!({})).await;
    let second = app
        .create_stage_trigger("entered", 13, json!({"url": app.receiver.url("/second")}))
        .await;
    let fired = fired_by(&app, &order_moved(ACCOUNT, 1, 12, 13)).await;
    assert_eq!(fired, [id_of(&first), id_of(&second)]);
    // Behind the two test requests.
    let requests = app.receiver.wait_for_requests(4).await;
    let mut targets: Vec<&str> = requests[2..].iter().map(|r| r.target.as_str()).collect();
    targets.sort_unstable();
    assert_eq!(targets, ["/second", "/trigger"]);
    for request in &requests[2..] {
        assert_eq!(request.text(), "deal_name=%D0%97%D0%B0%D0%BA%D0%B0%D0%B7");
    }
}

#[tokio::test]
async fn a_trigger_that_asks_for_a_change_is_fired_once_by_an_edit_of_two_fields() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let asks = json!({"changed": ["name", "text"]});
    let trigger = app.create_stage_trigger("changed", 12, asks.clone()).await;
    let mut settings = asks;
    settings["events"] = json!(["order.edit"]);
    let webhook = app.create_webhook(settings).await;
    let both = order_edited(ACCOUNT, 1, &["name", "text"], |order| {
        order.name = "Другой".to_owned();
        order.text = "срочно".to_owned();
    });
    assert_eq!(
        fired_by(&app, &both).await,
        [id_of(&trigger), id_of(&webhook)]
    );
    let neither = order_edited(ACCOUNT, 2, &["archive"], |order| order.archived = true);
    assert_eq!(fired_by(&app, &neither).await, [0; 0]);
}

#[tokio::test]
async fn a_trigger_that_is_moved_to_another_stage_is_fired_there() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let trigger = app.create_stage_trigger("entered", 13, json!({})).await;
    let path = format!("/api/v1/triggers/{}", trigger["id"]);
    app.api
        .patch(&path, json!({"id_status": 14}))
        .await
        .expect(200);
    let fired = fired_by(&app, &order_moved(ACCOUNT, 1, 12, 13)).await;
    assert_eq!(fired, [0; 0]);
    let fired = fired_by(&app, &order_moved(ACCOUNT, 2, 12, 14)).await;
    assert_eq!(fired, [id_of(&trigger)]);
    app.api
        .patch(&path, json!({"active": false}))
        .await
        .expect(200);
    let fired = fired_by(&app, &order_moved(ACCOUNT, 3, 12, 14)).await;
    assert_eq!(fired, [0; 0]);
    app.api
        .patch(&path, json!({"active": true}))
        .await
        .expect(200);
    let fired = fired_by(&app, &order_moved(ACCOUNT, 4, 12, 14)).await;
    assert_eq!(fired, [id_of(&trigger)]);
    app.api.delete(&path).await.expect(204);
    let fired = fired_by(&app, &order_moved(ACCOUNT, 5, 12, 14)).await;
    assert_eq!(fired, [0; 0]);
}
