//! What a delivery shows of the webhook or trigger that was fired.

use events::Price;
use serde_json::{Number, Value, json};

use crate::app::{ACCOUNT, TestApp, path_of};
use crate::moves::{edited_from, order_moved, put};
use crate::samples::order_added;

async fn detail(app: &TestApp, delivery: &Value) -> Value {
    let path = format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    app.api.get(&path).await.expect(200).json()
}

fn is_over(delivery: &Value) -> bool {
    delivery["state"] == "delivered"
}

#[tokio::test]
async fn a_list_names_webhooks_and_triggers_and_tells_them_apart() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let webhook = app.create_webhook(json!({"name": "журнал"})).await;
    let trigger = app
        .create_stage_trigger("entered", 13, json!({"name": "позвонить"}))
        .await;
    app.publish(&order_moved(ACCOUNT, 1, 12, 13)).await;
    for (query, expected) in [
        ("?origin=event".to_owned(), vec!["trigger", "webhook"]),
        ("?origin=event&kind=trigger".to_owned(), vec!["trigger"]),
        ("?origin=event&kind=webhook".to_owned(), vec!["webhook"]),
        (
            "?origin=event&kind=webhook&kind=trigger".to_owned(),
            vec!["trigger", "webhook"],
        ),
        (
            format!("?origin=event&trigger={}", trigger["id"]),
            vec!["trigger"],
        ),
        (
            format!(
                "?trigger={}&webhook={}&origin=event",
                trigger["id"], webhook["id"]
            ),
            vec!["trigger", "webhook"],
        ),
        (
            format!("?origin=event&kind=webhook&trigger={}", trigger["id"]),
            vec![],
        ),
        ("?origin=test&kind=trigger".to_owned(), vec!["trigger"]),
    ] {
        let mut kinds = Vec::new();
        for delivery in app.deliveries(&query).await {
            let kind = delivery["kind"].as_str().unwrap().to_owned();
            let expected = if kind == "trigger" {
                "позвонить"
            } else {
                "журнал"
            };
            assert_eq!(delivery["webhook_name"], expected);
            kinds.push(kind);
        }
        kinds.sort_unstable();
        assert_eq!(kinds, expected, "{query}");
    }
}

#[tokio::test]
async fn a_delivery_of_a_trigger_shows_its_stage_and_the_values_that_matched() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let created = app
        .create_stage_trigger(
            "entered",
            13,
            json!({
                "changed": ["id_status", "name"],
                "condition": {"any": [
                    {"field": "price", "operator": "greater", "value": 1000},
                    {"field": "name", "operator": "equal", "value": "Другой"},
                ]},
            }),
        )
        .await;
    let event = edited_from(ACCOUNT, 1, 12, &["id_status", "price"], |order| {
        put(order, 13);
        order.price = Price::parse(&Number::from_f64(1_500.5).unwrap()).ok();
    });
    app.publish(&event).await;
    let delivery = app.wait_for_delivery("?origin=event", is_over).await;
    let shown = detail(&app, &delivery).await;
    assert_eq!(shown["webhook_name"], "entered 13");
    assert_eq!(shown["kind"], "trigger");
    assert_eq!(
        shown["trigger"],
        json!({
            "event": "entered", "id_status": 13, "stage": "В работе",
            "id_pipeline": 1, "pipeline": "Продажи",
        })
    );
    let matched = json!([
        {"field": "id_status", "operator": "changed", "value": null, "actual": 13},
        {"field": "price", "operator": "greater", "value": 1000, "actual": 1500.5},
    ]);
    assert_eq!(shown["matched"], matched);

    // As it was when the event came.
    let path = format!("/api/v1/triggers/{}", created["id"]);
    app.api
        .patch(&path, json!({"id_status": 14, "condition": null}))
        .await
        .expect(200);
    let again = detail(&app, &delivery).await;
    assert_eq!(again["trigger"], shown["trigger"]);
    assert_eq!(again["matched"], matched);
}

#[tokio::test]
async fn a_webhook_without_filters_matched_by_no_value_and_a_test_by_none() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    app.publish(&order_added(ACCOUNT, 1)).await;
    for query in ["?origin=event", "?origin=test"] {
        let delivery = app.wait_for_delivery(query, is_over).await;
        let shown = detail(&app, &delivery).await;
        assert_eq!(shown["trigger"], Value::Null, "{query}");
        assert_eq!(shown["matched"], json!([]), "{query}");
    }
    app.execute("DELETE FROM event_bodies").await;
    let delivery = app.wait_for_delivery("?origin=event", is_over).await;
    assert_eq!(detail(&app, &delivery).await["matched"], Value::Null);
    app.api.delete(&path_of(&created)).await.expect(204);
    assert_eq!(detail(&app, &delivery).await["webhook_name"], "hook");
}
