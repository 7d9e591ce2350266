//! `POST …/secret/rotate`: another secret, and the one before for a while.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use delivery_worker::MasterKey;
use events::{Clock, Timestamp};
use http_api::Scope;
use serde_json::{Value, json};
use test_support::{ApiAnswer, Method, ReceivedRequest};

use super::is_signed_with;
use crate::app::{ACCOUNT, TestApp, errors, field_errors, path_of, problem_code};
use crate::samples::order_added;

/// Rotates and returns the answer.
async fn rotate(app: &TestApp, path: &str, body: Value) -> Value {
    let answer = app.api.post(&format!("{path}/secret/rotate"), body).await;
    answer.expect(200).json()
}

/// Rotates with a header.
async fn rotate_with(app: &TestApp, path: &str, header: (&str, &str), body: Value) -> ApiAnswer {
    let headers = [header];
    let sent = app.api.send(Method::POST, path, &headers, Some(&body));
    sent.await.unwrap()
}

/// The request that a test makes now.
async fn next_request(app: &TestApp, path: &str) -> ReceivedRequest {
    let seen = app.receiver.requests().len();
    let test = app.api.post(&format!("{path}/test"), json!({})).await;
    assert_eq!(test.expect(200).json()["status"], 200);
    app.receiver.wait_for_requests(seen + 1).await.remove(seen)
}

fn time(value: &Value) -> Timestamp {
    Timestamp::parse_rfc3339(value.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn both_secrets_sign_while_they_overlap() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    let old = created["secret"].as_str().unwrap();
    assert_eq!(created["previous_secret_until"], json!(null));

    let before = Clock::System.now();
    let rotated = rotate(&app, &path, json!({})).await;
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(new, old);
    let until = time(&rotated["previous_secret_until"]);
    let hours = (until.0 - before.0) as f64 / 3.6e9;
    assert!((24.0..24.1).contains(&hours), "{hours}");
    assert_eq!(rotated["revision"], 2);

    let request = next_request(&app, &path).await;
    assert!(is_signed_with(&request, old) && is_signed_with(&request, new));

    app.publish(&order_added(ACCOUNT, 42)).await;
    let callback = app.receiver.wait_for_requests(3).await.remove(2);
    assert!(is_signed_with(&callback, old) && is_signed_with(&callback, new));

    let shown = app.api.get(&path).await.expect(200).json();
    assert_eq!(
        shown["previous_secret_until"],
        rotated["previous_secret_until"]
    );
    assert_eq!(shown["revision"], 2);
    assert!(!app.is_stored(&STANDARD.decode(&new[6..]).unwrap()).await);

    // What was read can be sent back.
    app.api.patch(&path, shown).await.expect(200);
}

#[tokio::test]
async fn each_of_several_rotations_keeps_its_overlap() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    let mut secrets = vec![created["secret"].as_str().unwrap().to_owned()];
    for hours in [1, 168, 2, 3] {
        let rotated = rotate(&app, &path, json!({"overlap_hours": hours})).await;
        secrets.push(rotated["secret"].as_str().unwrap().to_owned());
    }
    let request = next_request(&app, &path).await;
    assert!(
        secrets
            .iter()
            .all(|secret| is_signed_with(&request, secret))
    );
    let shown = app.api.get(&path).await.expect(200).json();
    let left = time(&shown["previous_secret_until"]).0 - Clock::System.now().0;
    assert!(left > 167 * 3_600_000_000, "the longest counts: {left}");

    let answer = app
        .api
        .post(&format!("{path}/secret/rotate"), json!({}))
        .await;
    assert_eq!(
        (answer.status.as_u16(), problem_code(&answer)),
        (409, "conflict".into())
    );

    let last = rotate(&app, &path, json!({"overlap_hours": 0})).await;
    assert_eq!(last["previous_secret_until"], json!(null));
    let request = next_request(&app, &path).await;
    assert!(is_signed_with(&request, last["secret"].as_str().unwrap()));
    assert!(
        !secrets
            .iter()
            .any(|secret| is_signed_with(&request, secret))
    );
}

