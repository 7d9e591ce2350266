//! Connections that break, channels that end, queues that go away.

use broker::{Broker, ConsumeError, PublishError, RabbitMqConfig};
use test_support::{FaultProxy, Method, TestBroker};

use crate::fixture::{
    MANY, MANY_BYTES, ack, consumer, consumer_of, eventually, ids, message, numbered, publish,
    publish_numbered, publisher, queue, rabbitmq, receive, take, within,
};

/// A broker whose connections can be cut.
async fn behind_a_proxy() -> Option<(TestBroker, FaultProxy, Broker)> {
    let home = rabbitmq().await?;
    let proxy = FaultProxy::start(home.address()).await;
    let url = home.url_at(proxy.address());
    let broker = Broker::rabbitmq(RabbitMqConfig::parse(&url, "conformance").unwrap());
    Some((home, proxy, broker))
}

#[tokio::test]
async fn a_connection_cut_in_mid_batch_brings_the_batch_again_and_then_all_works() {
    let Some((_home, proxy, broker)) = behind_a_proxy().await else {
        return;
    };
    let publisher = publisher(&broker, [queue("q", &["#"])]).await;
    for confirmation in publish_numbered(&publisher, "order.add", 0..20).await {
        within(confirmation).await.unwrap();
    }
    let mut consumer = consumer(&broker, "q").await;
    let acked = receive(&mut consumer, 5).await;
    let first = acked.messages().len();
    ack(&mut consumer, acked).await;
    let held = receive(&mut consumer, 5).await;
    assert_eq!(ids(&held)[0], first.to_string());
    proxy.refuse();
    // Asked over the connection that the batch came over.
    eventually(async || broker.queue_depths().await.is_err()).await;
    let lost = within(consumer.ack(held)).await.unwrap_err();
    assert!(lost.is_retryable(), "{lost:?}");
    proxy.pass().await;
    // The first ack is written, but nobody knows whether the broker has read it.
    let mut taken = take(&mut consumer, 20 - first).await;
    let mut from = first;
    if taken[0] == "0" {
        taken.extend(take(&mut consumer, first).await);
        from = 0;
    }
    assert_eq!(taken, numbered(from..20));

    eventually(async || broker.check().is_ok()).await;
    let confirmation = publish(&publisher, message("order.add", 20)).await;
    within(confirmation).await.unwrap();
    assert_eq!(take(&mut consumer, 1).await, ["20"]);
}

#[tokio::test]
async fn a_loss_is_reported_once_while_the_broker_is_away() {
    let Some((_home, proxy, broker)) = behind_a_proxy().await else {
        return;
    };
    let publisher = publisher(&broker, [queue("q", &["#"])]).await;
    let mut consumer = consumer(&broker, "q").await;
    eventually(async || {
        let depths = broker.queue_depths().await.unwrap();
        depths[0].consumers == 1 && broker.check().is_ok()
    })
    .await;
    proxy.refuse();
    let lost = within(consumer.receive(MANY, MANY_BYTES))
        .await
        .unwrap_err();
    assert!(
        matches!(lost, ConsumeError::ConnectionLost { .. }),
        "{lost:?}"
    );
    let waiting = take(&mut consumer, 1);
    tokio::pin!(waiting);
    eventually(async || broker.check().is_err()).await;
    assert!(futures_util::poll!(&mut waiting).is_pending());
    proxy.pass().await;
    // The publishing connection may not have noticed its loss yet, and fails what it is given then.
    within(async {
        loop {
            let published = publisher.publish(message("order.add", 2)).await;
            if let Ok(confirmation) = published
                && confirmation.await.is_ok()
            {
                break;
            }
        }
    })
    .await;
    assert_eq!(within(waiting).await, ["2"]);
}

