//! Whom a certificate convinces.

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
async fn a_certificate_whose_time_is_over_is_refused() {
    let receiver = MockReceiver::start_tls_expired(&["crm.example"]).await;
    let (_dns, sender) = names_to(&receiver, true).await;
    let request = request(&receiver.url_at("crm.example", "/hook"));
    let failed = failure(sender.send(&request).await);
    assert_eq!(failed.kind, FailureKind::Tls);
    assert!(failed.detail.contains("expired"), "{failed}");
    assert!(receiver.requests().is_empty());
}

#[tokio::test]
async fn a_certificate_of_an_address_is_none_of_a_name_there() {
    let receiver = MockReceiver::start_tls(&["127.0.0.1"]).await;
    let (_dns, sender) = names_to(&receiver, true).await;
    let request = request(&receiver.url_at("crm.example", "/hook"));
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
