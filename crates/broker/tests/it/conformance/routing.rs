//! Which queues a message reaches, and as what.

use broker::{IncomingMessage, OutgoingMessage, PublishError};
use bytes::Bytes;

use crate::fixture::{
    MANY, ack, brokers, consumer, message, publish, publisher, queue, receive, take, within,
};

#[tokio::test]
async fn a_queue_gets_the_keys_that_its_patterns_match() {
    let keys = [
        "order.add",
        "order.edit",
        "task.add",
        "order.item.add",
        "order",
    ];
    let expected: [(&str, &[&str]); 6] = [
        ("order.add", &["order.add"]),
        ("order.*", &["order.add", "order.edit"]),
        (
            "order.#",
            &["order.add", "order.edit", "order.item.add", "order"],
        ),
        ("*.add", &["order.add", "task.add"]),
        ("#.add", &["order.add", "task.add", "order.item.add"]),
        ("#", &keys),
    ];
    for fixture in brokers() {
        let broker = fixture.start().await;
        let queues = expected
            .iter()
            .map(|(pattern, _)| queue(pattern, &[pattern]));
        let publisher = publisher(&broker, queues).await;
        for key in keys {
            let _unconfirmed = publish(&publisher, message(key, key)).await;
        }
        for (pattern, wanted) in expected {
            let mut consumer = consumer(&broker, pattern).await;
            assert_eq!(take(&mut consumer, wanted.len()).await, wanted, "{pattern}");
        }
        let depths = within(broker.queue_depths()).await.unwrap();
        assert!(
            depths.iter().all(|depth| depth.messages == 0),
            "something more came: {depths:?}"
        );
    }
}

#[tokio::test]
async fn a_message_that_two_patterns_match_arrives_once() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["order.*", "*.add", "#"])]).await;
        for id in ["first", "second"] {
            let _unconfirmed = publish(&publisher, message("order.add", id)).await;
        }
        let mut consumer = consumer(&broker, "q").await;
        assert_eq!(take(&mut consumer, 2).await, ["first", "second"]);
    }
}

#[tokio::test]
async fn a_message_that_no_queue_wants_comes_back() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["order.*"])]).await;
        let returned = within(publish(&publisher, message("task.add", 1)).await)
            .await
            .unwrap_err();
        assert!(
            matches!(&returned, PublishError::Unroutable { routing_key } if routing_key == "task.add"),
            "{returned:?}"
        );
        assert!(returned.is_unroutable());
        assert!(!returned.is_retryable());

        let confirmation = publish(&publisher, message("order.add", 2)).await;
        assert_eq!(take(&mut consumer(&broker, "q").await, 1).await, ["2"]);
        within(confirmation).await.unwrap();
    }
}

#[tokio::test]
async fn a_message_arrives_as_it_was_sent() {
    let full = OutgoingMessage {
        routing_key: "order.add".to_owned(),
        message_id: "0190b5c4-8b1e-7a30-9c1f-2f5a4c0d9e11".to_owned(),
        message_type: "order.changed".to_owned(),
        seq: Some(u64::try_from(i64::MAX).unwrap()),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        body: Bytes::from((0..=255).collect::<Vec<u8>>()),
    };
    let bare = OutgoingMessage {
        routing_key: "order.delete".to_owned(),
        message_id: "2".to_owned(),
        message_type: "order.changed".to_owned(),
        seq: None,
        traceparent: None,
        body: Bytes::new(),
    };
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let mut consumer = consumer(&broker, "q").await;
        for sent in [full.clone(), bare.clone()] {
            let _unconfirmed = publish(&publisher, sent.clone()).await;
            let mut batch = receive(&mut consumer, MANY).await;
            let expected = IncomingMessage {
                routing_key: sent.routing_key,
                message_id: sent.message_id,
                message_type: sent.message_type,
                seq: sent.seq,
                traceparent: sent.traceparent,
                body: sent.body,
                redelivered: false,
            };
            assert_eq!(batch.take_messages(), [expected]);
            assert!(batch.messages().is_empty());
            ack(&mut consumer, batch).await;
        }
    }
}

#[tokio::test]
async fn what_the_protocol_has_no_room_for_is_refused_at_once() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let fits = "k".repeat(255);
        let too_long = "k".repeat(256);
        let confirmation = publish(&publisher, message(&fits, &fits)).await;
        for (key, id, property) in [
            (&too_long, "1", "routing_key"),
            (&fits, too_long.as_str(), "message_id"),
        ] {
            let refused = within(publisher.publish(message(key, id)))
                .await
                .unwrap_err();
            assert!(
                matches!(
                    refused,
                    PublishError::TooLong { property: named, actual_bytes: 256, limit_bytes: 255 }
                        if named == property
                ),
                "{refused:?}"
            );
        }
        assert_eq!(take(&mut consumer(&broker, "q").await, 1).await, [fits]);
        within(confirmation).await.unwrap();
    }
}

#[tokio::test]
async fn a_message_to_a_queue_reaches_that_queue_alone() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let queues = [queue("first", &["#"]), queue("second", &["#"])];
        let _by_key = publisher(&broker, queues).await;
        let by_name = broker.queue_publisher().await.unwrap();
        let confirmation = publish(&by_name, message("second", 1)).await;
        let mut second = consumer(&broker, "second").await;
        assert_eq!(take(&mut second, 1).await, ["1"]);
        within(confirmation).await.unwrap();
        let depths = within(broker.queue_depths()).await.unwrap();
        assert!(depths.iter().all(|depth| depth.messages == 0), "{depths:?}");

        let lost = within(publish(&by_name, message("third", 2)).await).await;
        assert!(lost.unwrap_err().is_unroutable());
    }
}
