//! How much one batch holds.

use broker::Consumer;

use crate::fixture::{
    Fixture, MANY, MANY_BYTES, ack, brokers, consumer, ids, numbered, publish, publish_numbered,
    publisher, queue, receive, sized_message, take, within,
};

/// Takes one message per body, in batches under these limits, and checks where they were cut: not
/// too late, and just as `expected` where everything is there from the start.
async fn check_batches(
    fixture: Fixture,
    consumer: &mut Consumer,
    bodies: &[usize],
    (max_messages, max_bytes): (usize, usize),
    expected: &[usize],
) {
    let (mut sizes, mut taken) = (Vec::new(), Vec::new());
    while taken.len() < bodies.len() {
        let batch = within(consumer.receive(max_messages, max_bytes))
            .await
            .unwrap();
        let lengths = batch.messages().iter().map(|message| message.body.len());
        let (size, bytes) = (batch.messages().len(), lengths.sum::<usize>());
        assert!(size == 1 || (size <= max_messages && bytes <= max_bytes));
        sizes.push(size);
        taken.extend(ids(&batch));
        ack(consumer, batch).await;
    }
    assert_eq!(taken, numbered(0..bodies.len()));
    // Messages that travel arrive one after another.
    if fixture.hands_out_only_what_is_asked_for() {
        assert_eq!(sizes, expected);
    }
}

#[tokio::test]
async fn a_batch_takes_what_is_there_up_to_the_count() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..7).await;
        let mut consumer = consumer(&broker, "q").await;
        check_batches(
            fixture,
            &mut consumer,
            &[10; 7],
            (3, MANY_BYTES),
            &[3, 3, 1],
        )
        .await;
    }
}

#[tokio::test]
async fn a_batch_is_cut_by_bytes_and_an_oversized_message_comes_alone() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let bodies = [40, 60, 1, 0, 500, 0, 99, 1, 1];
        let mut unconfirmed = Vec::new();
        for (number, &body_bytes) in bodies.iter().enumerate() {
            let message = sized_message("order.add", number, body_bytes);
            unconfirmed.push(publish(&publisher, message).await);
        }
        let mut consumer = consumer(&broker, "q").await;
        // 40 + 60 | 1 + 0 | 500 | 0 + 99 + 1 | 1
        check_batches(
            fixture,
            &mut consumer,
            &bodies,
            (MANY, 100),
            &[2, 2, 1, 3, 1],
        )
        .await;
    }
}

#[tokio::test]
async fn limits_of_zero_still_bring_one_message() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..2).await;
        let mut consumer = consumer(&broker, "q").await;
        check_batches(fixture, &mut consumer, &[10; 2], (0, 0), &[1, 1]).await;
    }
}

#[tokio::test]
async fn a_batch_is_never_larger_than_the_prefetch() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..5).await;
        let mut consumer = within(broker.consumer("q", 2)).await.unwrap();
        let mut sizes = Vec::new();
        while sizes.iter().sum::<usize>() < 5 {
            let batch = receive(&mut consumer, MANY).await;
            sizes.push(batch.messages().len());
            ack(&mut consumer, batch).await;
        }
        assert!(sizes.iter().all(|size| *size <= 2), "{sizes:?}");
        if fixture.hands_out_only_what_is_asked_for() {
            assert_eq!(sizes, [2, 2, 1]);
        }
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