#[tokio::test]
async fn the_callers_own_secret_is_put_in_place() {
    let app = TestApp::start().await;
    let path = path_of(&app.create_webhook(json!({})).await);
    let own = format!("whsec_{}", STANDARD.encode([9_u8; 64]));
    let rotated = rotate(&app, &path, json!({"secret": own, "overlap_hours": 0})).await;
    assert_eq!(rotated["secret"], own);
    assert!(is_signed_with(&next_request(&app, &path).await, &own));

    let again = json!({"secret": own});
    let answer = app.api.post(&format!("{path}/secret/rotate"), again).await;
    assert_eq!(field_errors(&answer), errors(&[("/secret", "invalid")]));
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let rotate = format!("{}/secret/rotate", path_of(&created));
    for (body, wrong) in [
        (
            json!({"overlap_hours": 169}),
            ("/overlap_hours", "out_of_range"),
        ),
        (
            json!({"overlap_hours": -1}),
            ("/overlap_hours", "out_of_range"),
        ),
        (
            json!({"overlap_hours": "x"}),
            ("/overlap_hours", "wrong_type"),
        ),
        (json!({"secret": "whsec_"}), ("/secret", "invalid")),
        (json!({"secret": 1}), ("/secret", "wrong_type")),
        (json!({"hours": 1}), ("/hours", "unknown_field")),
    ] {
        let answer = app.api.post(&rotate, body).await;
        assert_eq!(field_errors(&answer), errors(&[wrong]));
    }
    let reader = app.api_with(&[Scope::WebhooksRead]);
    assert_eq!(reader.post(&rotate, json!({})).await.status, 403);
    assert_eq!(app.other.post(&rotate, json!({})).await.status, 404);
    let trigger = rotate.replace("/webhooks/", "/triggers/");
    assert_eq!(app.api.post(&trigger, json!({})).await.status, 404);
    let stale = rotate_with(&app, &rotate, ("If-Match", "\"7\""), json!({})).await;
    assert_eq!(stale.status, 412);

    let shown = app.api.get(&path_of(&created)).await.expect(200).json();
    assert_eq!(shown["revision"], 1, "nothing changed");
}

#[tokio::test]
async fn a_repeat_shows_the_secret_again() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    let rotate = format!("{path}/secret/rotate");
    let key = ("Idempotency-Key", "rotation-1");
    let keyed = async |body: Value| rotate_with(&app, &rotate, key, body).await;
    let first = keyed(json!({})).await.expect(200).json();
    let again = keyed(json!({})).await.expect(200);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.json(), first);
    let encoded = first["secret"].as_str().unwrap().strip_prefix("whsec_");
    assert!(!app.is_stored(encoded.unwrap().as_bytes()).await);

    let other = json!({"overlap_hours": 1});
    assert_eq!(keyed(other).await.status, 422);
    // Another name is no other secret.
    let named = json!({"name": "renamed"});
    app.api.patch(&path, named).await.expect(200);
    assert_eq!(keyed(json!({})).await.expect(200).json(), first);
    app.api.delete(&path).await.expect(204);
    let gone = keyed(json!({})).await.expect(200).json();
    assert_eq!(gone["secret"], json!(null));
}

#[tokio::test]
async fn a_repeat_after_another_rotation_mixes_nothing_up() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"ed25519": true})).await;
    let rotate_path = format!("{}/secret/rotate", path_of(&created));
    let keyed = async |key| {
        let header = ("Idempotency-Key", key);
        rotate_with(&app, &rotate_path, header, json!({})).await
    };
    keyed("rotation-1").await.expect(200);
    let second = keyed("rotation-2").await.expect(200).json();
    let refused = keyed("rotation-1").await;
    assert_eq!(refused.status, 409);
    let refused = refused.json();
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("changed again since"), "{detail}");
    assert!(!refused.to_string().contains("whsec_"));
    assert_eq!(keyed("rotation-2").await.expect(200).json(), second);
}

#[tokio::test]
async fn a_webhook_whose_master_key_is_lost_gets_a_secret_that_works() {
    let (lost, new) = (
        MasterKey::generate().unwrap(),
        MasterKey::generate().unwrap(),
    );
    let app = TestApp::start_with_keys(&lost, &[]).await;
    let created = app.create_webhook(json!({"ed25519": true})).await;
    let path = path_of(&created);
    let app = app.restart_with_keys(&new, &[]).await;
    // The receiver of before is gone with its app.
    let url = json!({"url": app.receiver.url("/hook")});
    app.api.patch(&path, url).await.expect(200);
    assert!(app.receiver.requests().is_empty(), "the test has no secret");

    let rotated = rotate(&app, &path, json!({})).await;
    assert_eq!(rotated["previous_secret_until"], json!(null));
    assert_ne!(rotated["public_key"], created["public_key"]);
    let request = next_request(&app, &path).await;
    assert!(is_signed_with(
        &request,
        rotated["secret"].as_str().unwrap()
    ));
}

#[tokio::test]
async fn an_overlap_ends_by_itself() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    rotate(&app, &path, json!({"overlap_hours": 1})).await;
    // As if the hour were over: each backend has its own way into the list.
    app.execute_on(
        "UPDATE webhooks SET previous_keys = json_set(previous_keys, '$[0].until_us', 1)",
        "UPDATE webhooks SET previous_keys = \
         jsonb_set(previous_keys::jsonb, '{0,until_us}', '1')::json",
    )
    .await;
    let old = created["secret"].as_str().unwrap();
    assert!(!is_signed_with(&next_request(&app, &path).await, old));
    let shown = app.api.get(&path).await.expect(200).json();
    assert_eq!(shown["previous_secret_until"], json!(null));
    // A change clears it away.
    app.api.patch(&path, json!({"name": "x"})).await.expect(200);
    let kept = app
        .count_rows("webhooks WHERE previous_keys IS NOT NULL")
        .await;
    assert_eq!(kept, 0);
}
