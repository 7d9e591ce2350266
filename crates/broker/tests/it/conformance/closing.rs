//! The end: everything that waits is told.

use broker::{BrokerTrouble, ConsumeError, DeclareError, InProcessLimits, PublishError};
use futures_util::FutureExt;

use crate::fixture::{
    MANY, MANY_BYTES, ack, brokers, brokers_that_confirm_on_ack, consumer, eventually, message,
    publish, publish_numbered, publisher, queue, receive, topology, within,
};

#[tokio::test]
async fn after_the_close_every_call_says_closed() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["order.*"])]).await;
        let mut consumer = consumer(&broker, "q").await;
        eventually(async || broker.check().is_ok()).await;
        within(broker.clone().close()).await;
        within(broker.close()).await;
        assert_eq!(broker.check(), Err(BrokerTrouble::Closed));

        for key in ["order.add", "task.add"] {
            let error = within(publisher.publish(message(key, 1)))
                .await
                .unwrap_err();
            assert!(error.is_closed(), "{error:?}");
            assert!(!error.is_retryable());
        }
        let error = within(consumer.receive(MANY, MANY_BYTES))
            .await
            .unwrap_err();
        assert!(error.is_closed(), "{error:?}");
        assert!(!error.is_retryable());
        let error = within(broker.declare(&topology([queue("r", &[])])))
            .await
            .unwrap_err();
        assert!(matches!(error, DeclareError::Closed), "{error:?}");
        let error = within(broker.publisher("test.events")).await.unwrap_err();
        assert!(matches!(error, PublishError::Closed), "{error:?}");
        let error = within(broker.consumer("q", 0)).await.unwrap_err();
        assert!(matches!(error, ConsumeError::Closed), "{error:?}");
        let error = within(broker.queue_depths()).await.unwrap_err();
        assert!(matches!(error, ConsumeError::Closed), "{error:?}");
    }
}

#[tokio::test]
async fn closing_wakes_a_consumer_that_waits() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        publisher(&broker, [queue("q", &["#"])]).await;
        let mut consumers = [consumer(&broker, "q").await, consumer(&broker, "q").await];
        let [first, second] = &mut consumers;
        let mut first = Box::pin(first.receive(MANY, MANY_BYTES));
        let mut second = Box::pin(second.receive(MANY, MANY_BYTES));
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());
        within(broker.close()).await;
        assert!(within(first).await.unwrap_err().is_closed());
        assert!(within(second).await.unwrap_err().is_closed());
    }
}

#[tokio::test]
async fn closing_fails_the_confirmations_that_are_still_open() {
    for fixture in brokers_that_confirm_on_ack() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let mut consumer = consumer(&broker, "q").await;
        let mut confirmations = publish_numbered(&publisher, "order.add", 0..3).await;
        let acked = receive(&mut consumer, 1).await;
        ack(&mut consumer, acked).await;
        let held = receive(&mut consumer, 1).await;
        within(broker.close()).await;

        let error = within(consumer.ack(held)).await.unwrap_err();
        assert!(error.is_closed(), "{error:?}");
        let outcomes: Vec<bool> = within(futures_util::future::join_all(&mut confirmations))
            .await
            .into_iter()
            .map(|outcome| outcome.map_err(|error| assert!(error.is_closed())).is_ok())
            .collect();
        assert_eq!(outcomes, [true, false, false]);
    }
}

#[tokio::test]
async fn closing_fails_a_publish_that_waits_for_room() {
    for fixture in brokers_that_confirm_on_ack() {
        for limits in [
            InProcessLimits {
                max_messages: 1,
                max_bytes: 1_000,
            },
            InProcessLimits {
                max_messages: 1_000,
                max_bytes: 10,
            },
        ] {
            let broker = fixture.start_with(limits).await;
            let publisher = publisher(&broker, [queue("q", &["#"])]).await;
            let _unconfirmed = publish(&publisher, message("order.add", 1)).await;
            let mut waiting = Box::pin(publisher.publish(message("order.add", 2)));
            assert!((&mut waiting).now_or_never().is_none());
            within(broker.close()).await;
            assert!(within(waiting).await.unwrap_err().is_closed());
        }
    }
}

#[tokio::test]
async fn a_confirmation_does_not_outlive_a_broker_that_was_dropped() {
    for fixture in brokers_that_confirm_on_ack() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let confirmation = publish(&publisher, message("order.add", 1)).await;
        drop((broker, publisher));
        assert!(within(confirmation).await.unwrap_err().is_closed());
    }
}
