//! Why an event did not fire a webhook, one reason at a time.

use events::{Action, Price};
use serde_json::{Value, json};

use super::{explain, explain_until, failed, names};
use crate::app::{ACCOUNT, TestApp, path_of};
use crate::moves::{by_token, order_edited, order_in, order_moved, pipelines_added};
use crate::samples::{client_added, order_added};

/// Not matched, for this one reason.
fn assert_refused(explained: &Value, rule: &str, detail: &str) {
    assert_eq!(explained["outcome"], "not_matched", "{explained:#}");
    assert_eq!(explained["delivery"], Value::Null);
    let failed = failed(explained);
    assert_eq!(failed, [(rule, detail)], "{explained:#}");
    let summary = explained["summary"].as_str().unwrap();
    assert!(summary.ends_with(detail), "{summary}");
    assert!(!summary.contains("fault"), "{summary}");
}

#[tokio::test]
async fn an_event_that_passes_every_rule_was_delivered() {
    let app = TestApp::start().await;
    let created = app
        .create_webhook(json!({"condition": {"all": [
            {"field": "name", "operator": "equal", "value": "Заказ"},
        ]}}))
        .await;
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    let explained = explain_until(&app, &created, &event, "delivered").await;
    assert_eq!(failed(&explained), []);
    assert_eq!(
        names(&explained),
        [
            "existed",
            "active",
            "event",
            "stage",
            "changed",
            "skip_own",
            "condition",
            "delivery",
        ]
    );
    assert_eq!(
        explained["summary"],
        "The event fired this webhook and was delivered: the receiver answered 200, after 1 attempt."
    );
    assert_eq!(explained["settings_version"], 1);
    assert_eq!(explained["delivery"]["state"], "delivered");
    assert_eq!(explained["delivery"]["event_id"], event.id.to_string());
    assert_eq!(
        explained["rules"][6]["rows"],
        json!([{
            "pointer": "/condition/all/0", "field": "name", "operator": "equal",
            "value": "Заказ", "actual": "Заказ", "holds": true,
        }])
    );
}

#[tokio::test]
async fn the_event_was_not_chosen() {
    let app = TestApp::start().await;
    let created = app
        .create_webhook(json!({"events": ["order.edit", "task.add"]}))
        .await;
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    let explained = explain(&app, &created, &event).await;
    assert_refused(
        &explained,
        "event",
        "The event is order.add; the webhook is for order.edit and task.add only.",
    );
}

#[tokio::test]
async fn the_event_is_of_a_kind_that_fires_nothing() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let event = pipelines_added(ACCOUNT).remove(0);
    app.publish(&event).await;
    assert_refused(
        &explain(&app, &created, &event).await,
        "event",
        "The event is pipeline.add, which fires no webhook: only changes of orders, tasks and \
         clients do, and webhook.disabled.",
    );
}

#[tokio::test]
async fn the_order_is_in_another_stage() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let created = app
        .create_webhook(json!({"events": ["order.edit"], "id_status": 14}))
        .await;
    let event = order_moved(ACCOUNT, 1, 12, 13);
    app.publish(&event).await;
    assert_refused(
        &explain(&app, &created, &event).await,
        "stage",
        "The order went from stage 12 «Новая» to stage 13 «В работе»; the webhook is for stage \
         14 «Оплата».",
    );
}

#[tokio::test]
async fn the_order_did_not_come_into_the_stage_of_a_trigger() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let created = app.create_stage_trigger("entered", 14, json!({})).await;
    let event = order_moved(ACCOUNT, 1, 12, 13);
    app.publish(&event).await;
    let explained = explain(&app, &created, &event).await;
    let reason = "The order went from stage 12 «Новая» to stage 13 «В работе»; the trigger fires \
                  when an edit brings an order into stage 14 «Оплата».";
    assert_refused(&explained, "stage", reason);
    assert_eq!(
        explained["summary"],
        format!("The event did not fire this trigger. {reason}")
    );

    let deleted = order_in(ACCOUNT, 2, 14, Action::Delete);
    app.publish(&deleted).await;
    let explained = explain(&app, &created, &deleted).await;
    let [event, stage] = failed(&explained).try_into().unwrap();
    assert_eq!(event.0, "event");
    assert_eq!(
        stage,
        (
            "stage",
            "The order was deleted while it was in stage 14 «Оплата»; the trigger fires when an \
             edit brings an order into stage 14 «Оплата».",
        )
    );
}

