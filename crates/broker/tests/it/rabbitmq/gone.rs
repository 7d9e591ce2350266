//! Queues that are deleted while they are in use.

use std::collections::HashSet;
use std::time::Duration;

use broker::{Broker, Publisher};
use test_support::Method;
use tokio::sync::mpsc;

use crate::fixture::{
    MANY, MANY_BYTES, consumer, eventually, message, publisher, queue, rabbitmq, take, topology,
    within,
};

/// A consumer that the broker has not told of the end of a queue can be taken for one of the next
/// queue of that name, which then hands out to nobody.
#[tokio::test]
async fn a_queue_deleted_under_load_is_made_again_and_its_consumers_go_on() {
    const AFTERWARDS: usize = 2_000;
    let Some(home) = rabbitmq().await else { return };
    let producer = home.broker();
    let publisher = publisher(&producer, [queue("q", &["order.*"])]).await;
    let (received, mut receiving) = mpsc::unbounded_channel();
    for is_kept in [true, false] {
        let broker = home.connect();
        within(broker.declare(&topology([queue("q", &["order.*"])])))
            .await
            .unwrap();
        tokio::spawn(consume(broker, is_kept, received.clone()));
    }
    let loading = async {
        for number in 0.. {
            if let Ok(confirmation) = publisher.publish(message("order.add", number)).await {
                tokio::spawn(confirmation);
            }
            if number % 16 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    };
    let deleting = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        home.manage(Method::DELETE, "/queues/{vhost}/q", None).await;
        publish_again(&producer, &publisher, "first".to_owned()).await;
    };
    tokio::select! {
        () = loading => {}
        () = deleting => {}
    }
    let mut open = HashSet::new();
    for number in 0..AFTERWARDS {
        let id = format!("after {number}");
        publish_again(&producer, &publisher, id.clone()).await;
        open.insert(id);
    }
    within(async {
        while !open.is_empty() {
            open.remove(&receiving.recv().await.unwrap());
        }
    })
    .await;
    eventually(async || {
        let depths = producer.queue_depths().await.unwrap();
        depths[0].messages == 0 && depths[0].consumers == 2
    })
    .await;
}

#[tokio::test]
async fn a_consumer_that_finds_its_queue_missing_makes_it_again() {
    let Some(home) = rabbitmq().await else { return };
    let producer = home.broker();
    let publisher = publisher(&producer, [queue("q", &["order.*"])]).await;
    home.manage(Method::DELETE, "/queues/{vhost}/q", None).await;
    let mut late = consumer(&producer, "q").await;
    eventually(async || {
        let depths = producer.queue_depths().await.unwrap();
        depths.first().is_some_and(|depth| depth.consumers == 1)
    })
    .await;
    publish_again(&producer, &publisher, "1".to_owned()).await;
    assert_eq!(take(&mut late, 1).await, ["1"]);
}

/// Publishes until it is confirmed, and declares what is gone, as the relay does.
async fn publish_again(producer: &Broker, publisher: &Publisher, id: String) {
    eventually(async || {
        let published = match publisher.publish(message("order.add", &id)).await {
            Ok(confirmation) => confirmation.await,
            Err(error) => Err(error),
        };
        if published.as_ref().is_err_and(|error| error.is_unroutable()) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            producer
                .declare(&topology([queue("q", &["order.*"])]))
                .await
                .unwrap();
        }
        published.is_ok()
    })
    .await;
}

/// Takes for ever. After a failure it goes on with the same consumer or, as a supervised task
/// does, with a new one.
async fn consume(broker: Broker, is_kept: bool, received: mpsc::UnboundedSender<String>) {
    loop {
        let mut consumer = consumer(&broker, "q").await;
        loop {
            match consumer.receive(MANY, MANY_BYTES).await {
                Ok(batch) => {
                    for message in batch.messages() {
                        drop(received.send(message.message_id.clone()));
                    }
                    drop(consumer.ack(batch).await);
                }
                Err(_) if is_kept => {}
                Err(_) => break,
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
