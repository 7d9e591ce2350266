//! What goes out.

use super::*;

#[tokio::test]
async fn what_is_logged_is_what_was_on_the_wire() {
    let receiver = MockReceiver::start().await;
    let request = request(&receiver.url("/in/hook?a=1&b=%20"));
    assert!(answer(sender().send(&request).await).is_success());

    let received = receiver.wait_for_requests(1).await.remove(0);
    let mut head = format!("{} {} HTTP/1.1\r\n", received.method, received.target);
    for (name, value) in &received.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let expected = format!(
        "POST /in/hook?a=1&b=%20 HTTP/1.1\r\nhost: {}\r\ncontent-length: 15\r\nuser-agent: Dealwire/test\r\nx-api-key: s3cret\r\n",
        receiver.address(),
    );
    assert_eq!(head, expected);
    assert_eq!(request.logged_head(), expected.replace("s3cret", "***"));
    assert_eq!(received.text(), "id=42&event=add");
    assert_eq!(request.body(), "id=42&event=add");
}

#[tokio::test]
async fn nobody_can_set_another_host_or_length() {
    let receiver = MockReceiver::start().await;
    let url = WebhookUrl::parse(&receiver.url("/"), &loopback_open()).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("internal"));
    headers.insert("content-length", HeaderValue::from_static("0"));
    let body = Bytes::from_static(b"body");
    let request = OutgoingRequest::new(Method::POST, url, headers, body, TIME_LIMIT);
    answer(sender().send(&request).await);

    let received = receiver.wait_for_requests(1).await.remove(0);
    let host = receiver.address().to_string();
    assert_eq!(received.header("host"), Some(host.as_str()));
    assert_eq!(received.text(), "body");
}

#[tokio::test]
async fn the_answer_is_kept_as_it_came() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(
        Scripted::status(418)
            .header("Retry-After", "120")
            .body("teapot"),
    );
    let sent = send(&receiver).await;
    assert_eq!(sent.remote, Some(receiver.address()));
    let answer = answer(sent);
    assert_eq!(answer.status, 418);
    assert!(!answer.is_success());
    assert_eq!(answer.headers["retry-after"], "120");
    assert_eq!(answer.body, "teapot");
    assert!(answer.is_body_complete);
}

#[tokio::test]
async fn a_compressed_body_is_neither_asked_for_nor_unpacked() {
    // `gzip` of a line of text.
    let packed: &[u8] = &[
        0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 0x02, 0,
        0x20, 0x30, 0x3a, 0x36, 0x06, 0, 0, 0,
    ];
    let receiver = MockReceiver::start().await;
    receiver.answer_next(
        Scripted::status(200)
            .header("Content-Encoding", "gzip")
            .body(packed),
    );
    let answer = answer(send(&receiver).await);
    assert_eq!(answer.body, packed);
    assert!(answer.is_body_complete);
    let received = receiver.wait_for_requests(1).await.remove(0);
    assert_eq!(received.header("accept-encoding"), None);
}

#[tokio::test]
async fn interim_answers_are_skipped() {
    let receiver = MockReceiver::start().await;
    receiver.answer_next(Scripted::raw(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ));
    assert_eq!(answer(send(&receiver).await).status, 204);
}
