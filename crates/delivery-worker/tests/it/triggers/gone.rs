//! What becomes of webhooks whose pipelines are deleted, and how long it is said why something is
//! inactive.

use events::{Action, Event};
use serde_json::{Value, json};
use test_support::Answer;

use super::{create, path_of, pipeline, pipeline_after, start};
use crate::app::{self, ACCOUNT, TestApp, errors, field_errors};
use crate::samples::order_added;

/// The end of pipeline 2.
fn deleted_2(revision: i64) -> Event {
    let stages = [(21, "Оплата")];
    pipeline_after(ACCOUNT, 2, revision, Action::Delete, &stages)
}

/// Pipeline 1 without stage 12.
fn without_12() -> Event {
    pipeline(ACCOUNT, 1, 2, &[(13, "В работе")])
}

async fn read(app: &TestApp, path: &str) -> Value {
    app.api.get(path).await.expect(200).json()
}

async fn webhook(app: &TestApp, settings: Value) -> String {
    app::path_of(&app.create_webhook(settings).await)
}

async fn patch(app: &TestApp, path: &str, patch: Value) -> Value {
    app.api.patch(path, patch).await.expect(200).json()
}

#[tokio::test]
async fn a_webhook_goes_off_with_the_last_of_its_pipelines() {
    let app = start().await;
    app.publish(&pipeline(ACCOUNT, 3, 1, &[])).await;
    let one = webhook(&app, json!({"id_pipeline": 2})).await;
    let both = webhook(&app, json!({"id_pipeline": [1, 2]})).await;
    let staged = webhook(&app, json!({"id_pipeline": [2], "id_status": [21]})).await;
    let any = webhook(&app, json!({})).await;
    let empty = webhook(&app, json!({"id_pipeline": [3]})).await;
    app.publish(&deleted_2(2)).await;
    for (path, reason) in [(&one, "pipeline_deleted"), (&staged, "stage_deleted")] {
        let now = read(&app, path).await;
        assert_eq!(now["active"], false);
        assert_eq!(now["state"], "inactive");
        assert_eq!(now["inactive_reason"], reason);
        assert_eq!(now["revision"], 2);
    }
    for path in [&both, &any, &empty] {
        let now = read(&app, path).await;
        assert_eq!(now["active"], true, "{now}");
        assert_eq!(now["revision"], 1, "{now}");
    }
    app.publish(&pipeline_after(ACCOUNT, 3, 2, Action::Delete, &[]))
        .await;
    let now = read(&app, &empty).await;
    assert_eq!(now["inactive_reason"], "pipeline_deleted");

    let on = json!({"active": true});
    for (path, expected) in [
        (&one, &[("/id_pipeline", "pipeline_deleted")] as &[_]),
        (
            &staged,
            &[
                ("/id_status", "stage_deleted"),
                ("/id_pipeline", "pipeline_deleted"),
            ],
        ),
    ] {
        let refused = app.api.patch(path, on.clone()).await;
        assert_eq!(field_errors(&refused), errors(expected));
    }
    let on = json!({"active": true, "id_pipeline": [2, 1]});
    let on = patch(&app, &one, on).await;
    assert_eq!(on["state"], "active");
    assert_eq!(on["inactive_reason"], json!(null));
}

#[tokio::test]
async fn what_is_off_already_is_not_touched_again() {
    let app = start().await;
    let both = webhook(&app, json!({"id_pipeline": [2], "id_status": [21]})).await;
    app.publish(&pipeline(ACCOUNT, 2, 2, &[])).await;
    let off = read(&app, &both).await;
    assert_eq!(off["inactive_reason"], "stage_deleted");
    app.publish(&deleted_2(3)).await;
    assert_eq!(read(&app, &both).await, off);
}

#[tokio::test]
async fn the_reason_ends_with_another_stage() {
    let app = start().await;
    let trigger = path_of(&create(&app, json!({})).await);
    let by_stage = webhook(&app, json!({"id_status": [12]})).await;
    let without = webhook(&app, json!({"id_status": [12]})).await;
    let by_pipeline = webhook(&app, json!({"id_pipeline": [2]})).await;
    app.publish(&without_12()).await;
    app.publish(&deleted_2(2)).await;
    for (path, chosen) in [
        (&trigger, json!({"id_status": 13})),
        (&by_stage, json!({"id_status": [12, 13]})),
        (&without, json!({"id_status": null})),
        (&by_pipeline, json!({"id_pipeline": null})),
    ] {
        let renamed = patch(&app, path, json!({"name": "renamed"})).await;
        assert!(renamed["inactive_reason"].is_string(), "{renamed}");
        let moved = patch(&app, path, chosen).await;
        assert_eq!(moved["inactive_reason"], json!(null), "{moved}");
        assert_eq!(moved["active"], false, "{moved}");
        assert_eq!(moved["state"], "inactive", "{moved}");
        let on = patch(&app, path, json!({"active": true})).await;
        assert_eq!(on["state"], "active", "{on}");
    }
}

#[tokio::test]
async fn a_held_delivery_does_not_say_who_switched_off() {
    let app = start().await;
    let created = create(&app, json!({"event": "created_in"})).await;
    let path = path_of(&created);
    app.receiver.answer_next(Answer::status(500));
    let event = order_added(ACCOUNT, 1);
    app.publish(&event).await;
    app.wait_for_delivery("?record_id=1", |delivery| delivery["attempts"] == 1)
        .await;
    patch(&app, &path, json!({"active": false})).await;
    app.publish(&without_12()).await;
    let explained = read(&app, &format!("{path}/explain?event_id={}", event.id)).await;
    assert_eq!(explained["outcome"], "held_inactive");
    assert_eq!(
        explained["summary"],
        "The event fired this trigger and waits. The trigger is switched off, and cannot be \
         switched on as it is: its stage was deleted; choose another one. It is sent once the \
         trigger is switched on again: PATCH {\"active\": true}."
    );
}
