//! A data folder that was backed up while it was worked on, and put back.

use serde_json::json;
use test_support::{MockReceiver, wait_until};

use super::process::{DEADLINE, Up, run};

async fn wait_for_callback(receiver: &MockReceiver, order: i64) {
    let begin = format!(r#"{{"id":{order},"#);
    wait_until(DEADLINE, || async {
        let requests = receiver.requests();
        requests.iter().any(|it| it.text().starts_with(&begin))
    })
    .await;
}

#[tokio::test]
async fn a_folder_goes_on_from_its_backup_without_giving_an_id_twice() {
    let home = tempfile::tempdir().unwrap();
    let (up, receiver) = (Up::start(&home).await, MockReceiver::start().await);
    let folder = up.folder().to_owned();
    up.webhook(&receiver.url("/"), "json", &["order.add"]).await;
    let order = up.create("orders", json!({"name": "kept"})).await;
    wait_for_callback(&receiver, order).await;

    let copy = home.path().join("backup");
    let to = copy.to_str().unwrap().to_owned();
    let (status, said) = run(&["backup", "--to", &to], &folder).await;
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = run(&["backup", "--to", &to], &folder).await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("cannot make the folder"), "{said}");

    let lost = up.create("orders", json!({"name": "lost"})).await;
    wait_for_callback(&receiver, lost).await;
    let recover = [
        "recover",
        "--restored",
        "entity-service",
        "--restored",
        "intake-service",
        "--restored",
        "delivery-worker",
    ];
    let (status, said) = run(&recover, &folder).await;
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("is in use by another dealwire process"),
        "{said}"
    );

    up.kill().await;
    let dry = [&recover[..], &["--dry-run"]].concat();
    let (status, said) = run(&dry, &folder).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("nothing was changed"), "{said}");
    // What the killed one left beside its files must not get into those of the backup.
    assert!(folder.join("entity.db-wal").exists());
    let from = [&recover[..], &["--from", &to]].concat();
    let (status, said) = run(&from, &folder).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("Make a new backup"), "{said}");

    let up = Up::start(&home).await;
    let next = up.create("orders", json!({"name": "next"})).await;
    assert!(next > lost + 1_000, "{next} after {lost}");
    wait_for_callback(&receiver, next).await;
    up.api
        .get(&format!("/api/v1/orders/{lost}"))
        .await
        .expect(404);
    let said = up.operator(&["verify"]).await;
    assert!(said.contains("0 lost"), "{said}");
    up.terminate().await;
}
