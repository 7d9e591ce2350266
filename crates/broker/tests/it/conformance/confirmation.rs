//! When a message counts as published.

use futures_util::FutureExt;

use crate::fixture::{
    MANY, ack, brokers, brokers_that_confirm_on_ack, consumer, message, publish, publish_numbered,
    publisher, queue, receive, take, within,
};

#[tokio::test]
async fn what_is_published_before_a_consumer_exists_is_held_for_it() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let confirmations = publish_numbered(&publisher, "order.add", 0..3).await;
        drop(publisher);
        assert_eq!(
            take(&mut consumer(&broker, "q").await, 3).await,
            ["0", "1", "2"]
        );
        for confirmation in confirmations {
            within(confirmation).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_message_is_confirmed_only_when_every_queue_has_seen_it_acked() {
    for fixture in brokers_that_confirm_on_ack() {
        let broker = fixture.start().await;
        let queues = [
            queue("a", &["#"]),
            queue("b", &["order.*"]),
            queue("c", &["task.*"]),
        ];
        let publisher = publisher(&broker, queues).await;
        let (mut a, mut b) = (consumer(&broker, "a").await, consumer(&broker, "b").await);
        let mut confirmation = publish(&publisher, message("order.add", 1)).await;
        assert!(
            (&mut confirmation).now_or_never().is_none(),
            "nobody has it yet"
        );

        let at_a = receive(&mut a, MANY).await;
        let at_b = receive(&mut b, MANY).await;
        assert!(
            (&mut confirmation).now_or_never().is_none(),
            "nobody has acked it"
        );

        ack(&mut a, at_a).await;
        assert!(
            (&mut confirmation).now_or_never().is_none(),
            "b has not acked it"
        );

        drop(at_b);
        assert!(
            (&mut confirmation).now_or_never().is_none(),
            "b gave it back"
        );

        let at_b = receive(&mut b, MANY).await;
        ack(&mut b, at_b).await;
        within(confirmation).await.unwrap();
    }
}

#[tokio::test]
async fn an_ack_confirms_its_own_batch_and_no_other() {
    for fixture in brokers_that_confirm_on_ack() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let mut confirmations = publish_numbered(&publisher, "order.add", 0..6).await;
        let (mut first, mut second) = (consumer(&broker, "q").await, consumer(&broker, "q").await);
        let front = receive(&mut first, 2).await;
        let middle = receive(&mut second, 2).await;
        ack(&mut second, middle).await;
        let settled: Vec<bool> = confirmations
            .iter_mut()
            .map(|pending| pending.now_or_never().is_some())
            .collect();
        assert_eq!(settled, [false, false, true, true, false, false]);
        drop(front);
    }
}

#[tokio::test]
async fn a_confirmation_that_nobody_waits_for_changes_nothing() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        drop(publish(&publisher, message("order.add", 1)).await);
        let kept = publish(&publisher, message("order.add", 2)).await;
        assert_eq!(take(&mut consumer(&broker, "q").await, 2).await, ["1", "2"]);
        within(kept).await.unwrap();
    }
}
