//! What became of an event that fired a webhook.

use std::net::IpAddr;

use events::{Change, PersonErased};
use serde_json::{Value, json};
use test_support::{Answer, wait_until};

use super::{explain, explain_until, failed};
use crate::app::{ACCOUNT, DEADLINE, TestApp, path_of};
use crate::samples::{client_added, order_added};

/// Fired, and then held up by this.
fn assert_held(explained: &Value, rule: &str, detail: &str) {
    let failed = failed(explained);
    assert_eq!(failed, [(rule, detail)], "{explained:#}");
    let summary = explained["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("The event fired this webhook"),
        "{summary}"
    );
    assert!(summary.contains(detail), "{summary}");
    assert!(explained["delivery"].is_object());
}

#[tokio::test]
async fn one_that_is_not_due_yet_is_pending() {
    let app = TestApp::start().await;
    let created = app
        .create_webhook(json!({"retry_schedule_s": [3_600]}))
        .await;
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    let explained = explain(&app, &created, &event).await;
    assert_eq!(explained["outcome"], "pending");
    assert_eq!(failed(&explained), []);
    let due = explained["delivery"]["next_attempt_at"].as_str().unwrap();
    assert_eq!(
        explained["summary"],
        format!("The event fired this webhook and is sent at {due}.")
    );
}

#[tokio::test]
async fn one_that_failed_is_tried_again() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    app.receiver.answer_next(Answer::status(500));
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    let explained = explain_until(&app, &created, &event, "retrying").await;
    let due = explained["delivery"]["next_attempt_at"].as_str().unwrap();
    assert_eq!(
        explained["summary"],
        format!(
            "The event fired this webhook and did not arrive yet: the receiver answered 500. \
             After 1 attempt it is tried again at {due}."
        )
    );
}

#[tokio::test]
async fn one_that_the_receiver_refused_failed() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"stop_on_4xx": true})).await;
    app.receiver.answer_next(Answer::status(404));
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    let explained = explain_until(&app, &created, &event, "failed").await;
    assert_eq!(failed(&explained), []);
    assert_eq!(
        explained["summary"],
        "The event fired this webhook and was given up after 1 attempt: the receiver answered \
         404. It can be retried."
    );
}

#[tokio::test]
async fn one_of_a_webhook_that_is_switched_off_since_waits() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    app.receiver.answer_next(Answer::status(500));
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    explain_until(&app, &created, &event, "retrying").await;
    let path = path_of(&created);
    app.api
        .patch(&path, json!({"active": false}))
        .await
        .expect(200);
    let explained = explain(&app, &created, &event).await;
    assert_eq!(explained["outcome"], "held_inactive");
    assert_held(&explained, "inactive", "The webhook is switched off.");
}

#[tokio::test]
async fn one_of_a_disabled_webhook_waits() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    app.receiver.answer_next(Answer::status(410));
    let first = order_added(ACCOUNT, 1);
    app.publish(&first).await;
    explain_until(&app, &created, &first, "held_disabled").await;
    let second = order_added(ACCOUNT, 2);
    app.publish(&second).await;
    let explained = explain(&app, &created, &second).await;
    assert_eq!(explained["outcome"], "held_disabled");
    let webhook = app.api.get(&path_of(&created)).await.expect(200).json();
    let since = webhook["disabled_at"].as_str().unwrap();
    assert_held(
        &explained,
        "disabled",
        &format!(
            "The webhook is disabled since {since}: the receiver answered 410, so that it wants \
             no more."
        ),
    );
}

#[tokio::test]
async fn one_of_a_paused_webhook_waits() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let busy = Answer::status(429).header("Retry-After", "3600");
    app.receiver.answer_next(busy);
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    let explained = explain_until(&app, &created, &event, "held_paused").await;
    let webhook = app.api.get(&path_of(&created)).await.expect(200).json();
    let until = webhook["paused_until"].as_str().unwrap();
    assert_held(
        &explained,
        "paused",
        &format!("The webhook is paused until {until}, as the receiver asked."),
    );
}

