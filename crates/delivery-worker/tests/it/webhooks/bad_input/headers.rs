//! Headers that are reserved, misspelt, too long or too many.

use serde_json::{Map, Value, json};

use super::refused;
use crate::app::TestApp;

#[tokio::test]
async fn headers_are_the_webhooks_own() {
    let app = TestApp::start().await;
    let many: Map<String, Value> = (0..21).map(|n| (format!("X-{n}"), json!("v"))).collect();
    let reserved = [
        "Host",
        "Content-Type",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "User-Agent",
        "webhook-id",
        "Webhook-Signature",
        "X-Delivery-Attempt",
        "X-Record-Revision",
    ];
    for name in reserved {
        let pointer = format!("/headers/{name}");
        let value = json!({ name: "x" });
        refused(&app, &[("headers", value, &pointer, "header_reserved")]).await;
    }
    let long = "v".repeat(1025);
    let cases = [
        (
            "headers",
            json!({"a b": "x"}),
            "/headers/a b",
            "header_name",
        ),
        (
            "headers",
            json!({"a/b": "x"}),
            "/headers/a~1b",
            "header_name",
        ),
        ("headers", json!({"": "x"}), "/headers/", "header_name"),
        (
            "headers",
            json!({"X-A": "a\r\nX-B: b"}),
            "/headers/X-A",
            "header_value",
        ),
        (
            "headers",
            json!({"X-A": "ключ"}),
            "/headers/X-A",
            "header_value",
        ),
        (
            "headers",
            json!({"X-A": "\u{0}"}),
            "/headers/X-A",
            "header_value",
        ),
        (
            "headers",
            json!({ "X-A": long }),
            "/headers/X-A",
            "too_long",
        ),
        ("headers", json!({"X-A": 5}), "/headers/X-A", "wrong_type"),
        (
            "headers",
            json!({"X-A": null}),
            "/headers/X-A",
            "wrong_type",
        ),
        (
            "headers",
            json!({"X-A": "1", "x-a": "2"}),
            "/headers/x-a",
            "header_repeated",
        ),
        ("headers", json!(["X-A"]), "/headers", "wrong_type"),
        ("headers", Value::Object(many), "/headers", "too_many"),
    ];
    refused(&app, &cases).await;
}
