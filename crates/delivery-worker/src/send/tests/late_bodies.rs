//! Answers whose body comes late or never.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::*;

/// Longer than any test lasts.
const NEVER: Duration = Duration::from_secs(600);

/// A sender that hardly waits for bodies.
fn impatient() -> Sender {
    Sender::new(SendConfig {
        body_wait: Duration::from_millis(20),
        ..config()
    })
    .unwrap()
}

#[tokio::test]
async fn a_body_that_does_not_come_holds_nobody_up_and_is_not_hung_up_on() {
    let receiver = MockReceiver::start().await;
    receiver.answer_always(Scripted::stalled_body(202));
    let sender = impatient();
    for opened in 1..=3 {
        let request = request_within(&receiver.url("/hook"), NEVER);
        let sent = tokio::time::timeout(PATIENCE, sender.send(&request)).await;
        let answer = answer(sent.expect("an end before the time limit"));
        assert_eq!(answer.status, 202);
        assert!(!answer.is_body_complete);
        assert_eq!(receiver.connections(), opened, "none is used again");
    }
    assert_eq!(receiver.open_connections(), 3);
}

#[tokio::test]
async fn a_late_body_is_hung_up_on_at_the_time_limit() {
    let receiver = MockReceiver::start().await;
    receiver.answer_always(Scripted::stalled_body(200));
    let request = request_within(&receiver.url("/hook"), SHORT);
    assert!(answer(impatient().send(&request).await).is_success());
    wait_until(PATIENCE, || async { receiver.open_connections() == 0 }).await;
}

#[tokio::test]
async fn a_connection_is_used_again_once_its_late_body_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (finish, finished) = oneshot::channel();
    // Takes one connection; others would never be answered.
    let receiver = tokio::spawn(async move {
        let (mut stream, _peer) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await.unwrap();
        let first = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab";
        stream.write_all(first).await.unwrap();
        finished.await.unwrap();
        stream.write_all(b"cd").await.unwrap();
        let _ = stream.read(&mut request).await.unwrap();
        let second = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(second).await.unwrap();
        listener
    });
    let sender = impatient();
    let first = answer(sender.send(&request_within(&url, NEVER)).await);
    assert_eq!((first.status, first.body.as_ref()), (200, b"ab".as_slice()));
    assert!(!first.is_body_complete);

    finish.send(()).unwrap();
    wait_until(PATIENCE, || async {
        let sent = sender.send(&request_within(&url, SHORT)).await;
        matches!(sent.outcome, SendOutcome::Answered(answer) if answer.status == 201)
    })
    .await;
    receiver.await.unwrap();
}

#[tokio::test]
async fn of_many_late_bodies_some_are_hung_up_on() {
    let receiver = MockReceiver::start().await;
    receiver.answer_always(Scripted::stalled_body(200));
    let sender = impatient();
    let mut sending = tokio::task::JoinSet::new();
    for _ in 0..300 {
        let (sender, request) = (
            sender.clone(),
            request_within(&receiver.url("/hook"), NEVER),
        );
        sending.spawn(async move { sender.send(&request).await });
    }
    for sent in sending.join_all().await {
        assert!(answer(sent).is_success());
    }
    wait_until(PATIENCE, || async { receiver.open_connections() == 256 }).await;
}
