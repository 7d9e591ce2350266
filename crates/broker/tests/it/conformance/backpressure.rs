//! A slow consumer makes its publishers wait.

use broker::{InProcessLimits, Queue};
use futures_util::FutureExt;
use futures_util::future::join_all;

use crate::fixture::{
    MANY, ack, brokers_that_confirm_on_ack, consumer, ids, message, publish, publish_numbered,
    publisher, queue, receive, sized_message, take, within,
};

#[tokio::test]
async fn a_full_queue_makes_publishers_wait_until_messages_are_acked() {
    for fixture in brokers_that_confirm_on_ack() {
        let limits = InProcessLimits {
            max_messages: 3,
            max_bytes: 1_000,
        };
        let broker = fixture.start_with(limits).await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let mut consumer = consumer(&broker, "q").await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..3).await;
        let mut waiting = Box::pin(publisher.publish(message("order.add", 3)));
        assert!(
            (&mut waiting).now_or_never().is_none(),
            "three fill the window"
        );

        let batch = receive(&mut consumer, 1).await;
        assert!(
            (&mut waiting).now_or_never().is_none(),
            "received is not yet acked"
        );
        ack(&mut consumer, batch).await;
        let _unconfirmed = within(waiting).await.unwrap();
        assert!(
            publisher
                .publish(message("order.add", 4))
                .now_or_never()
                .is_none()
        );
        assert_eq!(take(&mut consumer, 3).await, ["1", "2", "3"]);
    }
}

#[tokio::test]
async fn the_window_counts_bytes_too_and_a_large_message_is_not_passed_by() {
    for fixture in brokers_that_confirm_on_ack() {
        let limits = InProcessLimits {
            max_messages: 100,
            max_bytes: 100,
        };
        let broker = fixture.start_with(limits).await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let mut consumer = consumer(&broker, "q").await;
        let _unconfirmed = publish(&publisher, sized_message("order.add", "half", 50)).await;
        let mut large = Box::pin(publisher.publish(sized_message("order.add", "large", 51)));
        let mut small = Box::pin(publisher.publish(sized_message("order.add", "small", 1)));
        assert!(
            (&mut large).now_or_never().is_none(),
            "101 bytes are over the window"
        );
        assert!(
            (&mut small).now_or_never().is_none(),
            "the large one was there first"
        );

        assert_eq!(take(&mut consumer, 1).await, ["half"]);
        let _unconfirmed = (within(large).await.unwrap(), within(small).await.unwrap());
        assert_eq!(take(&mut consumer, 2).await, ["large", "small"]);
    }
}

#[tokio::test]
async fn a_message_larger_than_the_window_passes_alone() {
    for fixture in brokers_that_confirm_on_ack() {
        let limits = InProcessLimits {
            max_messages: 100,
            max_bytes: 100,
        };
        let broker = fixture.start_with(limits).await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let mut consumer = consumer(&broker, "q").await;
        let _unconfirmed = publish(&publisher, sized_message("order.add", "first", 1)).await;
        let mut huge = Box::pin(publisher.publish(sized_message("order.add", "huge", 10_000)));
        assert!(
            (&mut huge).now_or_never().is_none(),
            "the queue is not empty"
        );
        assert_eq!(take(&mut consumer, 1).await, ["first"]);
        let confirmation = within(huge).await.unwrap();
        let mut next = Box::pin(publisher.publish(sized_message("order.add", "next", 1)));
        assert!(
            (&mut next).now_or_never().is_none(),
            "the huge one fills the window"
        );
        assert_eq!(take(&mut consumer, 1).await, ["huge"]);
        within(confirmation).await.unwrap();
        let _unconfirmed = within(next).await.unwrap();
    }
}

#[tokio::test]
async fn a_queue_with_a_length_of_its_own_fills_earlier() {
    for fixture in brokers_that_confirm_on_ack() {
        let broker = fixture.start().await;
        let short = Queue {
            max_length: Some(2),
            ..queue("short", &["#"])
        };
        let publisher = publisher(&broker, [short]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..2).await;
        assert!(
            publisher
                .publish(message("order.add", 2))
                .now_or_never()
                .is_none()
        );
    }
}

#[tokio::test]
async fn a_publish_given_up_while_waiting_publishes_nothing_and_holds_no_room() {
    for fixture in brokers_that_confirm_on_ack() {
        let limits = InProcessLimits {
            max_messages: 2,
            max_bytes: 1_000,
        };
        let broker = fixture.start_with(limits).await;
        let queues = [queue("a", &["#"]), queue("b", &["order.*"])];
        let publisher = publisher(&broker, queues).await;
        let (mut a, mut b) = (consumer(&broker, "a").await, consumer(&broker, "b").await);
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..2).await;
        assert_eq!(take(&mut a, 2).await, ["0", "1"]);
        // There is room in a, none in b.
        assert!(
            publisher
                .publish(message("order.add", "given up"))
                .now_or_never()
                .is_none()
        );
        assert_eq!(take(&mut b, 2).await, ["0", "1"]);

        let _unconfirmed = publish_numbered(&publisher, "order.add", 2..4).await;
        assert_eq!(take(&mut a, 2).await, ["2", "3"]);
        assert_eq!(take(&mut b, 2).await, ["2", "3"]);
    }
}

#[tokio::test]
async fn a_full_queue_does_not_hold_up_messages_for_others() {
    for fixture in brokers_that_confirm_on_ack() {
        let limits = InProcessLimits {
            max_messages: 1,
            max_bytes: 1_000,
        };
        let broker = fixture.start_with(limits).await;
        let queues = [queue("a", &["order.*"]), queue("b", &["task.*"])];
        let publisher = publisher(&broker, queues).await;
        let _unconfirmed = publish(&publisher, message("order.add", 1)).await;
        assert!(
            publisher
                .publish(message("order.add", 2))
                .now_or_never()
                .is_none()
        );
        let _unconfirmed = publish(&publisher, message("task.add", 3)).await;
        assert_eq!(
            ids(&receive(&mut consumer(&broker, "b").await, MANY).await),
            ["3"]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn publishers_to_overlapping_queues_never_wait_for_each_other_in_a_circle() {
    const EACH: usize = 2_000;
    for fixture in brokers_that_confirm_on_ack() {
        let limits = InProcessLimits {
            max_messages: 1,
            max_bytes: 1,
        };
        let broker = fixture.start_with(limits).await;
        // The second exchange knows the queues the other way round.
        let forth = publisher(&broker, [queue("a", &["#"]), queue("b", &["#"])]).await;
        let reversed = broker::Topology {
            exchange: "reversed".to_owned(),
            queues: vec![queue("b", &["#"]), queue("a", &["#"])],
        };
        broker.declare(&reversed).await.unwrap();
        let back = broker.publisher("reversed").await.unwrap();
        let publishing = [forth, back].map(|publisher| {
            tokio::spawn(async move {
                for confirmation in publish_numbered(&publisher, "order.add", 0..EACH).await {
                    within(confirmation).await.unwrap();
                }
            })
        });
        let consuming = ["a", "b"].map(|name| {
            let broker = broker.clone();
            tokio::spawn(async move {
                take(&mut consumer(&broker, name).await, 2 * EACH)
                    .await
                    .len()
            })
        });
        for taken in within(join_all(consuming)).await {
            assert_eq!(taken.unwrap(), 2 * EACH);
        }
        for published in within(join_all(publishing)).await {
            published.unwrap();
        }
    }
}
