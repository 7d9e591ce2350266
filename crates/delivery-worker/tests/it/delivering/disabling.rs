//! Disabling is told once, and takes nothing else with it.

use std::time::Duration;

use delivery_worker::DeliveryConfig;
use serde_json::{Value, json};
use test_support::{Answer, MockReceiver, wait_until};

use super::events::order_added;
use super::site::{DEADLINE, Fault, Site, callbacks, quick, wait_for_callbacks};

/// The first failure disables.
fn strict() -> DeliveryConfig {
    DeliveryConfig {
        disable_after: Duration::ZERO,
        ..quick()
    }
}

fn listener() -> Value {
    json!({"events": ["webhook.disabled"]})
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_fail_at_once_on_two_workers_it_is_told_once() {
    let site = Site::start().await;
    let failing = MockReceiver::start().await;
    let told = MockReceiver::start().await;
    let one = site.worker_with(strict()).await;
    let other = site.worker_with(strict()).await;
    let webhook = one.webhook(&failing).await;
    other.webhook_with(&told, listener()).await;
    failing.answer_always(Answer::status(500));
    let mut taken = Vec::new();
    for id in 1..=40 {
        taken.push(site.publish(&order_added(id)).await);
    }
    for confirmation in taken {
        confirmation.await.unwrap();
    }
    wait_for_callbacks(&told, 1).await;
    let text = callbacks(&told)[0].text().to_owned();
    assert!(
        text.starts_with(&format!("id={}&", webhook["id"])),
        "{text}"
    );
    assert!(text.contains("&reason=failing&"), "{text}");
    wait_until(DEADLINE, || async {
        let waiting = "SELECT count(*) AS number FROM deliveries WHERE state = 'pending'";
        site.number(waiting).await == 40
    })
    .await;
    let events = site
        .number("SELECT count(*) AS number FROM events WHERE event_type = 'webhook.disabled'")
        .await;
    assert_eq!(events, 1);
    assert_eq!(callbacks(&told).len(), 1);
    let matched = "SELECT matched AS number FROM events WHERE event_type = 'webhook.disabled'";
    assert_eq!(site.number(matched).await, 1);
    assert_eq!(one.webhook_state(&webhook).await, "disabled");
    assert_eq!(other.webhook_state(&webhook).await, "disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_of_is_not_disabled() {
    let site = Site::start().await;
    let gone = MockReceiver::start().await;
    let told = MockReceiver::start().await;
    let worker = site.worker().await;
    let webhook = worker.webhook(&gone).await;
    worker.webhook_with(&told, listener()).await;
    gone.answer_always(Answer::status(410));
    let fault = Fault::full_disk("INSERT", "deliveries");
    site.take_in(&order_added(1)).await;
    wait_for_callbacks(&gone, 1).await;
    wait_until(DEADLINE, || async {
        worker.webhook_state(&webhook).await == "disabled"
    })
    .await;
    wait_for_callbacks(&told, 1).await;

    // The next time the announcement meets a full disk.
    site.break_with(&fault).await;
    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    worker.api.patch(&path, json!({"active": true})).await;
    let attempts = "SELECT count(*) AS number FROM attempts a JOIN deliveries d \
                    ON d.id = a.delivery_id WHERE d.origin = 'event' AND a.status = 410";
    wait_for_callbacks(&gone, 2).await;
    assert_eq!(site.number(attempts).await, 1);
    assert_ne!(worker.webhook_state(&webhook).await, "disabled");
    site.mend(&fault).await;
    wait_until(DEADLINE, || async {
        worker.webhook_state(&webhook).await == "disabled"
    })
    .await;
    wait_for_callbacks(&told, 2).await;
}
