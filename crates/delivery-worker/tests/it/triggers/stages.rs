//! What becomes of triggers whose stage is deleted.

use std::sync::Arc;

use events::{Action, Event};
use serde_json::{Value, json};
use test_support::{Answer, Method, wait_until};

use super::{body, create, path_of, pipeline, pipeline_after, start};
use crate::app::{ACCOUNT, DEADLINE, TestApp, errors, field_errors};
use crate::samples::order_added;

/// Pipeline 1 without stage 12.
fn without_12(revision: i64) -> Event {
    pipeline(ACCOUNT, 1, revision, &[(13, "В работе")])
}

async fn read(app: &TestApp, trigger: &Value) -> Value {
    app.api.get(&path_of(trigger)).await.expect(200).json()
}

#[tokio::test]
async fn a_deleted_stage_switches_its_triggers_off_and_says_why() {
    let app = start().await;
    let created = create(&app, json!({"event": "created_in"})).await;
    let off = create(&app, json!({"event": "left", "active": false})).await;
    let another = create(&app, json!({"id_status": 13, "event": "created_in"})).await;
    app.publish(&order_added(ACCOUNT, 1)).await;
    app.wait_for_delivery("?record_id=1", |delivery| delivery["state"] == "delivered")
        .await;

    app.publish(&without_12(2)).await;
    for trigger in [&created, &off] {
        let now = read(&app, trigger).await;
        assert_eq!(now["active"], false);
        assert_eq!(now["state"], "inactive");
        assert_eq!(now["inactive_reason"], "stage_deleted");
        assert_eq!(now["revision"], 2);
        assert_eq!(now["id_status"], 12);
        assert_eq!(now["stage"], json!(null));
        assert_eq!(now["pipeline"], "Продажи");
        assert_ne!(now["updated_at"], now["created_at"]);
    }
    let untouched = read(&app, &another).await;
    assert_eq!(untouched["active"], true);
    assert_eq!(untouched["inactive_reason"], json!(null));
    assert_eq!(untouched["revision"], 1);
    assert_eq!(app.count_rows("webhook_versions").await, 5);

    // The event before was taken in, so this one is matched by what it changed.
    app.publish(&order_added(ACCOUNT, 2)).await;
    assert_eq!(app.deliveries("?record_id=2").await.len(), 0);
    let of_stage = app.api.get("/api/v1/triggers?state=inactive").await;
    let of_stage = of_stage.expect(200).json();
    assert_eq!(of_stage["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn it_is_switched_on_again_with_another_stage() {
    let app = start().await;
    let created = create(&app, json!({"event": "created_in"})).await;
    let path = path_of(&created);
    app.publish(&without_12(2)).await;
    let before = read(&app, &created).await;

    for patch in [
        json!({"active": true}),
        json!({"active": true, "id_status": 12}),
    ] {
        let refused = app.api.patch(&path, patch.clone()).await;
        assert_eq!(
            field_errors(&refused),
            errors(&[("/id_status", "stage_deleted")]),
            "{patch}"
        );
    }
    assert_eq!(read(&app, &created).await, before);
    // What does not switch it on is free to change.
    let renamed = app.api.patch(&path, json!({"name": "x"})).await;
    let renamed = renamed.expect(200).json();
    assert_eq!(renamed["inactive_reason"], "stage_deleted");

    let on = json!({"active": true, "id_status": 13});
    let on = app.api.patch(&path, on).await.expect(200).json();
    assert_eq!(on["state"], "active");
    assert_eq!(on["inactive_reason"], json!(null));
    assert_eq!(on["stage"], "В работе");
    let refused = body(&app, json!({"id_status": 12}));
    let refused = app.api.post("/api/v1/triggers", refused).await;
    assert_eq!(
        field_errors(&refused),
        errors(&[("/id_status", "not_found")])
    );
}

#[tokio::test]
async fn other_faults_do_not_make_a_stage_look_deleted() {
    let app = start().await;
    let off = json!({"active": false});
    let trigger = path_of(&create(&app, off).await);
    let webhook = app
        .create_webhook(json!({"active": false, "id_status": 12}))
        .await;
    for path in [trigger, crate::app::path_of(&webhook)] {
        let patch = json!({"active": true, "name": ""});
        assert_eq!(
            field_errors(&app.api.patch(&path, patch).await),
            errors(&[("/name", "blank")])
        );
        app.api
            .patch(&path, json!({"active": true}))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_repeat_is_answered_as_before_though_the_stage_is_gone() {
    let app = start().await;
    let body = body(&app, json!({}));
    let send = async || {
        let headers = [("Idempotency-Key", "key-1")];
        let path = "/api/v1/triggers";
        let answer = app.api.send(Method::POST, path, &headers, Some(&body));
        answer.await.unwrap().expect(201)
    };
    let first = send().await;
    app.publish(&without_12(2)).await;
    let again = send().await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.json(), first.json());
}

#[tokio::test]
async fn a_deleted_pipeline_has_no_stages() {
    let app = start().await;
    let created = create(&app, json!({})).await;
    let stages = [(12, "Новая"), (13, "В работе")];
    app.publish(&pipeline_after(ACCOUNT, 1, 2, Action::Delete, &stages))
        .await;
    let now = read(&app, &created).await;
    assert_eq!(now["inactive_reason"], "stage_deleted");
    assert_eq!(now["pipeline"], json!(null));
    assert_eq!(now["id_pipeline"], 1);
}

#[tokio::test]
async fn late_and_repeated_events_change_nothing() {
    let app = start().await;
    let created = create(&app, json!({})).await;
    let deletion = without_12(4);
    app.publish(&deletion).await;
    let before = read(&app, &created).await;
    // The same message, the same revision as another message, and one from before.
    app.hand_over(&deletion).await.await.unwrap();
    app.publish(&without_12(4)).await;
    let late = pipeline(ACCOUNT, 1, 3, &[(12, "Новая"), (13, "В работе")]);
    app.publish(&late).await;
    assert_eq!(read(&app, &created).await, before);
    let path = path_of(&created);
    let refused = app.api.patch(&path, json!({"active": true})).await;
    assert_eq!(
        field_errors(&refused),
        errors(&[("/id_status", "stage_deleted")])
    );
}

#[tokio::test]
async fn what_was_pending_waits_for_another_stage() {
    let app = start().await;
    let created = create(&app, json!({"event": "created_in"})).await;
    app.receiver.answer_next(Answer::status(500));
    app.publish(&order_added(ACCOUNT, 1)).await;
    let query = "?record_id=1";
    let failed = app
        .wait_for_delivery(query, |delivery| delivery["attempts"] == 1)
        .await;
    app.publish(&without_12(2)).await;
    let retry = format!(
        "/api/v1/deliveries/{}/retry",
        failed["id"].as_str().unwrap()
    );
    app.api.post(&retry, json!({})).await.expect(200);
    let waiting = app.deliveries(query).await;
    assert_eq!(waiting[0]["state"], "pending");

    let on = json!({"active": true, "id_status": 13});
    app.api.patch(&path_of(&created), on).await.expect(200);
    let delivered = app
        .wait_for_delivery(query, |delivery| delivery["state"] == "delivered")
        .await;
    assert_eq!(delivered["attempts"], 2);
}

#[tokio::test]
async fn a_webhook_goes_off_with_the_last_of_its_stages() {
    let app = start().await;
    let one = app.create_webhook(json!({"id_status": [12]})).await;
    let both = app.create_webhook(json!({"id_status": [12, 13]})).await;
    let any = app.create_webhook(json!({})).await;
    let read = async |webhook: &Value| {
        let path = crate::app::path_of(webhook);
        app.api.get(&path).await.expect(200).json()
    };
    app.publish(&without_12(2)).await;
    assert_eq!(read(&one).await["inactive_reason"], "stage_deleted");
    for webhook in [&both, &any] {
        assert_eq!(read(webhook).await["active"], true);
        assert_eq!(read(webhook).await["revision"], 1);
    }
    let path = crate::app::path_of(&one);
    let refused = app.api.patch(&path, json!({"active": true})).await;
    assert_eq!(
        field_errors(&refused),
        errors(&[("/id_status", "stage_deleted")])
    );
    let on = json!({"active": true, "id_status": [13]});
    let on = app.api.patch(&path, on).await.expect(200).json();
    assert_eq!(on["inactive_reason"], json!(null));

    // A stage that is gone stands in nobody's way as long as there is another.
    let path = crate::app::path_of(&both);
    app.api.patch(&path, json!({"name": "x"})).await.expect(200);
    app.publish(&pipeline(ACCOUNT, 1, 3, &[])).await;
    for webhook in [&one, &both] {
        assert_eq!(read(webhook).await["inactive_reason"], "stage_deleted");
    }
    assert_eq!(read(&any).await["active"], true);
}

/// Whoever comes first: a trigger that was saved is switched off, or it was refused.
#[tokio::test]
async fn a_trigger_saved_while_its_stage_is_deleted_is_not_left_behind() {
    const ROUNDS: i64 = 12;
    let app = Arc::new(start().await);
    let mut rounds = tokio::task::JoinSet::new();
    for round in 0..ROUNDS {
        let app = Arc::clone(&app);
        rounds.spawn(async move {
            let (id, stage) = (100 + round, 1_000 + round);
            app.publish(&pipeline(ACCOUNT, id, 1, &[(stage, "Короткая")]))
                .await;
            let body = body(&app, json!({"id_status": stage}));
            let earlier = app.api.post("/api/v1/triggers", body.clone()).await;
            let earlier = earlier.expect(201).json();
            let deletion = pipeline(ACCOUNT, id, 2, &[]);
            let path = path_of(&earlier);
            let (answer, renamed, ()) = tokio::join!(
                app.api.post("/api/v1/triggers", body),
                app.api.patch(&path, json!({"name": "renamed"})),
                app.publish(&deletion)
            );
            assert_eq!(renamed.expect(200).json()["name"], "renamed");
            let now = read(&app, &earlier).await;
            assert_eq!(now["inactive_reason"], "stage_deleted", "{now}");
            assert_eq!(now["active"], false, "{now}");
            assert_eq!(now["revision"], 3, "{now}");
            if answer.status == 422 {
                assert_eq!(
                    field_errors(&answer),
                    errors(&[("/id_status", "not_found")])
                );
                return;
            }
            let created = answer.expect(201).json();
            let now = read(&app, &created).await;
            assert_eq!(now["inactive_reason"], "stage_deleted", "{now}");
            assert_eq!(now["active"], false, "{now}");
        });
    }
    while let Some(round) = rounds.join_next().await {
        round.unwrap();
    }
    // The engine has heard of it too.
    wait_until(DEADLINE, || async {
        let active = app.api.get("/api/v1/triggers?active=true").await;
        active.expect(200).json()["items"] == json!([])
    })
    .await;
}