#[tokio::test]
async fn one_of_a_webhook_whose_secret_does_not_open_waits() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    app.execute(
        "UPDATE webhook_config SET version = version + 1; \
         UPDATE webhooks SET secret = (SELECT id FROM deliveries LIMIT 1), \
         config_version = (SELECT version FROM webhook_config)",
    )
    .await;
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    let explained = explain_until(&app, &created, &event, "held_unusable").await;
    let [(rule, detail)] = failed(&explained).try_into().unwrap();
    assert_eq!(rule, "unusable");
    let start = "Nothing can be sent for the webhook now: its secret cannot be read";
    assert!(detail.starts_with(start), "{detail}");
}

#[tokio::test]
async fn the_address_was_refused_at_the_attempt() {
    let app = TestApp::start().await;
    let created = create_by_name(&app, json!({})).await;
    lead_elsewhere(&app);
    // What was looked up for the test request is believed for a moment.
    let refused = wait_for_refusal(&app, &created, 1).await;
    let url = created["url"].as_str().unwrap();
    let detail =
        format!("The address behind {url} may not be called: 10.1.2.3 is a private address.");
    assert_held(&refused, "address", &detail);
    assert_eq!(refused["delivery"]["attempts"], 1);
}

#[tokio::test]
async fn the_address_would_be_refused_now() {
    let app = TestApp::start().await;
    let created = create_by_name(&app, json!({"retry_schedule_s": [3_600]})).await;
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    assert_eq!(explain(&app, &created, &event).await["outcome"], "pending");
    lead_elsewhere(&app);
    let explained = explain_until(&app, &created, &event, "address_refused").await;
    assert_eq!(failed(&explained)[0].0, "address");
    assert_eq!(explained["delivery"]["attempts"], 0);
}

async fn create_by_name(app: &TestApp, settings: Value) -> Value {
    app.dns
        .set("moving.test", &[app.receiver.address().ip()], 1);
    let port = app.receiver.address().port();
    let mut body = settings;
    body["url"] = json!(format!("http://moving.test:{port}/hook"));
    app.create_webhook(body).await
}

fn lead_elsewhere(app: &TestApp) {
    let private: IpAddr = "10.1.2.3".parse().unwrap();
    app.dns.set("moving.test", &[private], 60);
}

/// Publishes orders until one is refused.
async fn wait_for_refusal(app: &TestApp, created: &Value, first: i64) -> Value {
    for order in first..first + 200 {
        let event = order_added(ACCOUNT, order);
        app.publish(&event).await;
        let query = format!("?record_id={order}&component=order");
        app.wait_for_delivery(&query, |delivery| delivery["attempts"] == 1)
            .await;
        let explained = explain(app, created, &event).await;
        if explained["outcome"] == "address_refused" {
            return explained;
        }
    }
    panic!("no address was refused");
}

#[tokio::test]
async fn one_that_became_too_old_expired() {
    let app = TestApp::start().await;
    let created = app
        .create_webhook(json!({"retry_schedule_s": [3_600]}))
        .await;
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    app.execute("UPDATE deliveries SET state = 'expired' WHERE origin = 'event'")
        .await;
    let explained = explain(&app, &created, &event).await;
    assert_eq!(explained["outcome"], "expired");
    assert_eq!(
        explained["summary"],
        "The event fired this webhook and was not sent in time, so that it was given up after no \
         attempt."
    );
}

