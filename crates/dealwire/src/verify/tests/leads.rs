//! Leads that did not become orders are named, and what to do is said.

use std::time::Duration;

use serde_json::json;
use test_support::wait_until;

use super::installation::{DEADLINE, Installation, execute};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_the_entity_service_lost_is_named_and_a_rewind_brings_it_back() {
    let installation = Installation::start().await;
    let lead = installation.add_lead().await;
    let order = installation.order_of(lead).await;
    let report = installation.verify_within(DEADLINE).await;
    assert!(report.is_sound(), "{report}");
    let text = report.to_string();
    assert!(
        text.contains("leads       1: 0 new, 0 converting, 1 converted"),
        "{text}"
    );

    let intake = installation.verification.intake.clone().unwrap();
    wait_until(DEADLINE, || async {
        let extent = intake.read(outbox::audit::extent).await.unwrap();
        extent.published_through == 1
    })
    .await;
    let entity = installation.verification.entity.clone();
    execute(&entity, "DELETE FROM inbox_events").await;
    let report = installation.verify_within(Duration::ZERO).await;
    assert!(!report.is_sound(), "{report}");
    let text = report.to_string();
    assert!(text.contains("lead.conversion_requested"), "{text}");
    let advice = "`dealwire relay rewind --service intake-service --to 0`";
    assert!(text.contains(advice), "{text}");

    intake.write(|conn| outbox::rewind(conn, 0)).await.unwrap();
    let report = installation.verify_within(DEADLINE).await;
    assert!(report.is_sound(), "{report}");
    // It was converted once and stays what it was.
    assert_eq!(installation.order_of(lead).await, order);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_that_waits_for_nothing_is_named() {
    let installation = Installation::start().await;
    let lead = installation.add_lead().await;
    installation.order_of(lead).await;
    let intake = installation.verification.intake.clone().unwrap();
    execute(&intake, "UPDATE leads SET state = 'converting'").await;
    let report = installation.verify_within(DEADLINE).await;
    assert!(!report.is_sound());
    let text = report.to_string();
    assert!(
        text.contains(&format!(
            "STUCK: 1 leads wait to become orders, and nothing is on its way:\n  lead {lead}\n"
        )),
        "{text}"
    );

    // What the report says helps.
    let path = format!("/api/v1/leads/{lead}/convert");
    installation.api.post(&path, json!({})).await.expect(200);
    let report = installation.verify_within(DEADLINE).await;
    assert!(report.is_sound(), "{report}");
}
