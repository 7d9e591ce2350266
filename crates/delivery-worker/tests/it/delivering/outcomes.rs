//! What outcomes do to webhooks, and what becomes of outcomes that the
//! database refuses.

use std::time::{Duration, Instant};

use delivery_worker::DeliveryConfig;
use serde_json::json;
use test_support::{Answer, MockReceiver, wait_until};

use super::events::order_added;
use super::site::{Condition, DEADLINE, Fault, Site, callbacks, quick, wait_for_callbacks};

#[tokio::test(flavor = "multi_thread")]
async fn gone_disables_the_webhook_and_its_deliveries_wait() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    let webhook = worker.webhook(&receiver).await;
    receiver.answer_next(Answer::status(410));
    site.take_in(&order_added(1)).await;
    wait_until(DEADLINE, || async {
        worker.webhook_state(&webhook).await == "disabled"
    })
    .await;

    site.take_in(&order_added(2)).await;
    let rows = site.wait_for(2, "pending").await;
    assert_eq!((rows[0].attempts, rows[0].last_status), (1, Some(410)));
    assert_eq!(rows[1].attempts, 0);
    assert_eq!(callbacks(&receiver).len(), 1);

    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    let answer = worker.api.patch(&path, json!({"active": true})).await;
    assert_eq!(answer.expect(200).json()["state"], "active");
    site.wait_for(2, "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_fails_for_too_long_is_disabled() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let config = DeliveryConfig {
        retry_schedule: vec![Duration::from_millis(20); 1_000],
        disable_after: Duration::from_millis(300),
        ..quick()
    };
    let worker = site.worker_with(config).await;
    let webhook = worker.webhook(&receiver).await;
    receiver.answer_always(Answer::status(500));
    let begun = Instant::now();
    site.take_in(&order_added(1)).await;
    wait_until(DEADLINE, || async {
        worker.webhook_state(&webhook).await == "disabled"
    })
    .await;
    assert!(begun.elapsed() >= Duration::from_millis(300));
    let rows = site.wait_for(1, "pending").await;
    assert!(rows[0].attempts >= 2, "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_in_between_starts_the_time_anew() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    receiver.answer_next(Answer::status(500));
    site.take_in(&order_added(1)).await;
    site.wait_for(1, "delivered").await;
    let failing = site
        .number("SELECT count(first_failure_at_us) AS number FROM webhook_lanes")
        .await;
    assert_eq!(failing, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_pauses_the_whole_webhook() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    receiver.answer_next(Answer::status(503).header("retry-after", "2"));
    let begun = Instant::now();
    site.take_in(&order_added(1)).await;
    wait_until(DEADLINE, || async {
        site.number("SELECT count(paused_until_us) AS number FROM webhook_lanes")
            .await
            == 1
    })
    .await;
    for id in 2..=20 {
        site.take_in(&order_added(id)).await;
    }
    site.wait_for(20, "delivered").await;
    assert!(
        begun.elapsed() >= Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(callbacks(&receiver).len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_starts_once_the_receiver_has_asked_for_a_pause() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let config = DeliveryConfig {
        webhook_concurrency: 1,
        retry_schedule: vec![Duration::ZERO; 20],
        ..quick()
    };
    let worker = site.worker_with(config).await;
    worker.webhook(&receiver).await;
    receiver.answer_always(Answer::status(429).header("retry-after", "600"));
    for id in 1..=30 {
        drop(site.publish(&order_added(id)).await);
    }
    wait_until(DEADLINE, || async {
        site.number("SELECT count(paused_until_us) AS number FROM webhook_lanes")
            .await
            == 1
    })
    .await;
    site.wait_for(30, "pending").await;
    // What waited to be sent was given back.
    let claimed = "SELECT count(*) AS number FROM deliveries WHERE worker_id IS NOT NULL";
    wait_until(DEADLINE, || async { site.number(claimed).await == 0 }).await;
    assert_eq!(callbacks(&receiver).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_expires_unsent() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let config = DeliveryConfig {
        retry_schedule: vec![Duration::ZERO, Duration::from_millis(400)],
        expire_after: Duration::from_millis(100),
        ..quick()
    };
    let worker = site.worker_with(config).await;
    worker.webhook(&receiver).await;
    receiver.answer_always(Answer::status(500));
    site.take_in(&order_added(1)).await;
    let rows = site.wait_for(1, "expired").await;
    assert_eq!(rows[0].attempts, 1);
    assert_eq!(
        rows[0].last_error.as_deref(),
        Some("it was too old to be sent")
    );
    assert_eq!(callbacks(&receiver).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_webhook_drops_what_it_still_had_to_send() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let config = DeliveryConfig {
        retry_schedule: vec![Duration::ZERO, Duration::from_secs(3_600)],
        ..quick()
    };
    let worker = site.worker_with(config).await;
    let webhook = worker.webhook(&receiver).await;
    receiver.answer_always(Answer::status(500));
    site.take_in(&order_added(1)).await;
    wait_until(DEADLINE, || async {
        site.deliveries().await.iter().any(|row| row.attempts == 1)
    })
    .await;
    let path = format!("/api/v1/webhooks/{}", webhook["id"]);
    worker.api.delete(&path).await.expect(204);
    site.wait_for(1, "dropped").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_is_refused_is_recorded_without_its_bodies() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    site.break_with(&Fault {
        before: "UPDATE",
        table: "deliveries",
        when: Condition {
            sqlite: "instr(new.first_answer, 'poison')",
            postgres: "position('poison'::bytea in new.first_answer) > 0",
        },
        message: "no",
    })
    .await;
    for id in 1..=30 {
        let body = if id == 17 { "poison" } else { "fine" };
        receiver.answer_next(Answer::ok().body(body));
    }
    for id in 1..=30 {
        drop(site.publish(&order_added(id)).await);
    }
    let rows = site.wait_for(30, "delivered").await;
    assert_eq!(callbacks(&receiver).len(), 30, "none was sent twice");
    let mut without_bodies = 0;
    for row in rows {
        let attempts = worker.logged_attempts(&row.id).await;
        assert_eq!(attempts.len(), 1);
        assert_eq!(attempts[0]["outcome"], "success");
        without_bodies += usize::from(attempts[0]["request"].is_null());
    }
    assert_eq!(without_bodies, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_more_is_sent_while_outcomes_cannot_be_recorded() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    let fault = Fault::full_disk("UPDATE OF state", "deliveries");
    site.break_with(&fault).await;
    site.take_in(&order_added(1)).await;
    wait_for_callbacks(&receiver, 1).await;
    // The recorder has met the fault once its first try has had time to fail.
    wait_until(DEADLINE, || async {
        for id in 0..4 {
            site.take_in(&order_added(100 + id)).await;
        }
        callbacks(&receiver).len() + 16 < site.deliveries().await.len()
    })
    .await;
    let stored = site.deliveries().await.len();
    site.mend(&fault).await;
    site.wait_for(stored, "delivered").await;
    assert_eq!(callbacks(&receiver).len(), stored, "none was sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_fail_leave_nothing_stuck() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    let fault = Fault {
        when: Condition::same("new.worker_id IS NOT NULL"),
        ..Fault::full_disk("UPDATE OF worker_id", "deliveries")
    };
    site.break_with(&fault).await;
    for _ in 0..20 {
        receiver.answer_next(Answer::status(500));
    }
    let mut confirmations = Vec::new();
    for id in 0..20 {
        confirmations.push(site.publish(&order_added(id)).await);
    }
    for confirmation in confirmations {
        confirmation.await.unwrap();
    }
    let before = site
        .number("SELECT coalesce(max(started_at_us), 0) AS number FROM workers")
        .await;
    wait_until(DEADLINE, || async {
        let started = "SELECT coalesce(max(started_at_us), 0) AS number FROM workers";
        site.number(started).await > before
    })
    .await;
    site.mend(&fault).await;
    site.wait_for(20, "delivered").await;
    assert_eq!(callbacks(&receiver).len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_whose_event_is_gone_says_so() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let config = DeliveryConfig {
        retry_schedule: vec![Duration::ZERO, Duration::from_secs(3)],
        ..quick()
    };
    let worker = site.worker_with(config).await;
    worker.webhook(&receiver).await;
    receiver.answer_always(Answer::status(500));
    site.take_in(&order_added(1)).await;
    // Between the first attempt and the second.
    wait_for_callbacks(&receiver, 1).await;
    site.execute("DELETE FROM event_bodies").await;
    let rows = site.wait_for(1, "failed").await;
    assert_eq!(
        rows[0].last_error.as_deref(),
        Some("its event is no longer stored")
    );
    assert_eq!(callbacks(&receiver).len(), 1);
}
