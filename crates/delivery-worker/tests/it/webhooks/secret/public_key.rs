//! `ed25519`: a second signature, which receivers check with a public key.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use test_support::ReceivedRequest;

use super::is_signed_with;
use crate::app::{ACCOUNT, TestApp, path_of, problem_code};
use crate::samples::order_added;

/// How many of the request's `v1a` signatures hold for a public key.
fn signatures_of(request: &ReceivedRequest, public_key: &Value) -> usize {
    let encoded = public_key.as_str().unwrap().strip_prefix("whpk_").unwrap();
    let key = UnparsedPublicKey::new(&ED25519, STANDARD.decode(encoded).unwrap());
    let header = |name: &str| request.header(name).unwrap();
    let head = format!("{}.{}.", header("webhook-id"), header("webhook-timestamp"));
    let signed = [head.as_bytes(), &request.body].concat();
    header("webhook-signature")
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1a,"))
        .filter(|encoded| {
            key.verify(&signed, &STANDARD.decode(encoded).unwrap())
                .is_ok()
        })
        .count()
}

#[tokio::test]
async fn callbacks_carry_both_signatures_from_the_first_one_on() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"ed25519": true})).await;
    let path = path_of(&created);
    let key = &created["public_key"];
    let shown = app.api.get(&path).await.expect(200).json();
    assert_eq!(&shown["public_key"], key);
    let served = app.api.get(&format!("{path}/public-key")).await;
    assert_eq!(
        served.expect(200).json(),
        json!({"public_key": key, "previous": []})
    );

    app.publish(&order_added(ACCOUNT, 42)).await;
    for request in app.receiver.wait_for_requests(2).await {
        assert_eq!(signatures_of(&request, key), 1);
        assert!(is_signed_with(
            &request,
            created["secret"].as_str().unwrap()
        ));
    }
    let other = app.create_webhook(json!({"ed25519": true})).await;
    assert_ne!(&other["public_key"], key);
}

#[tokio::test]
async fn it_can_be_switched_on_and_off_and_stays_the_same() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    let key_path = format!("{path}/public-key");
    assert_eq!(created["public_key"], json!(null));
    let refused = app.api.get(&key_path).await;
    assert_eq!(
        (refused.status.as_u16(), problem_code(&refused)),
        (409, "conflict".into())
    );

    let on = app.api.patch(&path, json!({"ed25519": true})).await;
    let on = on.expect(200).json();
    let key = &on["public_key"];
    let off = app.api.patch(&path, json!({"ed25519": false})).await;
    assert_eq!(off.expect(200).json()["public_key"], json!(null));
    let again = app.api.patch(&path, json!({"ed25519": true})).await;
    assert_eq!(&again.expect(200).json()["public_key"], key);

    let requests = app.receiver.wait_for_requests(4).await;
    let counts: Vec<usize> = requests.iter().map(|it| signatures_of(it, key)).collect();
    assert_eq!(counts, [0, 1, 0, 1]);
    assert_eq!(app.other.get(&key_path).await.status, 404);
}

#[tokio::test]
async fn a_rotation_renews_it_and_both_sign_while_they_overlap() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({"ed25519": true})).await;
    let path = path_of(&created);
    let old = &created["public_key"];
    let rotated = app
        .api
        .post(&format!("{path}/secret/rotate"), json!({}))
        .await;
    let rotated = rotated.expect(200).json();
    let new = &rotated["public_key"];
    assert_ne!(new, old);
    let served = app.api.get(&format!("{path}/public-key")).await;
    let previous = json!([{"public_key": old, "until": rotated["previous_secret_until"]}]);
    assert_eq!(
        served.expect(200).json(),
        json!({"public_key": new, "previous": previous})
    );

    app.api
        .post(&format!("{path}/test"), json!({}))
        .await
        .expect(200);
    let request = app.receiver.wait_for_requests(2).await.remove(1);
    assert_eq!(
        (signatures_of(&request, old), signatures_of(&request, new)),
        (1, 1)
    );
    let header = request.header("webhook-signature").unwrap();
    assert_eq!(header.split(' ').count(), 4);
}
