//! What was lost or altered is named, and what to do is said.

use super::installation::{DEADLINE, EVENTS, Installation, MATCHED};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_the_worker_lost_is_named_and_a_rewind_brings_it_back() {
    let installation = Installation::start().await;
    let id = installation.id_of(4).await;
    installation.forget(4).await;

    let report = installation.verify().await;
    assert!(!report.is_sound());
    assert_eq!(report.events.known, EVENTS - 1);
    assert_eq!(report.unaccounted().len(), 1);
    let text = report.to_string();
    assert!(text.contains("1 lost"), "{text}");
    assert!(text.contains(&format!("seq 4 order.edit {id}")), "{text}");
    assert!(text.contains("`dealwire relay rewind --to 3`"), "{text}");

    let entity = &installation.verification.entity;
    entity.write(|conn| outbox::rewind(conn, 3)).await.unwrap();
    let report = installation.verify_within(DEADLINE).await;
    assert!(report.is_sound(), "{report}");
    assert!(report.waiting().is_empty(), "{report}");
    assert_eq!(report.deliveries.matched, MATCHED);
    assert_eq!(report.deliveries.rows, MATCHED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_event_is_missed_in_its_record_s_history() {
    let installation = Installation::start().await;
    let id = installation.id_of(3).await;
    installation
        .damage_deliveries("DELETE FROM events WHERE seq = 3")
        .await;
    let report = installation.verify().await;
    assert!(!report.is_sound());
    assert_eq!(report.events.breaks.count, 1);
    assert_eq!(report.events.breaks.first[0].expected, 2);
    assert_eq!(report.events.breaks.first[0].revision, 3);
    let text = report.to_string();
    assert!(text.contains("may be what is missing"), "{text}");
    // Its delivery is still there.
    assert_eq!(report.deliveries.orphans.count, 1);
    assert!(text.contains(&format!("\n  {id}\n")), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_without_an_event_is_missed_in_its_record_s_history() {
    let installation = Installation::start().await;
    installation
        .damage_deliveries("UPDATE events SET revision = 7 WHERE seq = 4")
        .await;
    let report = installation.verify().await;
    assert!(!report.is_sound());
    let text = report.to_string();
    assert!(text.contains("seq 4 order.edit of record 1: revision 7, expected 3"));
    assert!(text.contains("Changes are missing in the outbox"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_was_removed_is_missed() {
    let installation = Installation::start().await;
    let id = installation.id_of(4).await;
    installation
        .damage_deliveries(
            "DELETE FROM deliveries WHERE event_id IN \
             (SELECT event_id FROM events WHERE seq = 4)",
        )
        .await;
    let report = installation.verify().await;
    assert!(!report.is_sound());
    assert!(report.unaccounted().is_empty());
    assert_eq!(report.deliveries.matched, MATCHED);
    assert_eq!(report.deliveries.rows, MATCHED - 1);
    let text = report.to_string();
    let named = format!("seq 4 {id}: 1 matched, 0 rows");
    assert!(text.contains(&named), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_in_the_outbox_is_named() {
    let installation = Installation::start().await;
    let id = installation.id_of(4).await;
    installation
        .damage_outbox("DELETE FROM outbox_events WHERE seq IN (4, 8, 9)")
        .await;
    let report = installation.verify().await;
    assert!(!report.is_sound());
    assert_eq!(report.events.gaps.count, 2);
    let text = report.to_string();
    assert!(text.contains("  4 to 4\n  8 to 9\n"), "{text}");
    // The worker has what the outbox lost.
    assert_eq!(report.deliveries.strangers.count, 3);
    assert!(text.contains(&format!("seq 4 {id}\n")), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_the_outbox_is_missed_too() {
    let installation = Installation::start().await;
    installation
        .damage_outbox("DELETE FROM outbox_events WHERE seq > 17")
        .await;
    let report = installation.verify().await;
    assert!(!report.is_sound());
    assert!(report.to_string().contains("  18 to 19\n"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outbox_that_was_set_back_does_not_know_what_the_worker_knows() {
    let installation = Installation::start().await;
    let id = installation.id_of(4).await;
    installation
        .damage_deliveries("UPDATE events SET seq = 5 WHERE seq = 4")
        .await;
    let report = installation.verify().await;
    assert!(!report.is_sound());
    assert_eq!(report.deliveries.strangers.count, 1);
    let text = report.to_string();
    assert!(text.contains(&format!("seq 5 {id}\n")), "{text}");
}
