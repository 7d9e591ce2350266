//! What the broker hands over, once, twice or broken.

use std::time::Duration;

use events::{Action, Change, PipelineChanged, PipelineId, PipelineSnapshot, Timestamp};
use test_support::{MockReceiver, wait_until};

use super::events::{event, order_added, token_revoked};
use super::site::{Condition, DEADLINE, Fault, Site, callbacks};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_again_is_delivered_once() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    let (first, second) = (order_added(1), order_added(2));
    let mut confirmations = Vec::new();
    for event in [&first, &first, &second, &first] {
        confirmations.push(site.publish(event).await);
    }
    for confirmation in confirmations {
        confirmation.await.unwrap();
    }
    // Behind all the others.
    site.take_in(&order_added(3)).await;
    site.wait_for(3, "delivered").await;
    assert_eq!(callbacks(&receiver).len(), 3);
    assert_eq!(
        site.number("SELECT count(*) AS number FROM events").await,
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_is_parked_and_holds_nothing_up() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    let before = site.publish(&order_added(1)).await;
    let broken = site
        .publish_bytes("order.add", "m-1", b"\xff\xff no event \0".to_vec())
        .await;
    let after = site.publish(&order_added(2)).await;
    for confirmation in [before, broken, after] {
        confirmation.await.unwrap();
    }
    site.wait_for(2, "delivered").await;
    let list = || site.database.read(|conn| outbox::parked::list(conn, 0, 10));
    wait_until(DEADLINE, || async { !list().await.unwrap().is_empty() }).await;
    let parked = list().await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].message_id, "m-1");
    assert_eq!(parked[0].queue, outbox::queue::DELIVERY_EVENTS);
    assert_eq!(parked[0].body, b"\xff\xff no event \0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_database_refuses_is_parked_alone() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    site.break_with(&Fault {
        before: "INSERT",
        table: "deliveries",
        when: Condition::same("new.record_id = 13"),
        message: "no",
    })
    .await;
    let mut confirmations = Vec::new();
    for id in 1..=20 {
        confirmations.push(site.publish(&order_added(id)).await);
    }
    for confirmation in confirmations {
        confirmation.await.unwrap();
    }
    site.wait_for(19, "delivered").await;
    assert_eq!(callbacks(&receiver).len(), 19);
    wait_until(DEADLINE, || async {
        site.database.read(outbox::parked::count).await.unwrap() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_kept_while_the_database_is_down() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    let fault = Fault::full_disk("INSERT", "events");
    site.break_with(&fault).await;
    let mut confirmation = Box::pin(site.publish(&order_added(1)).await);
    let early = tokio::time::timeout(Duration::from_millis(400), &mut confirmation).await;
    if site.confirms_acks() {
        assert!(early.is_err(), "acked before it was stored");
    }
    site.mend(&fault).await;
    if early.is_err() {
        confirmation.await.unwrap();
    }
    site.wait_for(1, "delivered").await;
    assert_eq!(callbacks(&receiver).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_missing_parks_nothing() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    site.execute("ALTER TABLE webhook_config RENAME TO away")
        .await;
    let confirmation = Box::pin(site.publish(&order_added(1)).await);
    let early = tokio::time::timeout(Duration::from_millis(400), confirmation).await;
    let parked = site.database.read(outbox::parked::count).await.unwrap();
    assert_eq!(parked, 0);
    site.execute("ALTER TABLE away RENAME TO webhook_config")
        .await;
    if let Ok(confirmed) = early {
        assert!(!site.confirms_acks(), "acked before it was stored");
        confirmed.unwrap();
    }
    site.wait_for(1, "delivered").await;
    assert_eq!(callbacks(&receiver).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_are_replicated_newest_revision_last() {
    let site = Site::start().await;
    let _worker = site.worker().await;
    for (revision, name) in [(1, "Продажи"), (3, "Новые продажи"), (2, "Старые продажи")]
    {
        let at = Timestamp(1_767_323_045_000_000);
        let change = Change::Pipeline(PipelineChanged {
            action: if revision == 1 {
                Action::Add
            } else {
                Action::Edit
            },
            revision,
            pipeline: PipelineSnapshot {
                id: PipelineId(5),
                name: name.to_owned(),
                position: 0,
                stages: Vec::new(),
                created_at: at,
                updated_at: at,
            },
        });
        site.take_in(&event(change)).await;
    }
    let newest = site
        .number("SELECT revision AS number FROM pipelines WHERE id = 5 AND name = 'Новые продажи'")
        .await;
    assert_eq!(newest, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_refused_here_too_and_after_a_restart() {
    let site = Site::start().await;
    let worker = site.worker().await;
    worker.api.get("/api/v1/webhooks").await.expect(200);
    drop(site.publish(&token_revoked("token")).await);
    wait_until(DEADLINE, || async {
        worker.api.get("/api/v1/webhooks").await.status == 401
    })
    .await;
    worker.stop().await;
    let again = site.worker().await;
    again.api.get("/api/v1/webhooks").await.expect(401);
}
