//! Receivers that misbehave.

use super::*;

#[tokio::test]
async fn down_then_back() {
    let receiver = MockReceiver::start().await;
    receiver.go_down();
    wait_until(PATIENCE, || async {
        tokio::net::TcpStream::connect(receiver.address())
            .await
            .is_err()
    })
    .await;

    let sender = sender();
    let request = request(&receiver.url("/hook"));
    let failed = failure(sender.send(&request).await);
    assert_eq!(failed.kind, FailureKind::Connect);
    assert!(failed.detail.contains("refused"), "{failed}");

    receiver.come_back().await;
    assert!(answer(sender.send(&request).await).is_success());
}

#[tokio::test]
async fn too_slow_is_dropped_at_the_limit() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Scripted::ok().delay(Duration::from_secs(60)));
    receiver.answer_next(Scripted::never());
    for _ in 0..2 {
        let request = request_within(&receiver.url("/hook"), SHORT);
        let sent = sender().send(&request).await;
        assert!(sent.duration >= SHORT && sent.duration < SHORT + TIME_LIMIT);
        assert_eq!(
            failure(sent),
            SendFailure::new(
                FailureKind::Timeout,
                "no complete status line and headers came within 0.3 s"
            )
        );
    }
    wait_until(PATIENCE, || async { receiver.open_connections() == 0 }).await;
}

#[tokio::test]
async fn slow_but_in_time_is_fine() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Scripted::ok().delay(Duration::from_millis(50)));
    assert!(answer(send(&receiver).await).is_success());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = MockReceiver::start().await;
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Scripted::redirect(&target.url("/elsewhere")));
    let answer = answer(send(&receiver).await);
    assert_eq!(answer.status, 302);
    assert!(!answer.is_success());
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn resets_and_hang_ups_are_not_retried_on_a_fresh_connection() {
    for reaction in [Scripted::reset(), Scripted::hang_up()] {
        let receiver = MockReceiver::start().await;
        receiver.answer_next(reaction);
        assert_eq!(
            failure(send(&receiver).await),
            SendFailure::new(
                FailureKind::Reset,
                "the connection was closed without an answer"
            )
        );
        assert_eq!(receiver.requests().len(), 1);
    }
}

#[tokio::test]
async fn closed_on_accept() {
    let receiver = MockReceiver::start().await;
    receiver.close_on_accept(true);
    assert_eq!(failure(send(&receiver).await).kind, FailureKind::Reset);
}

#[tokio::test]
async fn closed_in_the_middle_of_the_headers() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Scripted::raw("HTTP/1.1 200 OK\r\nx-"));
    let failed = failure(send(&receiver).await);
    assert_eq!(failed.kind, FailureKind::Reset);
    assert!(failed.detail.contains("in the middle"), "{failed}");
}

#[tokio::test]
async fn what_is_not_http_is_a_bad_response() {
    for bytes in [
        &b"\x16\x03\x01\x02\x00 not http at all\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\0\0\0\0\0\0\0\0",
        b"HTTP/1.1 999999 Many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-nul: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
    ] {
        let receiver = MockReceiver::start().await;
        receiver.answer_next(Scripted::raw(bytes));
        let failed = failure(send(&receiver).await);
        assert_eq!(failed.kind, FailureKind::BadResponse, "{bytes:?}: {failed}");
    }
}

#[tokio::test]
async fn headers_without_end_are_a_bad_response() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Scripted::endless_headers());
    let failed = failure(send(&receiver).await);
    assert_eq!(failed.kind, FailureKind::BadResponse, "{failed}");

    let long = format!("HTTP/1.1 200 OK\r\nx-long: {}", "x".repeat(100_000));
    receiver.answer_next(Scripted::raw(long));
    let failed = failure(send(&receiver).await);
    assert_eq!(failed.kind, FailureKind::BadResponse, "{failed}");
}

#[tokio::test]
async fn an_endless_body_is_cut_off_early() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Scripted::endless_body(200));
    let sender = sender();
    let request = request_within(&receiver.url("/hook"), Duration::from_secs(600));
    let answer = answer(sender.send(&request).await);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, "x".repeat(4096));
    assert!(!answer.is_body_complete);
    wait_until(PATIENCE, || async { receiver.open_connections() == 0 }).await;
}

#[tokio::test]
async fn a_body_that_stalls_after_a_2xx_changes_nothing() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Scripted::stalled_body(202));
    let sender = sender();
    let sent = sender
        .send(&request_within(&receiver.url("/hook"), SHORT))
        .await;
    assert!(
        sent.duration < SHORT,
        "the wait for the body is not counted"
    );
    let stalled = answer(sent);
    assert_eq!(stalled.status, 202);
    assert!(!stalled.is_body_complete);

    assert!(answer(sender.send(&request(&receiver.url("/hook"))).await).is_success());
    assert_eq!(
        receiver.connections(),
        2,
        "the stalled one is not used again"
    );
}

#[tokio::test]
async fn a_body_that_breaks_off_after_a_2xx_changes_nothing() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Scripted::reset_after_status(200));
    let answer = answer(send(&receiver).await);
    assert_eq!(answer.status, 200);
    assert!(!answer.is_body_complete);
}

#[tokio::test]
async fn a_slow_body_is_read_to_its_end() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Scripted::slow_body(200, "ab", 3, Duration::from_millis(5)));
    let answer = answer(send(&receiver).await);
    assert_eq!(answer.body, "ababab");
    assert!(answer.is_body_complete);
}

#[tokio::test]
async fn nul_and_other_bytes_in_a_body_are_kept() {
    let receiver = MockReceiver::start().await;
    let bytes: Vec<u8> = (0..=255).collect();
    receiver.answer_next(Scripted::status(500).body(bytes.clone()));
    assert_eq!(answer(send(&receiver).await).body, bytes);
}

#[tokio::test]
async fn of_a_long_body_the_first_4_kib_are_kept() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Scripted::status(200).body(vec![b'y'; 10_000]));
    let sender = sender();
    let request = request(&receiver.url("/hook"));
    let long = answer(sender.send(&request).await);
    assert_eq!(long.body, "y".repeat(4096));
    assert!(!long.is_body_complete);

    answer(sender.send(&request).await);
    assert_eq!(receiver.connections(), 1, "it was read to its end");
}
