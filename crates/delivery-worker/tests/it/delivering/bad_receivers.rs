//! Receivers that are down, slow, rude or confused: each is an attempt on
//! record and a retry by the rules, and nothing of the worker sticks.

use std::time::Duration;

use serde_json::json;
use test_support::{Answer, MockReceiver, wait_until};

use super::events::{order_added, order_changed};
use super::site::{DEADLINE, Site, StoredAttempt, callbacks, quick, wait_for_callbacks};

/// The first answer is bad, the next is good; returns the attempt that failed.
async fn fails_once(bad: Answer) -> StoredAttempt {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    receiver.answer_next(bad);
    site.take_in(&order_added(1)).await;
    let rows = site.wait_for(1, "delivered").await;
    assert_eq!(rows[0].attempts, 2);
    let requests = callbacks(&receiver);
    assert_eq!(requests.len(), 2);
    assert_eq!(
        requests[0].header("webhook-id"),
        requests[1].header("webhook-id")
    );
    assert_eq!(requests[1].header("x-delivery-attempt"), Some("2"));
    let mut attempts = site.attempts(&rows[0].id).await;
    assert_eq!(attempts.len(), 2);
    assert_eq!((attempts[1].number, attempts[1].status), (2, Some(200)));
    worker.stop().await;
    attempts.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_error_is_retried() {
    let attempt = fails_once(Answer::status(500).body("broken")).await;
    assert_eq!(attempt.status, Some(500));
    assert_eq!(attempt.response_body.as_deref(), Some(b"broken".as_slice()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let attempt = fails_once(Answer::redirect("http://127.0.0.1:1/elsewhere")).await;
    assert_eq!(attempt.status, Some(302));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_is_retried() {
    let attempt = fails_once(Answer::raw("HTTP/1.1 2")).await;
    assert_eq!(attempt.status, None);
    assert_eq!(attempt.error_kind.as_deref(), Some("reset"));
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_retried() {
    let attempt = fails_once(Answer::raw(&b"\x00\x01\xff\xfe garbage\r\n\r\n"[..])).await;
    assert_eq!(attempt.error_kind.as_deref(), Some("bad_response"));
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_headers_are_retried() {
    let attempt = fails_once(Answer::endless_headers()).await;
    assert_eq!(attempt.status, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_after_three_seconds() {
    let attempt = fails_once(Answer::never()).await;
    assert_eq!(attempt.error_kind.as_deref(), Some("timeout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nul_bytes_are_kept_as_they_came() {
    let body = b"\x00before\x00after\xff".as_slice();
    let attempt = fails_once(Answer::status(500).body(body)).await;
    assert_eq!(attempt.response_body.as_deref(), Some(body));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_body_after_a_success_changes_nothing() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    receiver.answer_next(Answer::endless_body(200));
    site.take_in(&order_added(1)).await;
    let rows = site.wait_for(1, "delivered").await;
    assert_eq!(rows[0].attempts, 1);
    assert_eq!(callbacks(&receiver).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_come_do_not_hold_the_lane() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let config = delivery_worker::DeliveryConfig {
        webhook_concurrency: 1,
        ..quick()
    };
    let worker = site.worker_with(config).await;
    worker.webhook(&receiver).await;
    receiver.answer_always(Answer::stalled_body(200));
    // If each held its place up to the time limit, they would take two minutes.
    for id in 0..40 {
        drop(site.publish(&order_added(id)).await);
    }
    let rows = site.wait_for(40, "delivered").await;
    assert!(rows.iter().all(|row| row.attempts == 1));
    assert_eq!(callbacks(&receiver).len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_down_gets_it_when_it_is_back() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site
        .worker_with(delivery_worker::DeliveryConfig {
            retry_schedule: vec![Duration::from_millis(30); 1_000],
            ..quick()
        })
        .await;
    worker.webhook(&receiver).await;
    receiver.go_down();
    site.take_in(&order_added(1)).await;
    wait_until(DEADLINE, || async {
        let rows = site.deliveries().await;
        rows.iter().any(|row| {
            row.attempts >= 2
                && row
                    .last_error
                    .as_deref()
                    .unwrap_or_default()
                    .starts_with("connect")
        })
    })
    .await;
    receiver.come_back().await;
    site.wait_for(1, "delivered").await;
    assert_eq!(callbacks(&receiver).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_receiver_holds_nobody_else_up() {
    let site = Site::start().await;
    let (silent, healthy) = (MockReceiver::start().await, MockReceiver::start().await);
    let worker = site.worker().await;
    worker.webhook(&silent).await;
    worker.webhook(&healthy).await;
    silent.answer_always(Answer::never());
    let begun = std::time::Instant::now();
    for id in 0..200 {
        drop(site.publish(&order_added(id)).await);
    }
    wait_for_callbacks(&healthy, 200).await;
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        silent.open_connections() <= 16,
        "{}",
        silent.open_connections()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_end_with_the_schedule() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    receiver.answer_always(Answer::status(503));
    site.take_in(&order_added(1)).await;
    let rows = site.wait_for(1, "failed").await;
    assert_eq!((rows[0].attempts, rows[0].last_status), (5, Some(503)));
    assert_eq!(callbacks(&receiver).len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_may_have_a_schedule_of_its_own_and_stop_on_4xx() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker
        .webhook_with(
            &receiver,
            json!({"retry_schedule_s": [0, 0], "stop_on_4xx": true}),
        )
        .await;
    receiver.answer_next(Answer::status(500));
    receiver.answer_next(Answer::status(500));
    receiver.answer_next(Answer::status(404));
    site.take_in(&order_added(1)).await;
    let rows = site.wait_for(1, "failed").await;
    assert_eq!(rows[0].attempts, 2);
    site.take_in(&order_added(2)).await;
    let rows = site.wait_for(2, "failed").await;
    assert_eq!((rows[1].attempts, rows[1].last_status), (1, Some(404)));
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_of_one_record_come_one_at_a_time() {
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker().await;
    worker.webhook(&receiver).await;
    let pause = Duration::from_millis(60);
    receiver.answer_always(Answer::ok().delay(pause));
    for revision in 1..=6 {
        let event = order_changed(events::Action::Edit, 1, revision, "x");
        drop(site.publish(&event).await);
    }
    site.wait_for(6, "delivered").await;
    let requests = callbacks(&receiver);
    for pair in requests.windows(2) {
        assert!(pair[1].arrived_at - pair[0].arrived_at >= pause);
    }
}
