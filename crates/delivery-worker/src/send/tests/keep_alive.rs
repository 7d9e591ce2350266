//! Connections that are used again.

use super::*;

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let receiver = MockReceiver::start().await;
    let sender = sender();
    for path in ["/a", "/b", "/c"] {
        answer(sender.send(&request(&receiver.url(path))).await);
    }
    let used: Vec<u64> = receiver.requests().iter().map(|r| r.connection).collect();
    assert_eq!(used, [1, 1, 1]);
}

#[tokio::test]
async fn a_reused_connection_that_dies_is_replaced_once() {
    let receiver = MockReceiver::start().await;
    let sender = sender();
    let request = request(&receiver.url("/hook"));
    for death in [Scripted::reset(), Scripted::hang_up()] {
        let before = receiver.requests().len();
        receiver.answer_next(Scripted::ok());
        receiver.answer_next(death);
        receiver.answer_next(Scripted::status(201));
        answer(sender.send(&request).await);
        assert_eq!(answer(sender.send(&request).await).status, 201);
        assert_eq!(receiver.requests().len(), before + 3);
    }
}

#[tokio::test]
async fn the_replacement_is_not_replaced() {
    let receiver = MockReceiver::start().await;
    let sender = sender();
    let request = request(&receiver.url("/hook"));
    receiver.answer_next(Scripted::ok());
    receiver.answer_next(Scripted::reset());
    receiver.answer_next(Scripted::reset());
    answer(sender.send(&request).await);
    assert_eq!(
        failure(sender.send(&request).await).kind,
        FailureKind::Reset
    );
    assert_eq!(receiver.requests().len(), 3);
}

#[tokio::test]
async fn a_reused_connection_that_answers_badly_is_not_retried() {
    let receiver = MockReceiver::start().await;
    let sender = sender();
    let request = request(&receiver.url("/hook"));
    receiver.answer_next(Scripted::ok());
    receiver.answer_next(Scripted::raw("HTTP/1.1 2"));
    answer(sender.send(&request).await);
    assert_eq!(
        failure(sender.send(&request).await).kind,
        FailureKind::Reset
    );
    assert_eq!(receiver.requests().len(), 2);
}

#[tokio::test]
async fn a_restarted_receiver_costs_no_attempt() {
    let receiver = MockReceiver::start().await;
    let sender = sender();
    let request = request(&receiver.url("/hook"));
    answer(sender.send(&request).await);
    receiver.come_back().await;
    assert!(answer(sender.send(&request).await).is_success());
}

#[tokio::test]
async fn connections_that_shall_close_are_not_kept() {
    let receiver = MockReceiver::start().await;
    let sender = sender();
    let request = request(&receiver.url("/hook"));
    receiver.answer_next(Scripted::ok().close());
    receiver.answer_next(Scripted::raw(
        "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    ));
    for expected in 1..=3 {
        assert!(answer(sender.send(&request).await).is_success());
        assert_eq!(receiver.connections(), expected);
    }
}

#[tokio::test]
async fn idle_connections_are_limited_and_closed() {
    let receiver = MockReceiver::start().await;
    receiver.answer_always(Scripted::ok().delay(Duration::from_millis(100)));
    let sender = Sender::new(SendConfig {
        idle_per_address: 2,
        idle_timeout: Duration::from_millis(400),
        ..config()
    })
    .unwrap();
    let request = request(&receiver.url("/hook"));
    let send = || async { answer(sender.send(&request).await) };
    tokio::join!(send(), send(), send(), send());
    assert_eq!(receiver.connections(), 4);
    wait_until(PATIENCE, || async { receiver.open_connections() == 2 }).await;
    wait_until(PATIENCE, || async { receiver.open_connections() == 0 }).await;
}

#[tokio::test]
async fn no_idle_connection_is_kept_beyond_the_limit_in_all() {
    let receivers = [MockReceiver::start().await, MockReceiver::start().await];
    let sender = Sender::new(SendConfig {
        idle_in_all: 1,
        ..config()
    })
    .unwrap();
    for receiver in &receivers {
        answer(sender.send(&request(&receiver.url("/hook"))).await);
    }
    wait_until(PATIENCE, || async { receivers[1].open_connections() == 0 }).await;
    assert_eq!(receivers[0].open_connections(), 1);
}
