//! What is refused, by pointer.

use serde_json::{Value, json};

use super::{OWN_TOKEN, condition};
use crate::app::{ACCOUNT, TestApp, errors, field_errors, path_of};

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
