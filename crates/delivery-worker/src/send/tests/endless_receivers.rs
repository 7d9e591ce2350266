//! Receivers that go on and on, each with something that could be of use.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// What a receiver may take, with room for a busy machine.
const BOUND: Duration = Duration::from_secs(5);

/// A receiver that reads a request, then writes `first`, and `piece` again and again
/// until nobody listens; its URL, and how many bytes it got rid of in the end.
async fn goes_on(
    first: &'static [u8],
    piece: &'static [u8],
    pause: Option<Duration>,
) -> (String, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let written = tokio::spawn(async move {
        let (mut stream, _peer) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await.unwrap();
        let mut bytes = first;
        let mut written = 0;
        while stream.write_all(bytes).await.is_ok() {
            written += bytes.len();
            bytes = piece;
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
        written
    });
    (url, written)
}

/// Of what is written, the system's buffers on both sides take some megabytes.
const BUFFERS: usize = 16 * 1024 * 1024;

#[tokio::test]
async fn interim_answers_without_end_are_a_bad_response() {
    for piece in [
        &b"HTTP/1.1 100 Continue\r\n\r\n"[..],
        b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n",
    ] {
        let (url, written) = goes_on(piece, piece, None).await;
        let sent = sender().send(&request_within(&url, 10 * BOUND)).await;
        assert!(sent.duration < BOUND, "{:?}", sent.duration);
        assert_eq!(
            failure(sent),
            SendFailure::new(
                FailureKind::BadResponse,
                "64 KiB of interim answers and headers came, and no end of them"
            )
        );
        assert!(written.await.unwrap() < BUFFERS, "it was hung up on");
    }
}

#[tokio::test]
async fn interim_answers_that_drip_end_at_the_limit() {
    let piece = b"HTTP/1.1 102 Processing\r\n\r\n";
    let (url, written) = goes_on(piece, piece, Some(Duration::from_millis(5))).await;
    let sent = sender().send(&request_within(&url, SHORT)).await;
    assert!(sent.duration < BOUND);
    assert_eq!(failure(sent).kind, FailureKind::Timeout);
    written.await.unwrap();
}

#[tokio::test]
async fn headers_that_drip_end_at_the_limit() {
    for first in [&b"H"[..], b"HTTP/1.1 200 OK\r\n"] {
        let pause = Some(Duration::from_millis(20));
        let (url, written) = goes_on(first, b"a", pause).await;
        let sent = sender().send(&request_within(&url, SHORT)).await;
        assert!(sent.duration >= SHORT && sent.duration < BOUND);
        let failed = failure(sent);
        // A status line that is none is noticed at once.
        let kinds = [FailureKind::Timeout, FailureKind::BadResponse];
        assert!(kinds.contains(&failed.kind), "{failed}");
        written.await.unwrap();
    }
}

#[tokio::test]
async fn a_body_that_drips_ends_at_the_limit_and_changes_nothing() {
    for head in [
        &b"HTTP/1.1 200 OK\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\ncontent-encoding: gzip\r\n\r\n",
    ] {
        let (url, written) = goes_on(head, b"a", Some(Duration::from_millis(20))).await;
        let started = Instant::now();
        let sent = sender().send(&request_within(&url, SHORT)).await;
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
        let answer = answer(sent);
        assert_eq!(answer.status, 200);
        assert!(!answer.is_body_complete && !answer.body.is_empty());
        written.await.unwrap();
    }
}

#[tokio::test]
async fn a_body_that_never_stops_is_hung_up_on() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n";
    let (url, written) = goes_on(head, &[b'a'; 8192], None).await;
    let started = Instant::now();
    let sent = sender().send(&request_within(&url, 10 * BOUND)).await;
    assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    let answer = answer(sent);
    assert_eq!(answer.body, "a".repeat(4096));
    assert!(!answer.is_body_complete);
    assert!(written.await.unwrap() < BUFFERS);
}
