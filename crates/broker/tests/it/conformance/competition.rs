//! Many publishers, many consumers, several threads.

use std::collections::{BTreeMap, BTreeSet};

use broker::{Broker, InProcessLimits};
use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::fixture::{
    ack, brokers, consumer, consumer_of, ids, message, numbered, publish, publish_numbered,
    publisher, queue, receive, take, within,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_publisher_and_one_consumer_keep_the_order() {
    const COUNT: usize = 20_000;
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let mut consumer = consumer(&broker, "q").await;
        let sending =
            tokio::spawn(async move { publish_numbered(&publisher, "order.add", 0..COUNT).await });
        assert_eq!(take(&mut consumer, COUNT).await, numbered(0..COUNT));
        for confirmation in within(sending).await.unwrap() {
            within(confirmation).await.unwrap();
        }
    }
}

#[tokio::test]
async fn consumers_that_wait_together_each_get_a_message() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let waiting: Vec<_> = join_all((0..4).map(|_| consumer(&broker, "q")))
            .await
            .into_iter()
            .map(|mut consumer| {
                tokio::spawn(async move {
                    // Both stay in hand, so that no message can go round twice.
                    let batch = receive(&mut consumer, 1).await;
                    (consumer, batch)
                })
            })
            .collect();
        tokio::task::yield_now().await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..4).await;
        let held = within(join_all(waiting)).await;
        let got: BTreeSet<String> = held
            .iter()
            .flat_map(|held| ids(&held.as_ref().unwrap().1))
            .collect();
        assert_eq!(got, numbered(0..4).into_iter().collect());
    }
}

/// Takes messages until told to stop. Gives every fifth batch back instead of acking it; reports
/// the ids it acked.
async fn consume(broker: Broker, stop: CancellationToken, acked: mpsc::UnboundedSender<String>) {
    let mut consumer = consumer_of(&broker, "q", 7).await;
    for round in 1.. {
        let batch = tokio::select! {
            batch = consumer.receive(7, 60) => batch.unwrap(),
            () = stop.cancelled() => return,
        };
        if round % 5 == 0 {
            drop(batch);
            continue;
        }
        let taken = ids(&batch);
        ack(&mut consumer, batch).await;
        for id in taken {
            acked.send(id).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn competing_consumers_share_without_loss_or_repeats() {
    const PUBLISHERS: usize = 3;
    const EACH: usize = 3_000;
    for fixture in brokers() {
        let limits = InProcessLimits {
            max_messages: 50,
            max_bytes: 400,
        };
        let broker = fixture.start_with(limits).await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let stop = CancellationToken::new();
        let (sender, mut acked) = mpsc::unbounded_channel();
        let consumers: Vec<_> = (0..4)
            .map(|_| tokio::spawn(consume(broker.clone(), stop.clone(), sender.clone())))
            .collect();
        drop(sender);
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|own| {
                let publisher = publisher.clone();
                tokio::spawn(async move {
                    let mut confirmations = Vec::new();
                    for number in 0..EACH {
                        let message = message("order.add", own * EACH + number);
                        confirmations.push(publish(&publisher, message).await);
                    }
                    for confirmation in confirmations {
                        within(confirmation).await.unwrap();
                    }
                })
            })
            .collect();

        let mut times = BTreeMap::new();
        for _ in 0..PUBLISHERS * EACH {
            *times
                .entry(within(acked.recv()).await.unwrap())
                .or_insert(0) += 1;
        }
        for publisher in publishers {
            within(publisher).await.unwrap();
        }
        stop.cancel();
        for consumer in consumers {
            within(consumer).await.unwrap();
        }
        assert!(
            within(acked.recv()).await.is_none(),
            "a message was acked twice"
        );
        assert_eq!(times.len(), PUBLISHERS * EACH);
        assert!(times.values().all(|times| *times == 1));
    }
}
