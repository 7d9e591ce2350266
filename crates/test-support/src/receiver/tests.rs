//! The receiver is what other tests trust, so it is tested by hand-written
//! bytes.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

async fn exchange(receiver: &MockReceiver, bytes: &str) -> String {
    let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn keeps_requests_and_answers_by_script() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Answer::status(503).header("Retry-After", "7"));
    receiver.answer_next(Answer::ok().close());
    let answer = exchange(
        &receiver,
        "POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 3\r\n\r\nabc\
         PUT /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n",
    )
    .await;
    assert_eq!(
        answer,
        "HTTP/1.1 503 Scripted\r\nRetry-After: 7\r\ncontent-length: 0\r\n\r\n\
         HTTP/1.1 200 Scripted\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
    );

    let requests = receiver.wait_for_requests(2).await;
    assert_eq!(requests[0].method, "POST");
    assert_eq!(requests[0].target, "/a?b=c");
    let headers: Vec<(&str, &str)> = requests[0]
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let expected = [
        ("Host", "x"),
        ("X-One", "1"),
        ("x-one", "2"),
        ("Content-Length", "3"),
    ];
    assert_eq!(headers, expected);
    assert_eq!(requests[0].text(), "abc");
    assert_eq!(requests[1].text(), "def");
    assert!(requests[0].arrived_at <= requests[1].arrived_at);
    assert_eq!((requests[0].connection, requests[1].connection), (1, 1));
}

#[tokio::test]
async fn raw_bytes_replace_the_answer() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Answer::raw("gar\0bage"));
    assert_eq!(
        exchange(&receiver, "GET / HTTP/1.1\r\n\r\n").await,
        "gar\0bage"
    );
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Answer::reset());
    let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn goes_down_and_comes_back_on_the_same_port() {
    let receiver = MockReceiver::start().await;
    let mut open = TcpStream::connect(receiver.address()).await.unwrap();
    receiver.go_down();
    drop(open.read_to_end(&mut Vec::new()).await);
    crate::wait_until(PATIENCE, || async {
        TcpStream::connect(receiver.address()).await.is_err()
    })
    .await;

    receiver.come_back().await;
    receiver.answer_next(Answer::status(204).close());
    let answer = exchange(&receiver, "GET / HTTP/1.1\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
}
