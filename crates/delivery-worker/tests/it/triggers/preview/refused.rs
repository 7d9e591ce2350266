//! What cannot be shown.

use serde_json::{Value, json};

use super::path;
use crate::app::{ACCOUNT, OTHER_ACCOUNT, TestApp, errors, field_errors};
use crate::moves::order_moved;
use crate::samples::client_added;

#[tokio::test]
async fn bad_input_is_refused_by_pointer() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let created = app.create_stage_trigger("entered", 13, json!({})).await;
    let path = path(&created);
    let client = client_added(ACCOUNT, 7);
    app.publish(&client).await;
    let others = order_moved(OTHER_ACCOUNT, 1, 12, 13);
    app.publish(&others).await;
    let unknown = "01980000-0000-7000-8000-000000000001";
    let cases: [(Value, &[(&str, &str)]); 14] = [
        (json!({}), &[("", "required")]),
        (json!({"event_id": "x"}), &[("/event_id", "invalid")]),
        (json!({"event_id": unknown}), &[("/event_id", "not_found")]),
        (
            json!({"event_id": others.id.to_string()}),
            &[("/event_id", "not_found")],
        ),
        (
            json!({"event_id": client.id.to_string()}),
            &[("/event_id", "invalid")],
        ),
        (
            json!({"event_id": unknown, "order": {"id_status": 13}}),
            &[("/order", "invalid")],
        ),
        (
            json!({"event_id": unknown, "previous": {}}),
            &[("/previous", "invalid")],
        ),
        (json!({"order": {}}), &[("/order/id_status", "required")]),
        (json!({"order": null}), &[("/order", "not_null")]),
        (
            json!({"order": {"id_status": 99}, "previous": {"id_status": 98}}),
            &[
                ("/order/id_status", "not_found"),
                ("/previous/id_status", "not_found"),
            ],
        ),
        (
            json!({"order": {"id_status": 13, "id_pipeline": 2}}),
            &[("/order/id_pipeline", "invalid")],
        ),
        (
            json!({"order": {"id_status": 13, "id_client": 1}, "client": {"id": 2}}),
            &[("/client/id", "invalid")],
        ),
        (
            json!({"order": {"id_status": 13}, "event": "add", "previous": {"name": "x"}}),
            &[("/previous", "invalid")],
        ),
        (
            json!({
                "order": {
                    "id_status": 13, "name": 5, "price": "1", "archive": 1, "tags": [],
                    "color": "red", "marks": {"a": 1}, "created_at": "now", "id": 0, "sum": 1,
                },
                "client": {"phone": 7, "fields": {"a[b": 1, "c": []}, "age": 1},
                "event": "moved",
            }),
            &[
                ("/order/name", "wrong_type"),
                ("/order/price", "wrong_type"),
                ("/order/archive", "wrong_type"),
                ("/order/tags", "wrong_type"),
                ("/order/color", "invalid"),
                ("/order/marks/a", "wrong_type"),
                ("/order/id", "out_of_range"),
                ("/order/created_at", "invalid"),
                ("/order/sum", "unknown_field"),
                ("/client/phone", "wrong_type"),
                ("/client/fields/a[b", "invalid"),
                ("/client/fields/c", "wrong_type"),
                ("/client/age", "unknown_field"),
                ("/event", "unknown_value"),
            ],
        ),
    ];
    for (body, expected) in cases {
        let refused = app.api.post(&path, body.clone()).await;
        assert_eq!(field_errors(&refused), errors(expected), "{body}");
    }
    let elsewhere = app.other.post(&path, json!({"order": {"id_status": 13}}));
    assert_eq!(elsewhere.await.status, 404);
    let as_webhook = format!("/api/v1/webhooks/{}/preview", created["id"]);
    let refused = app
        .api
        .post(&as_webhook, json!({"order": {"id_status": 13}}));
    assert_eq!(refused.await.status, 404);
}

#[tokio::test]
async fn a_url_that_gets_too_long_is_refused() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let created = app
        .create_stage_trigger("entered", 13, json!({"method": "GET"}))
        .await;
    let parameters = json!([{"name": "text", "kind": "field", "value": "text"}]);
    let trigger = format!("/api/v1/triggers/{}", created["id"]);
    let patched = app.api.patch(&trigger, json!({"parameters": parameters}));
    patched.await.expect(200);
    let before = app.receiver.requests().len();
    let body = json!({"order": {"id_status": 13, "text": "&".repeat(2_800)}});
    for verb in ["preview", "test"] {
        let path = format!("{trigger}/{verb}");
        let refused = app.api.post(&path, body.clone()).await;
        assert_eq!(
            field_errors(&refused),
            errors(&[("/parameters", "too_long")])
        );
    }
    assert_eq!(app.receiver.requests().len(), before);
}
