//! `dealwire verify` beside a running `dealwire up`, and after a loss.

use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::{Up, dealwire};

async fn verify(home: &TempDir, wait: &str) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = dealwire()
        .args(["verify", "--wait", wait, "--data-dir"])
        .arg(home.path().join("data"))
        .output()
        .await
        .unwrap();
    let said = [stdout, stderr].concat();
    (status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn a_lost_delivery_database_is_noticed_and_a_rewind_mends_it() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(&home).await;
    for _ in 0..3 {
        up.create("orders", json!({"name": "n"})).await;
    }
    let (status, said) = verify(&home, "20").await;
    assert_eq!(status, Some(0), "{said}");
    // The account's pipeline, and three orders.
    assert!(said.contains("wants 4: 4 known"), "{said}");
    assert!(said.contains("Nothing is lost."), "{said}");
    let told = dealwire()
        .args(["verify", "--json", "--all", "--data-dir"])
        .arg(home.path().join("data"))
        .output()
        .await
        .unwrap();
    assert!(told.status.success());
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["sound"], true, "{told:#}");
    assert_eq!(told["events"]["known"], 4, "{told:#}");
    assert_eq!(up.terminate().await, Some(0));

    for file in ["delivery.db", "delivery.db-wal", "delivery.db-shm"] {
        drop(std::fs::remove_file(home.path().join("data").join(file)));
    }
    let (status, said) = verify(&home, "0").await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("delivery.db"), "{said}");
    assert!(
        !home.path().join("data/delivery.db").exists(),
        "it only looks"
    );

    let up = Up::start(&home).await;
    let (status, said) = verify(&home, "0").await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("LOST: 4 events"), "{said}");
    assert!(said.contains("`dealwire relay rewind --to 0`"), "{said}");
    let rewound = dealwire()
        .args(["relay", "rewind", "--to", "0", "--data-dir"])
        .arg(home.path().join("data"))
        .status()
        .await
        .unwrap();
    assert!(rewound.success());
    let (status, said) = verify(&home, "20").await;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("wants 4: 4 known"), "{said}");
    assert_eq!(up.terminate().await, Some(0));
}
