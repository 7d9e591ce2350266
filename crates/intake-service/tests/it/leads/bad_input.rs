//! Changes of leads that are refused, each where it stands.

use serde_json::json;

use super::{LEADS, get, inbox, post_lead};
use crate::app::TestApp;
use crate::problems::errors;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wrong_value_is_pointed_at() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    let address = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    let before = get(&app, &address).await;
    for (body, pointer, code) in [
        (json!({"name": "я".repeat(256)}), "/name", "too_long"),
        (json!({"name": "a\u{0}"}), "/name", "nul_character"),
        (json!({"phone": "звоните"}), "/phone", "invalid"),
        (json!({"phone": "1234"}), "/phone", "invalid"),
        (json!({"phone": 79998888888_i64}), "/phone", "wrong_type"),
        (json!({"phone": null}), "/phone", "required"),
        (json!({"email": "нет"}), "/email", "invalid"),
        (json!({"email": true}), "/email", "wrong_type"),
        (json!({"userIdOwner": "1"}), "/userIdOwner", "wrong_type"),
        (json!({"cost": -1}), "/cost", "out_of_range"),
        (json!({"cost": 1.5}), "/cost", "wrong_type"),
        (json!({"utmSource": 5}), "/utmSource", "wrong_type"),
        (
            json!({"utmSource": "a".repeat(2049)}),
            "/utmSource",
            "too_long",
        ),
        (json!({"utm_source": "a"}), "/utm_source", "unknown_field"),
        (json!({"id": 77}), "/id", "read_only"),
        (json!({"firstId": 1}), "/firstId", "read_only"),
        (json!({"otherCount": 9}), "/otherCount", "read_only"),
        (json!({"remoteId": 9}), "/remoteId", "read_only"),
        (json!({"state": "converted"}), "/state", "read_only"),
        (json!({"orderId": 9}), "/orderId", "read_only"),
        (
            json!({"extra": {}, "warnings": ["a"]}),
            "/warnings",
            "read_only",
        ),
    ] {
        let refused = app.api.patch(&address, body.clone()).await.expect(422);
        let told = [(pointer.to_owned(), code.to_owned())];
        assert_eq!(errors(&refused), told, "{body}");
    }
    for (action, body, pointer, code) in [
        (
            "convert",
            json!({"funnelStageId": 0}),
            "/funnelStageId",
            "out_of_range",
        ),
        (
            "convert",
            json!({"userIdOwner": "a"}),
            "/userIdOwner",
            "wrong_type",
        ),
        ("convert", json!({"stage": 1}), "/stage", "unknown_field"),
        (
            "reject",
            json!({"reason": "a".repeat(1001)}),
            "/reason",
            "too_long",
        ),
        (
            "reject",
            json!({"because": "a"}),
            "/because",
            "unknown_field",
        ),
        ("reopen", json!({"a": 1}), "/a", "unknown_field"),
    ] {
        let path = format!("{address}/{action}");
        let refused = app.api.post(&path, body.clone()).await.expect(422);
        let told = [(pointer.to_owned(), code.to_owned())];
        assert_eq!(errors(&refused), told, "{body}");
    }
    for (body, pointer, code) in [
        (json!({}), "", "required"),
        (json!({"phone": null, "email": null}), "", "required"),
        (json!({"phone": "12345"}), "/phone", "invalid"),
        (json!({"phone": ["79998888888"]}), "/phone", "wrong_type"),
        (json!({"email": "a@"}), "/email", "invalid"),
        (
            json!({"phone": "79998888888", "name": "Иван"}),
            "/name",
            "unknown_field",
        ),
    ] {
        let refused = app.api.post(&format!("{LEADS}/erase"), body.clone()).await;
        let told = [(pointer.to_owned(), code.to_owned())];
        assert_eq!(errors(&refused.expect(422)), told, "{body}");
    }
    assert_eq!(get(&app, &address).await, before);
}
