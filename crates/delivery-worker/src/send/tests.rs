//! Receivers that answer well, badly and not at all.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{HeaderMap, HeaderValue};
use test_support::{Answer as Scripted, MockDns, MockReceiver, wait_until};

use super::*;

/// For attempts that are meant to run out of time.
const SHORT: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(10);

fn loopback_open() -> AddressPolicy {
    AddressPolicy {
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        https_only: false,
    }
}

fn config() -> SendConfig {
    SendConfig {
        policy: loopback_open(),
        ..SendConfig::default()
    }
}

fn sender() -> Sender {
    Sender::new(config()).unwrap()
}

fn request_within(url: &str, time_limit: Duration) -> OutgoingRequest {
    let url = WebhookUrl::parse(url, &loopback_open()).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", HeaderValue::from_static("Dealwire/test"));
    let mut key = HeaderValue::from_static("s3cret");
    key.set_sensitive(true);
    headers.insert("x-api-key", key);
    let body = Bytes::from_static(b"id=42&event=add");
    OutgoingRequest::new(Method::POST, url, headers, body, time_limit)
}

fn request(url: &str) -> OutgoingRequest {
    request_within(url, TIME_LIMIT)
}

#[track_caller]
fn answer(sent: Sent) -> Answer {
    match sent.outcome {
        SendOutcome::Answered(answer) => answer,
        SendOutcome::Failed(failure) => panic!("no answer: {failure}"),
    }
}

#[track_caller]
fn failure(sent: Sent) -> SendFailure {
    match sent.outcome {
        SendOutcome::Failed(failure) => failure,
        SendOutcome::Answered(answer) => panic!("an answer: {answer:?}"),
    }
}

async fn send(receiver: &MockReceiver) -> Sent {
    sender().send(&request(&receiver.url("/hook"))).await
}

mod requests {
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
    async fn interim_answers_are_skipped() {
        let receiver = MockReceiver::start().await;
        receiver.answer_next(Scripted::raw(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        ));
        assert_eq!(answer(send(&receiver).await).status, 204);
    }
}

mod bad_receivers {
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
}

mod keep_alive {
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
}

mod addresses {
    use super::*;

    #[tokio::test]
    async fn a_blocked_address_is_never_connected_to() {
        let receiver = MockReceiver::start().await;
        let request = request(&receiver.url("/hook"));
        let sender = Sender::new(SendConfig::default()).unwrap();
        let sent = sender.send(&request).await;
        assert_eq!(sent.remote, None);
        assert_eq!(
            failure(sent),
            SendFailure::new(FailureKind::Blocked, "127.0.0.1 is a loopback address")
        );
        assert!(sender.check(request.url()).await.is_err());
        assert_eq!(receiver.connections(), 0);
    }

    #[tokio::test]
    async fn plain_http_is_blocked_where_only_tls_is_allowed() {
        let receiver = MockReceiver::start().await;
        let sender = Sender::new(SendConfig {
            policy: AddressPolicy {
                https_only: true,
                ..loopback_open()
            },
            ..config()
        })
        .unwrap();
        let failed = failure(sender.send(&request(&receiver.url("/hook"))).await);
        assert_eq!(failed.kind, FailureKind::Blocked);
        assert_eq!(receiver.connections(), 0);
    }

    async fn with_dns() -> (MockDns, Sender) {
        let dns = MockDns::start().await;
        let sender = Sender::new(SendConfig {
            name_servers: vec![dns.address()],
            ..config()
        })
        .unwrap();
        (dns, sender)
    }

