//! A disk that is full.

use serde_json::json;
use tokio::process::Command;

use super::process::{Up, dealwire};

/// A limit on file sizes stands in for a full disk: writes past it fail.
#[tokio::test]
async fn a_full_disk_is_503_and_reading_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(&home).await;
    let id = up.create("orders", json!({"name": "before"})).await;
    assert_eq!(up.terminate().await, Some(0));

    let mut limited = Command::new("sh");
    limited
        .args(["-c", r#"ulimit -f 2048; exec "$0" "$@""#])
        .arg(dealwire().as_std().get_program())
        .kill_on_drop(true);
    let up = Up::start_with(limited, home.path()).await;
    let text = "x".repeat(60_000);
    let mut refused = None;
    for number in 0..200 {
        let body = json!({"name": format!("order {number}"), "text": text});
        let answer = up.api.post("/api/v1/orders", body).await;
        if answer.status.as_u16() != 201 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the disk fills up").expect(503);
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.json()["code"], "unavailable");
    up.api.get("/readyz").await.expect(503);
    let shown = up
        .api
        .get(&format!("/api/v1/orders/{id}"))
        .await
        .expect(200);
    assert_eq!(shown.json()["name"], "before");
}
