//! What exists after a declaration, and after a second one.

use broker::{ConsumeError, DeclareError, PublishError, Queue, QueueDepth};

use crate::fixture::{
    brokers, consumer, consumer_of, eventually, message, publish, publish_numbered, publisher,
    queue, receive, take, topology, within,
};

#[tokio::test]
async fn declaring_twice_keeps_the_queue_and_its_messages() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let first = publisher(&broker, [queue("q", &["order.*"])]).await;
        let _unconfirmed = publish(&first, message("order.add", 1)).await;
        let second = publisher(&broker, [queue("q", &["order.*"])]).await;
        let _unconfirmed = publish(&second, message("order.add", 2)).await;
        let _unconfirmed = publish(&first, message("order.add", 3)).await;
        assert_eq!(
            take(&mut consumer(&broker, "q").await, 3).await,
            ["1", "2", "3"]
        );
    }
}

#[tokio::test]
async fn a_later_declaration_adds_queues_and_bindings_and_takes_none_away() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("old", &["order.*"])]).await;
        let grown = topology([queue("new", &["task.*"]), queue("old", &["client.*"])]);
        within(broker.declare(&grown)).await.unwrap();
        for key in ["order.add", "task.add", "client.add"] {
            let _unconfirmed = publish(&publisher, message(key, key)).await;
        }
        let mut old = consumer(&broker, "old").await;
        assert_eq!(take(&mut old, 2).await, ["order.add", "client.add"]);
        assert_eq!(
            take(&mut consumer(&broker, "new").await, 1).await,
            ["task.add"]
        );
    }
}

#[tokio::test]
async fn other_settings_for_a_queue_that_exists_are_a_conflict() {
    let settled = Queue {
        max_length: Some(50),
        delivery_limit: Some(7),
        ..queue("settled", &["#"])
    };
    let conflicting = [
        Queue {
            max_length: Some(51),
            ..settled.clone()
        },
        Queue {
            max_length: None,
            ..settled.clone()
        },
        Queue {
            delivery_limit: Some(8),
            ..settled.clone()
        },
        Queue {
            delivery_limit: None,
            ..settled.clone()
        },
    ];
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [settled.clone()]).await;
        for wanted in &conflicting {
            let error = within(broker.declare(&topology([wanted.clone()])))
                .await
                .unwrap_err();
            assert!(
                matches!(&error, DeclareError::Conflict { queue, .. } if queue == "settled"),
                "{error:?}"
            );
            assert!(!error.is_retryable());
        }
        within(broker.declare(&topology([settled.clone()])))
            .await
            .unwrap();
        let _unconfirmed = publish(&publisher, message("order.add", 1)).await;
        assert_eq!(
            take(&mut consumer(&broker, "settled").await, 1).await,
            ["1"]
        );
    }
}

#[tokio::test]
async fn a_topology_that_no_broker_could_hold_is_refused() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let twice = topology([queue("q", &["a"]), queue("q", &["b"])]);
        let error = within(broker.declare(&twice)).await.unwrap_err();
        assert!(matches!(error, DeclareError::Invalid { .. }), "{error:?}");
        let error = within(broker.consumer("q", 0)).await.unwrap_err();
        assert!(
            matches!(error, ConsumeError::UnknownQueue { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn what_was_not_declared_is_named() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let error = within(broker.consumer("nowhere", 0)).await.unwrap_err();
        assert!(
            matches!(&error, ConsumeError::UnknownQueue { queue } if queue == "nowhere"),
            "{error:?}"
        );
        let error = within(broker.publisher("nowhere")).await.unwrap_err();
        assert!(
            matches!(&error, PublishError::UnknownExchange { exchange } if exchange == "nowhere"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn depths_count_what_waits_and_who_consumes() {
    let depth = |queue: &str, messages, consumers| QueueDepth {
        queue: queue.to_owned(),
        messages,
        consumers,
    };
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("a", &["#"]), queue("b", &["order.*"])]).await;
        let mut confirmations = publish_numbered(&publisher, "task.add", 0..2).await;
        confirmations.extend(publish_numbered(&publisher, "order.add", 2..5).await);
        let mut first = consumer_of(&broker, "b", 1).await;
        let held = receive(&mut first, 1).await;
        let one_held = [depth("a", 5, 0), depth("b", 2, 1)];
        eventually(async || broker.queue_depths().await.unwrap() == one_held).await;

        let second = consumer_of(&broker, "b", 1).await;
        eventually(async || broker.queue_depths().await.unwrap()[1].consumers == 2).await;
        drop((held, first, second));
        let none_held = [depth("a", 5, 0), depth("b", 3, 0)];
        eventually(async || broker.queue_depths().await.unwrap() == none_held).await;
        assert_eq!(broker.check(), Ok(()));
    }
}