    #[tokio::test]
    async fn one_bad_address_blocks_the_name() {
        let (dns, sender) = with_dns().await;
        let receiver = MockReceiver::start().await;
        for (name, bad) in [
            ("a.example", "10.0.0.1"),
            ("b.example", "169.254.169.254"),
            ("c.example", "::1"),
            ("d.example", "::ffff:192.168.0.1"),
        ] {
            let addresses = [receiver.address().ip(), bad.parse().unwrap()];
            dns.set(name, &addresses, 60);
            let request = request(&receiver.url_at(name, "/hook"));
            let failed = failure(sender.send(&request).await);
            assert_eq!(failed.kind, FailureKind::Blocked, "{name}: {failed}");
            let refusal = sender.check(request.url()).await.unwrap_err();
            assert_eq!(refusal.address, addresses[1]);
        }
        assert_eq!(receiver.connections(), 0);
    }

    #[tokio::test]
    async fn the_next_address_is_tried_if_one_refuses() {
        let (dns, sender) = with_dns().await;
        let receiver = MockReceiver::start().await;
        let addresses = ["127.0.0.9".parse().unwrap(), receiver.address().ip()];
        dns.set("a.example", &addresses, 60);
        let sent = sender
            .send(&request(&receiver.url_at("a.example", "/hook")))
            .await;
        assert_eq!(sent.remote, Some(receiver.address()));
        assert!(answer(sent).is_success());
        let host = format!("a.example:{}", receiver.address().port());
        assert_eq!(receiver.requests()[0].header("host"), Some(host.as_str()));
    }

    #[tokio::test]
    async fn one_lookup_serves_all_who_wait_and_those_after() {
        let (dns, sender) = with_dns().await;
        let receiver = MockReceiver::start().await;
        dns.set("a.example", &[receiver.address().ip()], 60);
        dns.delay(Duration::from_millis(50));
        let request = request(&receiver.url_at("a.example", "/hook"));
        let send = || async { answer(sender.send(&request).await) };
        tokio::join!(send(), send(), send(), send());
        send().await;
        assert_eq!(dns.queries("a.example"), 1);
        assert_eq!(receiver.requests().len(), 5);
    }

    #[tokio::test]
    async fn an_unknown_name_fails_until_it_is_known() {
        let (dns, sender) = with_dns().await;
        let receiver = MockReceiver::start().await;
        let request = request(&receiver.url_at("late.example", "/hook"));
        assert_eq!(
            failure(sender.send(&request).await),
            SendFailure::new(FailureKind::Dns, "the name does not exist")
        );
        assert_eq!(sender.check(request.url()).await, Ok(()));
        assert_eq!(dns.queries("late.example"), 1, "the failure is remembered");

        dns.set("late.example", &[receiver.address().ip()], 60);
        wait_until(PATIENCE, || async {
            matches!(
                sender.send(&request).await.outcome,
                SendOutcome::Answered(_)
            )
        })
        .await;
    }

    #[tokio::test]
    async fn a_name_is_looked_up_again_when_its_time_is_over() {
        let (dns, sender) = with_dns().await;
        let old = MockReceiver::start().await;
        dns.set("moving.example", &[old.address().ip()], 0);
        let request = request(&old.url_at("moving.example", "/hook"));
        answer(sender.send(&request).await);

        dns.set("moving.example", &["10.0.0.1".parse().unwrap()], 0);
        wait_until(PATIENCE, || async {
            matches!(
                sender.send(&request).await.outcome,
                SendOutcome::Failed(failure) if failure.kind == FailureKind::Blocked
            )
        })
        .await;
    }

    #[tokio::test]
    async fn a_slow_lookup_fails_one_attempt_and_serves_the_next() {
        let (dns, sender) = with_dns().await;
        let receiver = MockReceiver::start().await;
        dns.set("slow.example", &[receiver.address().ip()], 60);
        dns.delay(2 * SHORT);
        let url = receiver.url_at("slow.example", "/hook");
        assert_eq!(
            failure(sender.send(&request_within(&url, SHORT)).await),
            SendFailure::new(
                FailureKind::Timeout,
                "the name was not looked up within 0.3 s"
            )
        );
        assert!(answer(sender.send(&request(&url)).await).is_success());
    }