#[tokio::test]
async fn one_of_a_deleted_webhook_was_dropped() {
    let app = TestApp::start().await;
    let created = app
        .create_webhook(json!({"retry_schedule_s": [3_600]}))
        .await;
    let before = order_added(ACCOUNT, 1);
    app.publish(&before).await;
    app.api.delete(&path_of(&created)).await.expect(204);
    let explained = explain_until(&app, &created, &before, "dropped").await;
    assert_eq!(
        explained["summary"],
        "The event fired this webhook, which was deleted before it was sent."
    );
    let after = order_added(ACCOUNT, 2);
    app.publish(&after).await;
    let explained = explain(&app, &created, &after).await;
    assert_eq!(explained["outcome"], "not_matched");
    assert_eq!(
        failed(&explained)[0],
        ("existed", "The webhook was deleted before the event came.")
    );
}

#[tokio::test]
async fn deliveries_that_are_no_longer_kept_are_not_taken_for_none() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    explain_until(&app, &created, &event, "delivered").await;
    app.execute("DELETE FROM deliveries WHERE origin = 'event'")
        .await;
    let explained = explain(&app, &created, &event).await;
    assert_eq!(explained["outcome"], "no_longer_kept");
    app.execute("DELETE FROM event_bodies").await;
    let explained = explain(&app, &created, &event).await;
    assert_eq!(explained["outcome"], "no_longer_kept");
}

#[tokio::test]
async fn a_delivery_that_the_rules_do_not_explain_is_told_plainly() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    explain_until(&app, &created, &event, "delivered").await;
    app.execute("UPDATE webhook_versions SET active = FALSE")
        .await;
    let explained = explain(&app, &created, &event).await;
    assert_eq!(explained["outcome"], "delivered");
    let summary = explained["summary"].as_str().unwrap();
    assert!(
        summary.contains("a fault of Dealwire and should be reported"),
        "{summary}"
    );
    let stays = || async { explain(&app, &created, &event).await == explained };
    wait_until(DEADLINE, stays).await;
}

#[tokio::test]
async fn conditions_are_not_judged_again_once_a_person_was_erased() {
    let app = TestApp::start().await;
    let is_petr = |name: &str| {
        json!({"condition": {"all": [
            {"field": "realname", "operator": "equal", "value": name},
        ]}})
    };
    let fired = app.create_webhook(is_petr("Пётр")).await;
    let other = app.create_webhook(is_petr("Анна")).await;
    let settings = json!({"events": ["order.add"]});
    let unchosen = app.create_webhook(settings).await;
    let mut event = client_added(ACCOUNT, 7);
    if let Change::Client(change) = &mut event.change {
        change.client.realname = "Пётр".to_owned();
        change.client.phone = "8 (812) 315-98-83".to_owned();
    }
    app.publish(&event).await;
    explain_until(&app, &fired, &event, "delivered").await;
    let refused = explain(&app, &other, &event).await;
    assert_eq!(refused["outcome"], "not_matched");
    assert_eq!(failed(&refused)[0].0, "condition");

    let person = PersonErased {
        phone_e164: Some("+78123159883".to_owned()),
        email_normalized: None,
    };
    let ask = crate::samples::event(ACCOUNT, Change::PersonErased(person));
    drop(app.hand_over(&ask).await);
    let told = explain_until(&app, &fired, &event, "erased").await;
    assert_eq!(
        told["summary"],
        "The event fired this webhook and was delivered. What was sent is gone, since a person was \
         erased from it."
    );
    let untold = explain_until(&app, &other, &event, "erased").await;
    let summary = untold["summary"].as_str().unwrap();
    assert!(
        summary.contains("conditions cannot be judged again"),
        "{summary}"
    );
    for explained in [told, untold] {
        let condition = &explained["rules"][6];
        assert_eq!(condition["rule"], "condition");
        assert_eq!(condition["passed"], Value::Null);
        assert_eq!(condition["rows"], Value::Null);
        assert!(!explained.to_string().contains("Пётр"));
    }
    // What is not of a person is told still.
    let unchosen = explain(&app, &unchosen, &event).await;
    assert_eq!(unchosen["outcome"], "not_matched");
    assert_eq!(failed(&unchosen)[0].0, "event");
}
