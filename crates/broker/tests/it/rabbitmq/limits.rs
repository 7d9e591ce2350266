//! Queues that are full, and settings that are someone else's.

use broker::{DeclareError, PublishError, Queue};
use serde_json::json;
use test_support::Method;

use crate::fixture::{
    consumer, eventually, message, numbered, publish, publisher, queue, rabbitmq, take, topology,
    within,
};

#[tokio::test]
async fn a_full_queue_refuses_and_loses_nothing_and_takes_more_once_there_is_room() {
    const OFFERED: usize = 500;
    let Some(home) = rabbitmq().await else { return };
    let broker = home.broker();
    let short = Queue {
        max_length: Some(50),
        ..queue("q", &["#"])
    };
    let publisher = publisher(&broker, [short]).await;
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for number in 0..OFFERED {
        match within(publish(&publisher, message("order.add", number)).await).await {
            Ok(()) => accepted.push(number),
            Err(PublishError::Refused) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(refused > 0, "500 messages went into a queue for 50");
    assert!(accepted.len() >= 50, "{} were accepted", accepted.len());
    let mut consumer = consumer(&broker, "q").await;
    let taken = take(&mut consumer, accepted.len()).await;
    assert_eq!(taken, numbered(accepted));
    eventually(async || {
        within(publish(&publisher, message("order.add", "more")).await)
            .await
            .is_ok()
    })
    .await;
    assert_eq!(take(&mut consumer, 1).await, ["more"]);
}

#[tokio::test]
async fn a_conflict_says_what_the_broker_says() {
    let Some(home) = rabbitmq().await else { return };
    let classic = json!({"durable": true, "arguments": {"x-queue-type": "classic"}});
    home.manage(Method::PUT, "/queues/{vhost}/taken", Some(classic))
        .await;
    let fanout = json!({"type": "fanout", "durable": true});
    home.manage(Method::PUT, "/exchanges/{vhost}/others", Some(fanout))
        .await;
    let broker = home.broker();
    let error = within(broker.declare(&topology([queue("taken", &["#"])])))
        .await
        .unwrap_err();
    let DeclareError::Conflict { queue, difference } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(queue, "taken");
    assert!(
        difference.contains("PRECONDITION_FAILED") && difference.contains("'taken'"),
        "{difference}"
    );
    let mut other = topology([]);
    "others".clone_into(&mut other.exchange);
    let error = within(broker.declare(&other)).await.unwrap_err();
    assert!(
        matches!(&error, DeclareError::ExchangeConflict { exchange, .. } if exchange == "others"),
        "{error:?}"
    );
    assert!(!error.is_retryable());
    // The refusals have cost channels, not the connection.
    publisher(&broker, [crate::fixture::queue("q", &["#"])]).await;
}
