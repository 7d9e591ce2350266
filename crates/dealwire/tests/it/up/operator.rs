//! What an operator runs beside `dealwire up`: `doctor` and `parked redrive`.

use std::path::Path;

use database::{Database, DatabaseConfig};
use outbox::parked::{NewParked, park};
use outbox::queue::DELIVERY_EVENTS;

use super::process::{Up, run};

async fn park_unreadable(folder: &Path) {
    let config = DatabaseConfig::Sqlite {
        path: folder.join("delivery.db"),
        readers: 1,
    };
    let database = Database::open(&config, vec![]).await.unwrap();
    let message = NewParked {
        queue: DELIVERY_EVENTS.to_owned(),
        routing_key: "order.add".to_owned(),
        message_id: "no-event".to_owned(),
        message_type: "order.add".to_owned(),
        seq: None,
        traceparent: None,
        body: vec![255],
        reason: "an older program could not read it".to_owned(),
    };
    let parked = database.write(move |conn| park(conn, &message)).await;
    parked.unwrap();
}

#[tokio::test]
async fn what_is_parked_is_tried_again_and_what_still_fails_is_listed() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(&home).await;
    let folder = home.path().join("data");
    let (status, said) = run(&["parked", "redrive"], &folder).await;
    assert_eq!((status, &*said), (Some(0), "nothing is parked\n"));

    park_unreadable(&folder).await;
    let unknown = [
        "parked",
        "redrive",
        "--service",
        "delivery-worker",
        "--id",
        "99",
    ];
    let (status, said) = run(&unknown, &folder).await;
    assert_eq!(status, Some(1));
    assert!(
        said.contains("nothing parked under the number 99"),
        "{said}"
    );

    let (status, said) = run(&["parked", "redrive"], &folder).await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("id=no-event"), "{said}");
    assert!(
        !said.contains("an older program"),
        "the reason is new: {said}"
    );
    assert!(
        said.contains("1 marked: 1 back in their queues, 1 of them parked again, 0 not put back"),
        "{said}"
    );
    up.terminate().await;

    let waits_for_nobody = ["parked", "redrive", "--wait", "0"];
    let (status, said) = run(&waits_for_nobody, &folder).await;
    assert_eq!(status, Some(1));
    assert!(said.contains("they stay marked"), "{said}");
}

#[tokio::test]
async fn the_doctor_finds_a_running_installation_well_and_a_lost_key_wrong() {
    let home = tempfile::tempdir().unwrap();
    let _up = Up::start(&home).await;
    let folder = home.path().join("data");
    let (status, said) = run(&["doctor", "--url", "http://10.0.0.1/"], &folder).await;
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("http://10.0.0.1/: this URL may not be called"),
        "{said}"
    );
    assert!(said.contains("1 of 10 checks"), "all else is well: {said}");
    assert!(said.contains("schema is up to date"), "{said}");

    std::fs::remove_file(folder.join("master.key")).unwrap();
    let (_, said) = run(&["doctor"], &folder).await;
    assert!(said.contains("WRONG  master key"), "{said}");
    assert!(said.contains("master.key"), "{said}");

    std::fs::write(folder.join("token-key.pem"), "junk").unwrap();
    let (_, said) = run(&["doctor"], &folder).await;
    assert!(said.contains("WRONG  signing key"), "{said}");
}
