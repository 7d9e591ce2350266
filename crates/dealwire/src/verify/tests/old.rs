//! What is gone because it was old is no loss; what waits or is missing is told by the hour.

use serde_json::Value;

use super::installation::{EVENTS, Installation, MATCHED};
use crate::verify::events::NAMED;

/// Says that deliveries and events of all times may be gone.
const ALL_IS_OLD: &str = "UPDATE retention SET deliveries_before_us = 4000000000000000, \
     events_before_us = 4000000000000000";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_that_were_old_are_no_gap() {
    let installation = Installation::start().await;
    let removal = "DELETE FROM deliveries WHERE event_id IN \
         (SELECT event_id FROM events WHERE seq IN (3, 4))";
    installation.damage_deliveries(removal).await;
    assert!(!installation.verify().await.is_sound());
    installation.damage_deliveries(ALL_IS_OLD).await;
    let report = installation.verify().await;
    assert!(report.is_sound(), "{report}");
    assert_eq!(report.deliveries.rows, MATCHED - 2);
    assert_eq!(report.deliveries.expired, 2);
    assert!(report.to_string().contains("2 more were old"), "{report}");

    // One too many is wrong however old it is.
    installation
        .damage_deliveries("UPDATE events SET matched = 0 WHERE seq = 5")
        .await;
    let report = installation.verify().await;
    assert_eq!(report.deliveries.miscounted.count, 1);
    assert!(!report.is_sound(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_were_old_are_no_gap() {
    let installation = Installation::start().await;
    // The beginning of histories, too.
    for seq in 2..=4 {
        installation.forget(seq).await;
    }
    assert!(!installation.verify().await.is_sound());
    installation.damage_deliveries(ALL_IS_OLD).await;
    let report = installation.verify().await;
    assert!(report.is_sound(), "{report}");
    assert_eq!(report.events.known, EVENTS - 3);
    assert_eq!(report.events.expired, 3);
    assert!(report.to_string().contains("3 more were old"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hours_are_told_in_which_something_waits_or_is_missing() {
    let mut installation = Installation::start().await;
    let report = installation.verify().await;
    assert!(report.deliveries.hours.is_empty(), "{report}");
    installation.verification.all_hours = true;
    let report = installation.verify().await;
    let rows: i64 = report.deliveries.hours.values().map(|hour| hour.rows).sum();
    assert_eq!(rows, MATCHED, "{report}");
    installation.verification.all_hours = false;

    installation.stop().await;
    installation
        .damage_deliveries(
            "UPDATE deliveries SET state = 'pending' WHERE event_id IN \
             (SELECT event_id FROM events WHERE seq = 3); \
             UPDATE deliveries SET state = 'skipped' WHERE event_id IN \
             (SELECT event_id FROM events WHERE seq = 5)",
        )
        .await;
    installation.forget(4).await;
    let report = installation.verify().await;
    let hours = report.to_json()["hours"].clone();
    let sum = |key: &str| -> i64 {
        let hours = hours.as_array().unwrap();
        hours.iter().map(|hour| hour[key].as_i64().unwrap()).sum()
    };
    assert_eq!((sum("waiting"), sum("missing")), (1, 1), "{hours}");
    assert_eq!(sum("skipped"), 1, "{hours}");
    let missing = hours
        .as_array()
        .unwrap()
        .iter()
        .find(|hour| hour["missing"] == 1)
        .unwrap();
    assert_eq!(missing["webhook_id"], Value::Null);
    let text = report.to_string();
    assert!(text.contains("hour (UTC)"), "{text}");
    assert!(text.contains(" any "), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_of_replays_are_counted_apart() {
    let installation = Installation::start().await;
    // As a replay makes it: the same event and webhook, an id of its own.
    installation
        .damage_deliveries(
            "UPDATE deliveries SET origin = 'replay' WHERE event_id IN \
             (SELECT event_id FROM events WHERE seq = 3)",
        )
        .await;
    let report = installation.verify().await;
    assert_eq!(report.deliveries.replays.get("delivered"), Some(&1));
    assert_eq!(report.deliveries.rows, MATCHED - 1);
    let text = report.to_string();
    assert!(text.contains("1 besides: 1 delivered"), "{text}");
    // It stands for no delivery of the event itself.
    assert!(!report.is_sound());
    assert_eq!(report.deliveries.miscounted.count, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_are_told_the_same() {
    let installation = Installation::start().await;
    let told = installation.verify().await.to_json();
    assert_eq!(told["sound"], true, "{told:#}");
    assert_eq!(told["events"]["known"], EVENTS);
    assert_eq!(told["events"]["lost"]["count"], 0);
    assert_eq!(told["deliveries"]["states"]["delivered"], MATCHED);
    assert_eq!(told["leads"]["stuck"], Value::Array(Vec::new()));
    assert!(told["rows_read"].as_u64().unwrap() > EVENTS, "{told:#}");

    let id = installation.id_of(4).await;
    installation.forget(4).await;
    let told = installation.verify().await.to_json();
    assert_eq!(told["sound"], false, "{told:#}");
    let lost = &told["events"]["lost"];
    assert_eq!(lost["count"], 1);
    assert_eq!(lost["first"][0]["event_id"], id);
    assert_eq!(lost["first"][0]["seq"], 4);
    assert!(lost["first"].as_array().unwrap().len() <= NAMED);
}
