//! Settings from before it was written down whether a webhook was switched on.

use events::Event;
use serde_json::{Value, json};

use super::{explain, explain_until, failed};
use crate::app::{ACCOUNT, TestApp, path_of};
use crate::samples::order_added;

impl TestApp {
    /// Makes all versions of settings so far as the last release left them.
    async fn age_versions(&self) {
        self.execute_on(
            concat!(
                include_str!("../../../migrations/sqlite/2026-01-01-000052_triggers/down.sql"),
                include_str!("../../../migrations/sqlite/2026-01-01-000052_triggers/up.sql"),
            ),
            concat!(
                include_str!("../../../migrations/postgres/2026-01-01-000052_triggers/down.sql"),
                include_str!("../../../migrations/postgres/2026-01-01-000052_triggers/up.sql"),
            ),
        )
        .await;
    }

    /// Has the webhook fired, then its settings replaced by another version, then all
    /// of them aged: of the former nobody knows whether it was switched on.
    async fn age_after(&self, webhook: &Value, event: &Event) {
        self.publish(event).await;
        let path = path_of(webhook);
        let renamed = json!({"name": "renamed"});
        self.api.patch(&path, renamed).await.expect(200);
        self.age_versions().await;
        let unknown = "webhook_versions WHERE config_version = 0 AND active IS NULL";
        assert_eq!(self.count_rows(unknown).await, 1);
    }
}

const UNKNOWN: &str = "Whether the webhook was switched on when the event came is not known: its \
                       settings are from before that was written down.";

fn active_rule(explained: &Value) -> &Value {
    let rules = explained["rules"].as_array().unwrap();
    let found = rules.iter().find(|rule| rule["rule"] == "active");
    found.unwrap()
}

#[tokio::test]
async fn that_it_was_switched_off_is_no_fault_where_nobody_knows_it() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"active": false})).await;
    let event = order_added(ACCOUNT, 1);
    app.age_after(&created, &event).await;
    let explained = explain(&app, &created, &event).await;
    assert_eq!(explained["outcome"], "not_matched");
    assert_eq!(
        explained["summary"],
        "The event did not fire this webhook. Why cannot be told: whether it was switched on when \
         the event came is not known."
    );
    assert_eq!(active_rule(&explained)["passed"], Value::Null);
    assert_eq!(
        failed(&explained),
        [
            ("active", UNKNOWN),
            (
                "delivery",
                "The event was given no delivery for this webhook."
            ),
        ]
    );
}

#[tokio::test]
async fn other_rules_still_tell_why() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"events": ["order.edit"]})).await;
    let event = order_added(ACCOUNT, 1);
    app.age_after(&created, &event).await;
    let explained = explain(&app, &created, &event).await;
    let reason = "The event is order.add; the webhook is for order.edit only.";
    assert_eq!(failed(&explained), [("active", UNKNOWN), ("event", reason)]);
    assert_eq!(
        explained["summary"],
        format!("The event did not fire this webhook. {reason}")
    );
}

#[tokio::test]
async fn what_was_delivered_is_told_as_ever() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let event = order_added(ACCOUNT, 1);
    app.age_after(&created, &event).await;
    let explained = explain_until(&app, &created, &event, "delivered").await;
    assert_eq!(failed(&explained), [("active", UNKNOWN)]);
    assert_eq!(
        explained["summary"],
        "The event fired this webhook and was delivered: the receiver answered 200, after 1 attempt."
    );
    assert_eq!(explained["settings_version"], 1);
}

#[tokio::test]
async fn the_settings_of_the_upgrade_itself_are_known() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"active": false})).await;
    app.age_versions().await;
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    let explained = explain(&app, &created, &event).await;
    assert_eq!(
        failed(&explained),
        [(
            "active",
            "The webhook was switched off when the event came."
        )]
    );
}
