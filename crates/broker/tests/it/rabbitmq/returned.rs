//! Messages that no queue wants. RabbitMQ returns them and confirms them all the same.

use broker::PublishError;
use test_support::Method;

use crate::fixture::{
    consumer, eventually, message, numbered, publish, publisher, queue, rabbitmq, take, within,
};

/// Confirmations of many messages come in one frame, in which lapin does not say which of them
/// came back.
#[tokio::test]
async fn an_unroutable_message_among_routable_ones_is_told_from_them() {
    const ROUNDS: usize = 40;
    const EACH: usize = 50;
    let Some(home) = rabbitmq().await else { return };
    let broker = home.broker();
    let publisher = publisher(&broker, [queue("q", &["order.*"])]).await;
    let mut wanted = Vec::new();
    for round in 0..ROUNDS {
        let mut confirmations = Vec::new();
        for place in 0..EACH {
            let number = round * EACH + place;
            // One to four unroutable ones, at places that move, twice next to each other.
            let stray = place % 17 == round % 17 || (round % 2 == 0 && place == (round + 1) % 17);
            let key = if stray { "task.add" } else { "order.add" };
            let confirmation = publish(&publisher, message(key, number)).await;
            confirmations.push((number, stray, confirmation));
        }
        for (number, stray, confirmation) in confirmations {
            match within(confirmation).await {
                Ok(()) => {
                    assert!(!stray, "{number} was lost and counts as published");
                    wanted.push(number);
                }
                Err(PublishError::Unroutable { routing_key }) => {
                    assert!(stray, "{number} was published and counts as lost");
                    assert_eq!(routing_key, "task.add");
                }
                Err(other) => panic!("{number}: {other:?}"),
            }
        }
    }
    assert!(wanted.len() < ROUNDS * EACH - ROUNDS, "too few strays");
    let taken = take(&mut consumer(&broker, "q").await, wanted.len()).await;
    assert_eq!(taken, numbered(wanted));
}

#[tokio::test]
async fn a_queue_that_was_deleted_is_made_again_for_its_producers() {
    let Some(home) = rabbitmq().await else { return };
    let broker = home.broker();
    let publisher = publisher(&broker, [queue("q", &["order.*"])]).await;
    within(publish(&publisher, message("order.add", 1)).await)
        .await
        .unwrap();
    home.manage(Method::DELETE, "/queues/{vhost}/q", None).await;
    // The first one finds that it is gone; those that follow find it again.
    let first = within(publish(&publisher, message("order.add", 2)).await).await;
    assert!(first.unwrap_err().is_unroutable());
    eventually(async || {
        within(publish(&publisher, message("order.add", 3)).await)
            .await
            .is_ok()
    })
    .await;
    assert_eq!(take(&mut consumer(&broker, "q").await, 1).await, ["3"]);
}