#[tokio::test]
async fn confirmations_that_are_open_at_a_loss_fail_and_nothing_overtakes_them() {
    let Some((_home, proxy, broker)) = behind_a_proxy().await else {
        return;
    };
    let publisher = publisher(&broker, [queue("q", &["#"])]).await;
    within(publish(&publisher, message("order.add", "before")).await)
        .await
        .unwrap();
    proxy.stall();
    let confirmations = publish_numbered(&publisher, "order.add", 0..50).await;
    proxy.cut();
    proxy.pass().await;
    // A clone that knows of no failure yet publishes what comes after.
    let sending = publisher.clone();
    let overtaking = eventually_refused(&sending);
    let outcomes = async {
        for confirmation in confirmations {
            let lost = within(confirmation).await.unwrap_err();
            assert!(
                matches!(lost, PublishError::ConnectionLost { .. }),
                "{lost:?}"
            );
            assert!(lost.is_retryable());
        }
    };
    let (_refused, ()) = tokio::join!(overtaking, outcomes);

    // All again, as a relay does.
    for confirmation in publish_numbered(&publisher, "order.add", 0..50).await {
        within(confirmation).await.unwrap();
    }
    // Those that had reached the broker are there twice; none stands where its repeat overtook it.
    let mut consumer = consumer(&broker, "q").await;
    let mut taken = take(&mut consumer, 51).await;
    let repeated = match taken.iter().rposition(|id| id == "0").unwrap() {
        1 => 0,
        again => again - 1,
    };
    taken.extend(take(&mut consumer, repeated).await);
    let mut expected = vec!["before".to_owned()];
    expected.extend(numbered((0..repeated).chain(0..50)));
    assert_eq!(taken, expected);
}

/// Publishes until it is told of the loss; whatever it publishes before that fails as well.
async fn eventually_refused(publisher: &broker::Publisher) {
    within(async {
        while let Ok(confirmation) = publisher.publish(message("order.add", "overtaking")).await {
            confirmation.await.unwrap_err();
        }
    })
    .await;
}

#[tokio::test]
async fn after_a_reconnect_everything_is_declared_before_anything_is_published() {
    let Some((home, proxy, broker)) = behind_a_proxy().await else {
        return;
    };
    let publisher = publisher(&broker, [queue("q", &["order.*"])]).await;
    within(publish(&publisher, message("order.add", 1)).await)
        .await
        .unwrap();
    proxy.refuse();
    home.manage(Method::DELETE, "/queues/{vhost}/q", None).await;
    home.manage(Method::DELETE, "/exchanges/{vhost}/test.events", None)
        .await;
    proxy.pass().await;
    within(publish(&publisher, message("order.add", 2)).await)
        .await
        .unwrap();
    assert_eq!(take(&mut consumer(&broker, "q").await, 1).await, ["2"]);
}

#[tokio::test]
async fn a_queue_deleted_under_its_consumer_is_reported_and_made_again() {
    let Some(home) = rabbitmq().await else { return };
    let broker = home.broker();
    let publisher = publisher(&broker, [queue("q", &["order.*"])]).await;
    let mut consumer = consumer_of(&broker, "q", 10).await;
    let _unconfirmed = publish(&publisher, message("order.add", 1)).await;
    assert_eq!(take(&mut consumer, 1).await, ["1"]);
    home.manage(Method::DELETE, "/queues/{vhost}/q", None).await;
    let lost = within(consumer.receive(MANY, MANY_BYTES))
        .await
        .unwrap_err();
    let ConsumeError::QueueGone {
        queue: gone,
        source,
    } = lost
    else {
        panic!("{lost:?}");
    };
    assert_eq!(gone, "q");
    assert!(source.to_string().contains("deleted"), "{source}");

    let other = home.connect();
    let other_publisher = crate::fixture::publisher(&other, [queue("q", &["order.*"])]).await;
    let confirmation = publish(&other_publisher, message("order.add", 2)).await;
    assert_eq!(take(&mut consumer, 1).await, ["2"]);
    within(confirmation).await.unwrap();
}

#[tokio::test]
async fn a_broker_that_falls_silent_is_noticed_and_found_again() {
    let Some((_home, proxy, broker)) = behind_a_proxy().await else {
        return;
    };
    let publisher = publisher(&broker, [queue("q", &["#"])]).await;
    within(publish(&publisher, message("order.add", 1)).await)
        .await
        .unwrap();
    let mut consumer = consumer(&broker, "q").await;
    assert_eq!(take(&mut consumer, 1).await, ["1"]);
    proxy.stall();
    let unanswered = publish(&publisher, message("order.add", 2)).await;
    let lost = within(consumer.receive(MANY, MANY_BYTES))
        .await
        .unwrap_err();
    assert!(lost.is_retryable(), "{lost:?}");
    assert!(within(unanswered).await.unwrap_err().is_retryable());
    proxy.cut();
    proxy.pass().await;
    eventually(async || broker.check().is_ok()).await;
    eventually(async || {
        let Ok(again) = publisher.publish(message("order.add", 2)).await else {
            return false;
        };
        again.await.is_ok()
    })
    .await;
    assert_eq!(take(&mut consumer, 1).await, ["2"]);
}
