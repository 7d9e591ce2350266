//! Requests that cannot be done.

use serde_json::{Value, json};

use super::jobs::{LONG_AGO, ask, wait_for_job};
use crate::app::{ACCOUNT, TestApp, errors, field_errors, path_of, problem_code, query_errors};
use crate::samples::order_added;

#[tokio::test]
async fn a_replay_says_what_is_wrong_with_it() {
    let app = TestApp::start().await;
    let webhook = app.create_webhook(json!({})).await;
    let cases: &[(Value, &[(&str, &str)])] = &[
        (json!({}), &[("/since", "required")]),
        (json!({"since": null}), &[("/since", "not_null")]),
        (json!({"since": "yesterday"}), &[("/since", "invalid")]),
        (json!({"since": true}), &[("/since", "wrong_type")]),
        (
            json!({"since": "2100-01-01T00:00:00Z"}),
            &[("/since", "out_of_range")],
        ),
        (
            json!({"since": LONG_AGO, "until": "2019-12-31T00:00:00Z"}),
            &[("/until", "out_of_range")],
        ),
        (
            json!({"since": LONG_AGO, "until": LONG_AGO}),
            &[("/until", "out_of_range")],
        ),
        (
            json!({"since": LONG_AGO, "events": ["order.add", "order.sold"]}),
            &[("/events/1", "unknown_value")],
        ),
        (
            json!({"since": LONG_AGO, "state": "lost"}),
            &[("/state", "unknown_value")],
        ),
        (
            json!({"since": LONG_AGO, "rate_per_second": 0, "force": "yes"}),
            &[
                ("/rate_per_second", "out_of_range"),
                ("/force", "wrong_type"),
            ],
        ),
        (
            json!({"since": LONG_AGO, "rate": 1}),
            &[("/rate", "unknown_field")],
        ),
    ];
    for (body, expected) in cases {
        let mut found = field_errors(&ask(&app.api, &webhook, body.clone()).await);
        let mut expected = errors(expected);
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{body}");
    }
    for (state, why) in [("pending", "sent anyway"), ("dropped", "deleted webhook")] {
        let body = json!({"since": LONG_AGO, "state": state});
        let refused = ask(&app.api, &webhook, body).await;
        assert_eq!(
            field_errors(&refused),
            errors(&[("/state", "unknown_value")])
        );
        assert!(refused.json().to_string().contains(why), "{state}");
    }
    assert_eq!(app.count_rows("replays").await, 0);
}

#[tokio::test]
async fn a_retry_says_what_is_wrong_with_it() {
    let app = TestApp::start().await;
    let cases: &[(Value, &[(&str, &str)])] = &[
        (json!({"state": "gone"}), &[("/state", "unknown_value")]),
        (
            json!({"state": ["failed", "gone"]}),
            &[("/state/1", "unknown_value")],
        ),
        (json!({"webhook": "all"}), &[("/webhook", "wrong_type")]),
        (json!({"origin": "test"}), &[("/origin", "unknown_value")]),
        (json!({"event_id": "7"}), &[("/event_id", "invalid")]),
        (
            json!({"created_from": "2026-01-02T00:00:00Z", "created_to": "2026-01-01T00:00:00Z"}),
            &[("/created_to", "out_of_range")],
        ),
        (json!({"limit": 5}), &[("/limit", "unknown_field")]),
        (json!({"state": "delivered"}), &[("/force", "required")]),
        (
            json!({"state": ["failed", "delivered"], "force": false}),
            &[("/force", "required")],
        ),
        (
            json!({"state": ["failed", "dropped"]}),
            &[("/state", "unknown_value")],
        ),
        (json!({"webhook": 77}), &[("/webhook", "not_found")]),
        (
            json!({"trigger_id": [77, 78]}),
            &[("/trigger_id", "not_found")],
        ),
    ];
    for (body, expected) in cases {
        let refused = app.api.post("/api/v1/deliveries/retry", body.clone()).await;
        assert_eq!(field_errors(&refused), errors(expected), "{body}");
    }
    assert_eq!(app.count_rows("replays").await, 0);
}

#[tokio::test]
async fn events_that_never_fire_the_webhook_are_refused() {
    let app = TestApp::start().await;
    let settings = json!({"events": ["order.add", "order.edit"]});
    let webhook = app.create_webhook(settings).await;
    let asked = async |more: Value| {
        let mut body = json!({"since": LONG_AGO});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        ask(&app.api, &webhook, body).await
    };
    for more in [
        json!({"events": ["order.add", "task.add", "order.delete"]}),
        json!({"events": "order.delete", "state": "missing"}),
    ] {
        let refused = asked(more).await;
        assert_eq!(field_errors(&refused), errors(&[("/events", "invalid")]));
        let message = refused.json()["errors"][0]["message"].to_string();
        assert!(message.contains("order.delete"), "{message}");
        assert!(!message.contains("order.add"), "{message}");
    }
    asked(json!({"events": ["order.add"]})).await.expect(202);
    // It may have fired on it when that was to be delivered.
    let of_before = json!({"events": ["order.delete"], "state": "failed"});
    asked(of_before).await.expect(202);
}

#[tokio::test]
async fn webhooks_of_others_and_deleted_ones_are_not_there() {
    let app = TestApp::start().await;
    let webhook = app.create_webhook(json!({})).await;
    let body = json!({"webhook": [webhook["id"]]});
    let path = "/api/v1/deliveries/retry";
    app.api.post(path, body.clone()).await.expect(202);
    let of_others = app.other.post(path, body.clone()).await;
    let not_there = errors(&[("/webhook", "not_found")]);
    assert_eq!(field_errors(&of_others), not_there);
    app.api.delete(&path_of(&webhook)).await.expect(204);
    assert_eq!(field_errors(&app.api.post(path, body).await), not_there);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let app = TestApp::start().await;
    let body = json!({"since": LONG_AGO});
    for path in ["/api/v1/webhooks/77/replay", "/api/v1/triggers/77/replay"] {
        let answer = app.api.post(path, body.clone()).await;
        assert_eq!(problem_code(&answer.expect(404)), "not_found", "{path}");
    }
    for path in ["/api/v1/replays/77", "/api/v1/replays/x"] {
        app.api.get(path).await.expect(404);
        let cancel = format!("{path}/cancel");
        app.api.post(&cancel, json!({})).await.expect(404);
    }
    let bad = app.api.get("/api/v1/replays?state=paused&page=2").await;
    assert_eq!(
        query_errors(&bad),
        errors(&[("state", "unknown_value"), ("page", "unknown_parameter")])
    );
}

#[tokio::test]
async fn there_is_an_end_to_how_many_run_at_once() {
    let app = TestApp::start().await;
    // What the first of them queues waits for the webhook, and the others for that.
    let settings = json!({"active": false, "concurrency": 1});
    let webhook = app.create_webhook(settings).await;
    for order in 1..=5 {
        app.publish(&order_added(ACCOUNT, order)).await;
    }
    let body = json!({"since": LONG_AGO});
    let first = ask(&app.api, &webhook, body.clone())
        .await
        .expect(202)
        .json();
    wait_for_job(&app.api, &first, |job| job["progress"]["queued"] == 4).await;
    for _ in 1..20 {
        ask(&app.api, &webhook, body.clone()).await.expect(202);
    }
    let refused = ask(&app.api, &webhook, body).await.expect(409);
    assert_eq!(problem_code(&refused), "conflict");
    assert_eq!(app.count_rows("replays").await, 20);
}
