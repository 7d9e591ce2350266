//! A broker that is not there, or not for us.

use broker::{Broker, BrokerTrouble, DeclareError, RabbitMqConfig};
use test_support::FaultProxy;

use crate::fixture::{
    consumer, eventually, message, publish, publisher, queue, rabbitmq, take, topology, within,
};

fn connect(url: &str) -> Broker {
    Broker::rabbitmq(RabbitMqConfig::parse(url, "conformance").unwrap())
}

#[tokio::test]
async fn a_broker_that_comes_later_is_found() {
    let Some(home) = rabbitmq().await else { return };
    let proxy = FaultProxy::start(home.address()).await;
    proxy.refuse();
    let broker = connect(&home.url_at(proxy.address()));
    let refused = BrokerTrouble::NotConnected {
        reason: "connection refused".to_owned(),
    };
    eventually(async || broker.check() == Err(refused.clone())).await;
    assert_eq!(
        broker.check().unwrap_err().to_string(),
        "not connected: connection refused"
    );
    let error = within(broker.declare(&topology([queue("q", &["#"])])))
        .await
        .unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    let DeclareError::ConnectionLost { source } = error else {
        panic!("{error:?}");
    };
    assert_eq!(source.to_string(), "connection refused");

    proxy.pass().await;
    eventually(async || broker.check().is_ok()).await;
    let publisher = publisher(&broker, [queue("q", &["#"])]).await;
    let confirmation = publish(&publisher, message("order.add", 1)).await;
    assert_eq!(take(&mut consumer(&broker, "q").await, 1).await, ["1"]);
    within(confirmation).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_named_and_never_shown() {
    let Some(home) = rabbitmq().await else { return };
    let url = home.url().unwrap().replace(":guest@", ":mistaken@");
    let broker = connect(&url);
    eventually(async || broker.check() == Err(BrokerTrouble::LoginRefused)).await;
    assert_eq!(broker.check().unwrap_err().to_string(), "login refused");
    let error = within(broker.declare(&topology([queue("q", &["#"])])))
        .await
        .unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    let shown = format!("{error:?} {broker:?}");
    assert!(!shown.contains("mistaken"), "{shown}");
    within(broker.close()).await;
}

#[tokio::test]
async fn a_virtual_host_that_is_not_there_is_named() {
    let Some(home) = rabbitmq().await else { return };
    let url = home.url().unwrap();
    let (server, _vhost) = url.rsplit_once('/').unwrap();
    let broker = connect(&format!("{server}/nobodys"));
    eventually(async || {
        broker
            .check()
            .is_err_and(|trouble| trouble.to_string().contains("vhost nobodys not found"))
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_takes_connections_and_answers_nothing_costs_no_thread_per_attempt() {
    let Some(home) = rabbitmq().await else { return };
    let proxy = FaultProxy::start(home.address()).await;
    proxy.stall();
    let broker = connect(&home.url_at(proxy.address()));
    let silent = BrokerTrouble::NotConnected {
        reason: "the broker does not answer".to_owned(),
    };
    eventually(async || broker.check() == Err(silent.clone())).await;
    // The thread of the attempt that was given up ends; the next attempt has one of its own.
    eventually(async || io_threads_of(proxy.address().port()) <= 1).await;
    proxy.pass().await;
    eventually(async || broker.check().is_ok()).await;
}

/// Connections that this process has open to a port; lapin has a thread for each.
fn io_threads_of(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let remote = format!(":{port:04X}");
    let established = |line: &&str| {
        let mut words = line.split_whitespace().skip(2);
        words.next().is_some_and(|peer| peer.ends_with(&remote)) && words.next() == Some("01")
    };
    table.lines().filter(established).count()
}
