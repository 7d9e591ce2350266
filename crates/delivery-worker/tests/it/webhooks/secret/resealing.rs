//! Bringing all secrets under another master key (`dealwire keys reseal`).

use delivery_worker::{KeyRing, MasterKey, Resealed, reseal_some};
use events::Clock;
use serde_json::json;

use super::is_signed_with;
use crate::app::{TestApp, path_of};

/// Everything from the first webhook on, as the command does it.
async fn reseal(app: &TestApp, current: &MasterKey, others: &[MasterKey]) -> Vec<Resealed> {
    let mut parts = Vec::new();
    let mut after_id = 0;
    loop {
        let keys = KeyRing::new(current, others).unwrap();
        let now = Clock::System.now();
        let unit = app
            .database
            .write(move |conn| reseal_some(conn, &keys, after_id, now));
        let part = unit.await.unwrap();
        let next = part.next;
        parts.push(part);
        match next {
            Some(next) => after_id = next,
            None => return parts,
        }
    }
}

#[tokio::test]
async fn after_it_the_old_master_key_is_of_no_use() {
    let [old, new] = [(); 2].map(|()| MasterKey::generate().unwrap());
    let app = TestApp::start_with_keys(&old, &[]).await;
    let plain = app.create_webhook(json!({})).await;
    let rotated = app.create_webhook(json!({"ed25519": true})).await;
    let rotate = format!("{}/secret/rotate", path_of(&rotated));
    let second = app.api.post(&rotate, json!({})).await.expect(200).json();
    let deleted = app.create_webhook(json!({})).await;
    app.api.delete(&path_of(&deleted)).await.expect(204);

    let others = std::slice::from_ref(&old);
    let parts = reseal(&app, &new, others).await;
    let counts: Vec<_> = parts.iter().map(|it| (it.resealed, it.current)).collect();
    assert_eq!(counts, [(2, 0), (0, 0)]);
    let again = reseal(&app, &new, others).await;
    assert_eq!((again[0].resealed, again[0].current), (0, 2));
    assert!(
        parts
            .iter()
            .chain(&again)
            .all(|it| it.unreadable.is_empty())
    );

    let app = app.restart_with_keys(&new, &[]).await;
    let receiver = test_support::MockReceiver::start().await;
    for created in [&plain, &rotated] {
        let path = path_of(created);
        let url = json!({"url": receiver.url("/")});
        let changed = app.api.patch(&path, url).await.expect(200).json();
        assert_eq!(changed["test"]["status"], 200);
        assert_eq!(
            changed["public_key"].is_string(),
            created["ed25519"] == true
        );
    }
    let requests = receiver.wait_for_requests(2).await;
    assert!(is_signed_with(
        &requests[0],
        plain["secret"].as_str().unwrap()
    ));
    for secret in [&rotated["secret"], &second["secret"]] {
        assert!(is_signed_with(&requests[1], secret.as_str().unwrap()));
    }
}

#[tokio::test]
async fn it_goes_on_behind_what_does_not_open_and_names_it() {
    let [lost, old, new] = [(); 3].map(|()| MasterKey::generate().unwrap());
    let app = TestApp::start_with_keys(&lost, &[]).await;
    let held = app.create_webhook(json!({"name": "held"})).await;
    let app = app.restart_with_keys(&old, &[]).await;
    app.create_webhook(json!({})).await;

    let parts = reseal(&app, &new, std::slice::from_ref(&old)).await;
    assert_eq!((parts[0].resealed, parts[0].current), (1, 0));
    let [unreadable] = parts[0].unreadable.as_slice() else {
        panic!("{parts:?}");
    };
    assert_eq!(json!(unreadable.webhook_id), held["id"]);
    assert_eq!(unreadable.name, "held");
    assert_eq!(
        (unreadable.kind.as_str(), unreadable.account_id),
        ("webhook", 1)
    );
    assert!(unreadable.reason.contains("master key"), "{unreadable:?}");

    let all = [old, lost];
    let found = reseal(&app, &new, &all).await;
    assert_eq!((found[0].resealed, found[0].current), (1, 1));
}

#[tokio::test]
async fn a_running_worker_notices_nothing() {
    let [old, new] = [(); 2].map(|()| MasterKey::generate().unwrap());
    let app = TestApp::start_with_keys(&old, std::slice::from_ref(&new)).await;
    let created = app.create_webhook(json!({})).await;
    let path = path_of(&created);
    reseal(&app, &new, std::slice::from_ref(&old)).await;
    let test = app.api.post(&format!("{path}/test"), json!({})).await;
    assert_eq!(test.expect(200).json()["status"], 200);
    let shown = app.api.get(&path).await.expect(200).json();
    assert_eq!(shown["revision"], 1);
}