#[tokio::test]
async fn none_of_the_fields_changed() {
    let app = TestApp::start().await;
    let created = app
        .create_webhook(json!({"events": ["order.edit"], "changed": ["price", "id_status"]}))
        .await;
    let event = order_edited(ACCOUNT, 1, &["name"], |order| {
        order.name = "Другой".to_owned();
    });
    app.publish(&event).await;
    assert_refused(
        &explain(&app, &created, &event).await,
        "changed",
        "The edit changed name; the webhook asks for a change of price or id_status.",
    );
}

#[tokio::test]
async fn the_change_was_made_with_the_token_that_is_skipped() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"skip_own": true})).await;
    let own = by_token(order_added(ACCOUNT, 1), "token-of-1");
    app.publish(&own).await;
    assert_refused(
        &explain(&app, &created, &own).await,
        "skip_own",
        "The change was made with token token-of-1, whose changes the webhook skips.",
    );
    let others = by_token(order_added(ACCOUNT, 2), "another");
    app.publish(&others).await;
    explain_until(&app, &created, &others, "delivered").await;
}

#[tokio::test]
async fn the_second_row_of_the_condition_is_false() {
    let app = TestApp::start().await;
    let created = app
        .create_webhook(json!({"events": ["order.edit"], "condition": {"all": [
            {"field": "name", "operator": "starts_with", "value": "За"},
            {"field": "price", "operator": "greater", "value": 1000},
        ]}}))
        .await;
    let event = order_edited(ACCOUNT, 1, &["price"], |order| {
        order.price = Price::parse(&serde_json::Number::from_f64(500.5).unwrap()).ok();
    });
    app.publish(&event).await;
    let explained = explain(&app, &created, &event).await;
    assert_refused(
        &explained,
        "condition",
        "The condition does not hold: row 2 is false (price is 500.5; asked for: greater 1000).",
    );
    let holds: Vec<bool> = explained["rules"][6]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["holds"].as_bool().unwrap())
        .collect();
    assert_eq!(holds, [true, false]);
}

#[tokio::test]
async fn the_webhook_was_switched_off_when_the_event_came() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"active": false})).await;
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    // What it is now does not count.
    let path = path_of(&created);
    app.api
        .patch(&path, json!({"active": true}))
        .await
        .expect(200);
    assert_refused(
        &explain(&app, &created, &event).await,
        "active",
        "The webhook was switched off when the event came.",
    );
}

#[tokio::test]
async fn the_webhook_was_created_after_the_event_came() {
    let app = TestApp::start().await;
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    let created = app.create_webhook(json!({})).await;
    let explained = explain(&app, &created, &event).await;
    assert_eq!(explained["outcome"], "not_matched");
    assert_eq!(explained["settings_version"], Value::Null);
    assert_eq!(names(&explained), ["existed"]);
    let reason = failed(&explained)[0].1;
    let start = "The webhook was created after the event came, which was at ";
    assert!(reason.starts_with(start), "{reason}");
}

#[tokio::test]
async fn settings_that_changed_since_do_not_count() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"events": ["client.add"]})).await;
    let before = client_added(ACCOUNT, 1);
    app.publish(&before).await;
    let path = path_of(&created);
    app.api
        .patch(&path, json!({"events": ["order.add"]}))
        .await
        .expect(200);
    let after = client_added(ACCOUNT, 2);
    app.publish(&after).await;
    let explained = explain_until(&app, &created, &before, "delivered").await;
    assert_eq!(explained["settings_version"], 1);
    let explained = explain(&app, &created, &after).await;
    assert_eq!(explained["settings_version"], 2);
    assert_refused(
        &explained,
        "event",
        "The event is client.add; the webhook is for order.add only.",
    );
}
