//! Which addresses are connected to.

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

#[tokio::test]
async fn an_idle_connection_to_an_address_that_the_name_has_left_is_not_used() {
    let (dns, sender) = with_dns().await;
    let receiver = MockReceiver::start().await;
    dns.set("moving.example", &[receiver.address().ip()], 0);
    let request = request(&receiver.url_at("moving.example", "/hook"));
    answer(sender.send(&request).await);

    // Nobody listens there.
    dns.set("moving.example", &["127.0.0.9".parse().unwrap()], 0);
    wait_until(PATIENCE, || async {
        matches!(
            sender.send(&request).await.outcome,
            SendOutcome::Failed(failure) if failure.kind == FailureKind::Connect
        )
    })
    .await;
    assert_eq!(receiver.open_connections(), 1, "it is there, unused");
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_name_that_turns_private_gets_nothing_on_an_idle_connection() {
    let (dns, sender) = with_dns().await;
    let receiver = MockReceiver::start().await;
    let public = receiver.address().ip();
    dns.set("turning.example", &[public], 0);
    let request = request(&receiver.url_at("turning.example", "/hook"));
    answer(sender.send(&request).await);

    dns.set(
        "turning.example",
        &[public, "169.254.169.254".parse().unwrap()],
        60,
    );
    wait_until(PATIENCE, || async {
        sender.check(request.url()).await.is_err()
    })
    .await;
    let received = receiver.requests().len();
    assert_eq!(
        failure(sender.send(&request).await).kind,
        FailureKind::Blocked
    );
    assert_eq!(receiver.requests().len(), received);
}
