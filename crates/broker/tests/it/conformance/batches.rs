//! How much one batch holds.

use broker::Consumer;

use crate::fixture::{
    MANY, MANY_BYTES, ack, brokers, consumer, ids, numbered, publish, publish_numbered, publisher,
    queue, sized_message, take, within,
};

/// Takes `count` messages in batches under these limits; the sizes of the batches.
async fn batch_sizes(
    consumer: &mut Consumer,
    count: usize,
    max_messages: usize,
    max_bytes: usize,
) -> Vec<usize> {
    let (mut sizes, mut taken) = (Vec::new(), Vec::new());
    while taken.len() < count {
        let batch = within(consumer.receive(max_messages, max_bytes))
            .await
            .unwrap();
        sizes.push(batch.messages().len());
        taken.extend(ids(&batch));
        ack(consumer, batch).await;
    }
    assert_eq!(taken, numbered(0..count));
    sizes
}

#[tokio::test]
async fn a_batch_takes_what_is_there_up_to_the_count() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..7).await;
        let mut consumer = consumer(&broker, "q").await;
        assert_eq!(
            batch_sizes(&mut consumer, 7, 3, MANY_BYTES).await,
            [3, 3, 1]
        );
    }
}

#[tokio::test]
async fn a_batch_is_cut_by_bytes_and_an_oversized_message_comes_alone() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let bodies = [40, 60, 1, 0, 500, 0, 99, 1, 1];
        let mut unconfirmed = Vec::new();
        for (number, body_bytes) in bodies.into_iter().enumerate() {
            let message = sized_message("order.add", number, body_bytes);
            unconfirmed.push(publish(&publisher, message).await);
        }
        let mut consumer = consumer(&broker, "q").await;
        // 40 + 60 | 1 + 0 | 500 | 0 + 99 + 1 | 1
        assert_eq!(
            batch_sizes(&mut consumer, 9, MANY, 100).await,
            [2, 2, 1, 3, 1]
        );
    }
}

#[tokio::test]
async fn limits_of_zero_still_bring_one_message() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..2).await;
        let mut consumer = consumer(&broker, "q").await;
        assert_eq!(batch_sizes(&mut consumer, 2, 0, 0).await, [1, 1]);
    }
}

#[tokio::test]
async fn a_batch_is_never_larger_than_the_prefetch() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..5).await;
        let mut consumer = within(broker.consumer("q", 2)).await.unwrap();
        assert_eq!(
            batch_sizes(&mut consumer, 5, MANY, MANY_BYTES).await,
            [2, 2, 1]
        );
    }
}

#[tokio::test]
async fn a_consumer_that_waits_is_woken_by_a_publish() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let mut consumer = consumer(&broker, "q").await;
        for round in 0..3 {
            let waiting = take(&mut consumer, 1);
            let sending = async {
                tokio::task::yield_now().await;
                publish_numbered(&publisher, "order.add", [round]).await
            };
            let (taken, _unconfirmed) = tokio::join!(waiting, sending);
            assert_eq!(taken, numbered([round]));
        }
    }
}
