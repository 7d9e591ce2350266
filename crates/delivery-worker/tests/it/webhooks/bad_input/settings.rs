//! Settings out of their bounds or at odds with each other.

use serde_json::json;

use super::{refused, with};
use crate::app::{TestApp, errors, field_errors, path_of};

#[tokio::test]
async fn other_settings_are_within_their_bounds() {
    let app = TestApp::start().await;
    let many = vec![1; 21];
    let schedule = "retry_schedule_s";
    let cases = [
        ("format", json!("xml"), "/format", "unknown_value"),
        ("format", json!(1), "/format", "wrong_type"),
        ("active", json!("yes"), "/active", "wrong_type"),
        ("strict_body", json!(1), "/strict_body", "wrong_type"),
        ("stop_on_4xx", json!("true"), "/stop_on_4xx", "wrong_type"),
        ("concurrency", json!(0), "/concurrency", "out_of_range"),
        ("concurrency", json!(65), "/concurrency", "out_of_range"),
        ("concurrency", json!(1.5), "/concurrency", "wrong_type"),
        (
            "rate_per_second",
            json!(0),
            "/rate_per_second",
            "out_of_range",
        ),
        (
            "rate_per_second",
            json!(1_001),
            "/rate_per_second",
            "out_of_range",
        ),
        (
            "rate_per_second",
            json!(0.5),
            "/rate_per_second",
            "wrong_type",
        ),
        (
            "rate_per_second",
            json!("10"),
            "/rate_per_second",
            "wrong_type",
        ),
        ("ordered", json!("yes"), "/ordered", "wrong_type"),
        ("latest_only", json!(1), "/latest_only", "wrong_type"),
        ("ed25519", json!("true"), "/ed25519", "wrong_type"),
        (schedule, json!([]), "/retry_schedule_s", "required"),
        (schedule, json!(many), "/retry_schedule_s", "too_many"),
        (schedule, json!(5), "/retry_schedule_s", "wrong_type"),
        (
            schedule,
            json!([0, -1]),
            "/retry_schedule_s/1",
            "out_of_range",
        ),
        (
            schedule,
            json!([172_801]),
            "/retry_schedule_s/0",
            "out_of_range",
        ),
        (
            schedule,
            json!([1e30]),
            "/retry_schedule_s/0",
            "out_of_range",
        ),
        (schedule, json!([0.5]), "/retry_schedule_s/0", "wrong_type"),
        (schedule, json!(["5"]), "/retry_schedule_s/0", "wrong_type"),
        ("secret", json!("whsec_dG9vIHNob3J0"), "/secret", "invalid"),
        ("secret", json!("hunter2"), "/secret", "invalid"),
        ("id", json!(5), "/id", "read_only"),
        ("state", json!("active"), "/state", "read_only"),
        ("method", json!("GET"), "/method", "unknown_field"),
    ];
    refused(&app, &cases).await;
}

#[tokio::test]
async fn in_order_and_only_the_latest_exclude_each_other() {
    let app = TestApp::start().await;
    let mut body = with(&app, "ordered", json!(true));
    body["latest_only"] = json!(true);
    let answer = app.api.post("/api/v1/webhooks", body.clone()).await;
    assert_eq!(
        field_errors(&answer),
        errors(&[("/latest_only", "exclusive")])
    );
    // What is wrong in itself is not judged with the rest.
    body["ordered"] = json!("yes");
    let answer = app.api.post("/api/v1/webhooks", body).await;
    assert_eq!(field_errors(&answer), errors(&[("/ordered", "wrong_type")]));
    assert_eq!(app.count_rows("webhooks").await, 0);

    let created = app.create_webhook(json!({"ordered": true})).await;
    let path = path_of(&created);
    let answer = app.api.patch(&path, json!({"latest_only": true})).await;
    assert_eq!(
        field_errors(&answer),
        errors(&[("/latest_only", "exclusive")])
    );
    let turn = json!({"ordered": null, "latest_only": true});
    let turned = app.api.patch(&path, turn).await.expect(200).json();
    assert_eq!(turned["ordered"], false);
    assert_eq!(turned["latest_only"], true);
}
