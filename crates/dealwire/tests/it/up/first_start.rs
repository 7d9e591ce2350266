//! The first start, the second, and the end.

use std::os::unix::fs::PermissionsExt;

use test_support::ApiClient;

use super::process::{DEADLINE, Up, dealwire};

#[tokio::test]
async fn makes_an_account_its_keys_and_a_token_that_works() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(&home).await;
    let token = std::fs::metadata(up.folder().join("admin.token")).unwrap();
    assert_eq!(token.permissions().mode() & 0o777, 0o600);
    let pipelines = up.api.get("/api/v1/pipelines").await.expect(200).json();
    let kinds: Vec<_> = pipelines["items"][0]["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["open", "open", "open", "open", "won", "lost"]);
    assert_eq!(up.terminate().await, Some(0));
}

#[tokio::test]
async fn a_second_process_on_the_same_folder_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(&home).await;
    let second = dealwire()
        .arg("up")
        .arg("--data-dir")
        .arg(up.folder())
        .args(["--http", "127.0.0.1:0"])
        .output();
    let second = tokio::time::timeout(DEADLINE, second)
        .await
        .unwrap()
        .unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains(&up.folder().display().to_string()), "{said}");
    up.api.get("/readyz").await.expect(200);
}

#[tokio::test]
async fn what_was_there_is_there_after_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(&home).await;
    let id = up
        .create("orders", serde_json::json!({"name": "Заказ"}))
        .await;
    let before = up
        .api
        .get(&format!("/api/v1/orders/{id}"))
        .await
        .expect(200);
    assert_eq!(up.terminate().await, Some(0));
    let up = Up::start(&home).await;
    let after = up
        .api
        .get(&format!("/api/v1/orders/{id}"))
        .await
        .expect(200);
    assert_eq!(after.json(), before.json());
}

#[tokio::test]
async fn without_a_token_there_is_nothing_to_see() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(&home).await;
    let stranger = ApiClient::new(&up.base, "nothing");
    for path in ["orders", "webhooks", "deliveries", "events", "pipelines"] {
        let answer = stranger.get(&format!("/api/v1/{path}")).await.expect(401);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn the_open_endpoints_say_what_they_are_for() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(&home).await;
    up.api.get("/healthz").await.expect(200);
    let metrics = up.api.get("/metrics").await.expect(200);
    assert!(String::from_utf8_lossy(&metrics.body).contains("# TYPE dealwire_"));
    let openapi = up.api.get("/api/v1/openapi.json").await.expect(200).json();
    for path in ["/orders/{id}", "/webhooks", "/deliveries/{id}/retry"] {
        assert!(
            openapi["paths"][path].is_object(),
            "{path} is not described"
        );
    }
    let healthcheck = dealwire()
        .args(["healthcheck", "--url", &up.base])
        .status()
        .await
        .unwrap();
    assert!(healthcheck.success());
}
