//! A broker that does not take what is published.

use std::collections::BTreeSet;

use broker::{Broker, OutgoingMessage, PublishError};
use outbox::queue::DELIVERY_EVENTS;
use serde_json::json;
use test_support::{Method, wait_until};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::fixture::{DEADLINE, Outbox};
use crate::relay::receive;

/// An operator deleted the queue, or the broker came back without its disk.
#[tokio::test]
async fn a_queue_that_was_lost_is_declared_again() {
    let outbox = Outbox::start().await;
    if outbox.server.url().is_none() {
        return;
    }
    let path = format!("/queues/{{vhost}}/{DELIVERY_EVENTS}");
    outbox.server.manage(Method::DELETE, &path, None).await;
    let cancel = CancellationToken::new();
    let running = tokio::spawn(outbox.relay().run(cancel.clone()));
    for number in 0..3 {
        outbox.append(1, &number.to_string()).await;
    }
    wait_until(DEADLINE, || async { outbox.published_through().await == 3 }).await;
    let mut consumer = outbox.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
    let received = receive(&mut consumer, 3).await;
    assert_eq!(received.len(), 3);
    cancel.cancel();
    timeout(DEADLINE, running).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_full_queue_refuses_arrives_once_there_is_room() {
    let outbox = Outbox::start().await;
    if outbox.server.url().is_none() {
        return;
    }
    let small = json!({
        "pattern": ".*",
        "apply-to": "queues",
        "definition": { "max-length": 3 },
    });
    let path = "/policies/{vhost}/small";
    outbox.server.manage(Method::PUT, path, Some(small)).await;
    // A full queue says so a little late: it takes what is on its way.
    while fill(&outbox.broker).await {}
    for number in 0..40 {
        outbox.append(1, &number.to_string()).await;
    }
    let cancel = CancellationToken::new();
    let running = tokio::spawn(outbox.relay().run(cancel.clone()));
    assert!(!fill(&outbox.broker).await);
    assert_eq!(outbox.published_through().await, 0);
    let mut consumer = outbox.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
    let mut seen = BTreeSet::new();
    while seen.len() < 40 {
        let received = receive(&mut consumer, 1).await;
        seen.extend(received.iter().map(|(seq, _)| *seq).filter(|seq| *seq > 0));
    }
    wait_until(DEADLINE, || async {
        outbox.published_through().await == 40
    })
    .await;
    cancel.cancel();
    timeout(DEADLINE, running).await.unwrap().unwrap();
}

/// Publishes a message that is no event of the outbox; `false` if it was refused.
async fn fill(broker: &Broker) -> bool {
    let publisher = broker.publisher("dealwire.events").await.unwrap();
    let message = OutgoingMessage {
        message_id: "filling".to_owned(),
        routing_key: "order.add".to_owned(),
        message_type: "order.add".to_owned(),
        seq: Some(0),
        traceparent: None,
        body: Vec::new().into(),
    };
    match publisher.publish(message).await.unwrap().await {
        Ok(()) => true,
        Err(PublishError::Refused) => false,
        Err(error) => panic!("{error}"),
    }
}