    #[tokio::test]
    async fn a_silent_name_server_is_a_failed_attempt() {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let sender = Sender::new(SendConfig {
            name_servers: vec![socket.local_addr().unwrap()],
            ..config()
        })
        .unwrap();
        let request = request_within("http://a.example/", SHORT);
        let failed = failure(sender.send(&request).await);
        assert_eq!(failed.kind, FailureKind::Timeout);
    }
}

mod tls {
    use tokio::io::AsyncWriteExt;

    use super::*;

    async fn names_to(receiver: &MockReceiver, trusted: bool) -> (MockDns, Sender) {
        let dns = MockDns::start().await;
        for name in ["crm.example", "other.example"] {
            dns.set(name, &[receiver.address().ip()], 60);
        }
        let sender = Sender::new(SendConfig {
            name_servers: vec![dns.address()],
            extra_ca_pem: if trusted {
                vec![receiver.ca_pem().to_owned()]
            } else {
                Vec::new()
            },
            ..config()
        })
        .unwrap();
        (dns, sender)
    }

    #[tokio::test]
    async fn a_trusted_certificate_of_the_right_name() {
        let receiver = MockReceiver::start_tls(&["crm.example", "127.0.0.1"]).await;
        let (_dns, sender) = names_to(&receiver, true).await;
        for _ in 0..2 {
            let request = request(&receiver.url_at("crm.example", "/hook"));
            assert!(answer(sender.send(&request).await).is_success());
        }
        assert_eq!(receiver.connections(), 1);
        assert!(answer(sender.send(&request(&receiver.url("/hook"))).await).is_success());
        assert_eq!(
            receiver.connections(),
            2,
            "another name, another connection"
        );
    }

    #[tokio::test]
    async fn an_unknown_authority_is_refused() {
        let receiver = MockReceiver::start_tls(&["crm.example"]).await;
        let (_dns, sender) = names_to(&receiver, false).await;
        let request = request(&receiver.url_at("crm.example", "/hook"));
        let failed = failure(sender.send(&request).await);
        assert_eq!(failed.kind, FailureKind::Tls);
        assert!(failed.detail.contains("UnknownIssuer"), "{failed}");
        assert!(receiver.requests().is_empty());
    }

    #[tokio::test]
    async fn a_certificate_of_another_name_is_refused() {
        let receiver = MockReceiver::start_tls(&["crm.example"]).await;
        let (_dns, sender) = names_to(&receiver, true).await;
        let request = request(&receiver.url_at("other.example", "/hook"));
        assert_eq!(failure(sender.send(&request).await).kind, FailureKind::Tls);
        assert!(receiver.requests().is_empty());
    }

    #[tokio::test]
    async fn a_receiver_that_speaks_no_tls() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/hook", listener.local_addr().unwrap());
        let receiver = async {
            let (mut stream, _peer) = listener.accept().await.unwrap();
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
            stream
        };
        let sender = sender();
        let request = request(&url);
        let (sent, _stream) = tokio::join!(sender.send(&request), receiver);
        assert_eq!(failure(sent).kind, FailureKind::Tls);
    }

    #[tokio::test]
    async fn a_reused_connection_that_dies_is_replaced_once() {
        let receiver = MockReceiver::start_tls(&["crm.example"]).await;
        let (_dns, sender) = names_to(&receiver, true).await;
        let request = request(&receiver.url_at("crm.example", "/hook"));
        receiver.answer_next(Scripted::ok());
        receiver.answer_next(Scripted::reset());
        receiver.answer_next(Scripted::status(201));
        answer(sender.send(&request).await);
        assert_eq!(answer(sender.send(&request).await).status, 201);
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        for pem in [
            "",
            "no pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            let config = SendConfig {
                extra_ca_pem: vec![pem.to_owned()],
                ..config()
            };
            assert!(matches!(
                Sender::new(config),
                Err(SenderError::CertificateAuthority(_))
            ));
        }
    }
}
