//! Keys of an installation that runs: another master key, and an authority of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::MockReceiver;

use super::process::{Up, dealwire};

/// Starts with files of keys besides its own.
async fn up_with(home: &TempDir, variable: &str, file: &Path) -> Up {
    let mut program = dealwire();
    program.env(variable, file);
    Up::start_with(program, home.path()).await
}

/// The status that a test request of this webhook meets, or what is wrong.
async fn test(up: &Up, webhook: i64) -> Value {
    let path = format!("/api/v1/webhooks/{webhook}/test");
    let answer = up.api.post(&path, json!({})).await.expect(200).json();
    match &answer["status"] {
        Value::Null => answer["error"].clone(),
        status => status.clone(),
    }
}

#[tokio::test]
async fn the_master_key_is_changed_and_the_old_one_destroyed() {
    let home = tempfile::tempdir().unwrap();
    let receiver = MockReceiver::start().await;
    let up = Up::start(&home).await;
    let webhook = up.webhook(&receiver.url("/"), "form", &["order.add"]).await;
    let webhook = webhook.id();
    let (current, old) = (up.folder().join("master.key"), home.path().join("old.key"));
    assert_eq!(up.terminate().await, Some(0));

    // Another installation's, which is as good as any.
    let other = tempfile::tempdir().unwrap();
    let made = dealwire()
        .args(["keys", "create", "--data-dir"])
        .arg(other.path())
        .status();
    assert!(made.await.unwrap().success());
    fs::rename(&current, &old).unwrap();
    fs::copy(other.path().join("master.key"), &current).unwrap();
    let mode = fs::metadata(&current).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let variable = "DEALWIRE__KEYS__OTHER_MASTER_FILES";
    let up = up_with(&home, variable, &old).await;
    assert_eq!(test(&up, webhook).await, 200);
    let reseal = |with_old: bool| {
        let mut command = dealwire();
        command.args(["keys", "reseal", "--data-dir"]);
        command.arg(up.folder());
        if with_old {
            command.env(variable, &old);
        }
        async move {
            let output = command.output().await.unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            let reason = String::from_utf8(output.stderr).unwrap();
            (output.status.code(), said, reason)
        }
    };
    let (code, said, reason) = reseal(false).await;
    assert_eq!(code, Some(1), "{said}");
    let named = format!("webhook {webhook} \"test\" of account 1: the secret is encrypted");
    assert!(said.starts_with(&named), "{said}");
    assert!(reason.contains("keys.other_master_files"), "{reason}");

    let (code, said, _) = reseal(true).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("1 sealed anew, 0 under"), "{said}");
    let (_, said, _) = reseal(false).await;
    assert!(said.starts_with("0 sealed anew, 1 under"), "{said}");
    assert_eq!(test(&up, webhook).await, 200, "it never noticed");
    assert_eq!(up.terminate().await, Some(0));

    fs::remove_file(&old).unwrap();
    let up = Up::start(&home).await;
    assert_eq!(test(&up, webhook).await, 200);
}

#[tokio::test]
async fn receivers_may_have_certificates_of_an_authority_of_ones_own() {
    let home = tempfile::tempdir().unwrap();
    let receiver = MockReceiver::start_tls(&["127.0.0.1"]).await;
    let up = Up::start(&home).await;
    let created = up.webhook(&receiver.url("/"), "form", &["order.add"]).await;
    let created = created.json();
    let error = created["test"]["error"].as_str().unwrap();
    assert!(error.contains("UnknownIssuer"), "{error}");
    assert_eq!(up.terminate().await, Some(0));

    let file = home.path().join("ca.pem");
    fs::write(&file, receiver.ca_pem()).unwrap();
    let up = up_with(&home, "DEALWIRE__DELIVERY__EXTRA_CA_FILES", &file).await;
    let webhook = created["id"].as_i64().unwrap();
    assert_eq!(test(&up, webhook).await, 200);
    assert_eq!(up.terminate().await, Some(0));

    fs::write(&file, "none").unwrap();
    let mut program = dealwire();
    program.args(["up", "--http", "127.0.0.1:0", "--data-dir"]);
    program.arg(home.path().join("data"));
    program.env("DEALWIRE__DELIVERY__EXTRA_CA_FILES", &file);
    let refused = program.output().await.unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let reason = String::from_utf8(refused.stderr).unwrap();
    assert!(reason.contains("certificate authority"), "{reason}");
}
