//! What is not acked comes again: in order, marked, and to whoever asks next.

use std::time::Duration;

use broker::{Batch, ConsumeError, Consumer, supervise};
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::fixture::{
    MANY, MANY_BYTES, ack, brokers, consumer, consumer_of, ids, message, numbered, publish,
    publish_numbered, publisher, queue, receive, take, within,
};

fn redelivered(batch: &Batch) -> Vec<bool> {
    batch
        .messages()
        .iter()
        .map(|message| message.redelivered)
        .collect()
}

/// Receives and acks `count` messages; their ids and whether each was redelivered.
async fn take_marked(consumer: &mut Consumer, count: usize) -> (Vec<String>, Vec<bool>) {
    let (mut taken, mut marks) = (Vec::new(), Vec::new());
    while taken.len() < count {
        let batch = receive(consumer, count - taken.len()).await;
        taken.extend(ids(&batch));
        marks.extend(redelivered(&batch));
        ack(consumer, batch).await;
    }
    (taken, marks)
}

#[tokio::test]
async fn a_dropped_batch_comes_again_in_order_before_the_rest() {
    const COUNT: usize = 200;
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..COUNT).await;
        let mut consumer = consumer(&broker, "q").await;
        let batch = receive(&mut consumer, 100).await;
        let dropped = batch.messages().len();
        assert_eq!(ids(&batch), numbered(0..dropped));
        assert_eq!(redelivered(&batch), vec![false; dropped]);
        drop(batch);

        let (again, marks) = take_marked(&mut consumer, COUNT).await;
        assert_eq!(again, numbered(0..COUNT));
        assert_eq!(marks[..dropped], vec![true; dropped]);
        if fixture.hands_out_only_what_is_asked_for() {
            assert_eq!(marks[dropped..], vec![false; COUNT - dropped]);
        }
    }
}

#[tokio::test]
async fn a_batch_whose_messages_were_taken_out_comes_again_all_the_same() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..2).await;
        let mut consumer = consumer(&broker, "q").await;
        let mut batch = receive(&mut consumer, MANY).await;
        assert!(!batch.take_messages().is_empty());
        drop(batch);
        assert_eq!(take(&mut consumer, 2).await, ["0", "1"]);
    }
}

#[tokio::test]
async fn a_dropped_consumer_gives_back_what_it_holds() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..3).await;
        let mut leaving = consumer(&broker, "q").await;
        let orphan = receive(&mut leaving, 2).await;
        let held = orphan.messages().len();
        drop(leaving);

        let mut staying = consumer(&broker, "q").await;
        let batch = receive(&mut staying, 1).await;
        assert_eq!(ids(&batch), ["0"]);
        // Its messages are someone else's by now: what it stands for is gone.
        drop(orphan);
        let mut marks = redelivered(&batch);
        ack(&mut staying, batch).await;
        let (rest, more) = take_marked(&mut staying, 2).await;
        assert_eq!(rest, ["1", "2"]);
        marks.extend(more);
        assert_eq!(marks[..held], vec![true; held]);

        let _unconfirmed = publish(&publisher, message("order.add", 3)).await;
        assert_eq!(take(&mut staying, 1).await, ["3"]);
    }
}

#[tokio::test]
async fn batches_of_several_consumers_go_back_in_any_order() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..8).await;
        let mut a = consumer_of(&broker, "q", 2).await;
        let mut b = consumer_of(&broker, "q", 2).await;
        let mut c = consumer_of(&broker, "q", 2).await;
        let first = receive(&mut a, 2).await;
        let second = receive(&mut b, 2).await;
        let third = receive(&mut c, 2).await;
        drop(first);
        drop(third);
        drop(second);
        // What was sent ahead goes back as well.
        drop((b, c));
        let mut taken = take(&mut a, 8).await;
        if !fixture.hands_out_only_what_is_asked_for() {
            taken.sort_unstable();
        }
        assert_eq!(taken, numbered(0..8));
    }
}

#[tokio::test]
async fn a_consumer_task_that_panics_is_restarted_and_gets_its_messages_again() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let cancel = CancellationToken::new();
        let (seen, mut sightings) = mpsc::unbounded_channel();
        let supervised = tokio::spawn({
            let (broker, cancel) = (broker.clone(), cancel.clone());
            async move {
                let mut runs = 0;
                supervise("test consumer", cancel, move |cancel| {
                    runs += 1;
                    let (broker, seen, run) = (broker.clone(), seen.clone(), runs);
                    async move {
                        let mut consumer = broker.consumer("q", 0).await?;
                        loop {
                            let batch = tokio::select! {
                                batch = consumer.receive(MANY, MANY_BYTES) => batch?,
                                () = cancel.cancelled() => return Ok::<(), ConsumeError>(()),
                            };
                            seen.send((run, ids(&batch), redelivered(&batch))).unwrap();
                            assert!(run > 1, "the first run cannot stand its messages");
                            consumer.ack(batch).await?;
                        }
                    }
                })
                .await;
            }
        });

        let confirmation = publish(&publisher, message("order.add", 1)).await;
        let first = within(sightings.recv()).await.unwrap();
        assert_eq!(first, (1, vec!["1".to_owned()], vec![false]));
        let second = within(sightings.recv()).await.unwrap();
        assert_eq!(second, (2, vec!["1".to_owned()], vec![true]));
        within(confirmation).await.unwrap();
        cancel.cancel();
        within(supervised).await.unwrap();
    }
}

#[tokio::test]
async fn a_receive_that_is_cancelled_again_and_again_loses_and_repeats_nothing() {
    const COUNT: usize = 300;
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let mut consumer = consumer(&broker, "q").await;
        let sending = async { publish_numbered(&publisher, "order.add", 0..COUNT).await };
        let taking = async {
            let (mut taken, mut marks) = (Vec::new(), Vec::new());
            while taken.len() < COUNT {
                let Some(batch) = consumer.receive(7, MANY_BYTES).now_or_never() else {
                    tokio::time::sleep(Duration::from_micros(100)).await;
                    continue;
                };
                let batch = batch.unwrap();
                taken.extend(ids(&batch));
                marks.extend(redelivered(&batch));
                ack(&mut consumer, batch).await;
            }
            (taken, marks)
        };
        let (_unconfirmed, (taken, marks)) = within(async { tokio::join!(sending, taking) }).await;
        assert_eq!(taken, numbered(0..COUNT));
        assert_eq!(marks, vec![false; COUNT]);
    }
}

#[tokio::test]
async fn a_receive_that_is_cancelled_takes_nothing() {
    for fixture in brokers() {
        if !fixture.hands_out_only_what_is_asked_for() {
            continue;
        }
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let (mut gone, mut there) = (consumer(&broker, "q").await, consumer(&broker, "q").await);
        {
            let mut waiting = Box::pin(gone.receive(MANY, MANY_BYTES));
            assert!((&mut waiting).now_or_never().is_none());
            // The wait is over, but nobody looks: the wake has to reach the other consumer.
            let _unconfirmed = publish(&publisher, message("order.add", 1)).await;
            let mut other = Box::pin(there.receive(MANY, MANY_BYTES));
            drop(waiting);
            let batch = within(&mut other).await.unwrap();
            assert_eq!(ids(&batch), ["1"]);
            assert_eq!(redelivered(&batch), [false]);
        }
        assert_eq!(take(&mut gone, 1).await, ["1"]);
    }
}

#[tokio::test]
async fn a_wake_that_was_not_used_passes_to_the_next_consumer_in_line() {
    for fixture in brokers() {
        if !fixture.hands_out_only_what_is_asked_for() {
            continue;
        }
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let (mut gone, mut there) = (consumer(&broker, "q").await, consumer(&broker, "q").await);
        let mut first = Box::pin(gone.receive(MANY, MANY_BYTES));
        let mut second = Box::pin(there.receive(MANY, MANY_BYTES));
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());
        let _unconfirmed = publish(&publisher, message("order.add", 1)).await;
        drop(first);
        assert_eq!(ids(&within(second).await.unwrap()), ["1"]);
    }
}

#[tokio::test]
async fn a_batch_that_goes_back_serves_every_consumer_that_waits() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..2).await;
        let mut holder = consumer_of(&broker, "q", 2).await;
        let held = receive(&mut holder, 2).await;
        let mut a = consumer_of(&broker, "q", 1).await;
        let mut b = consumer_of(&broker, "q", 1).await;
        let mut first = Box::pin(a.receive(1, MANY_BYTES));
        let mut second = Box::pin(b.receive(1, MANY_BYTES));
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());
        drop(held);
        let (first, second) = within(async { tokio::join!(first, second) }).await;
        let mut got = [ids(&first.unwrap()), ids(&second.unwrap())].concat();
        got.sort_unstable();
        assert_eq!(got, ["0", "1"]);
    }
}

#[tokio::test]
async fn a_consumer_holds_one_batch_at_a_time() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..3).await;
        let mut consumer = consumer(&broker, "q").await;
        let batch = receive(&mut consumer, 1).await;
        let refused = within(consumer.receive(1, MANY_BYTES)).await.unwrap_err();
        assert!(
            matches!(refused, ConsumeError::BatchOutstanding),
            "{refused:?}"
        );
        ack(&mut consumer, batch).await;
        assert_eq!(take(&mut consumer, 2).await, ["1", "2"]);
    }
}

#[tokio::test]
async fn a_consumer_cannot_ack_what_another_took() {
    for fixture in brokers() {
        let broker = fixture.start().await;
        let publisher = publisher(&broker, [queue("q", &["#"])]).await;
        let _unconfirmed = publish_numbered(&publisher, "order.add", 0..2).await;
        let mut a = consumer_of(&broker, "q", 1).await;
        let mut b = consumer_of(&broker, "q", 1).await;
        let of_a = receive(&mut a, 1).await;
        let of_b = receive(&mut b, 1).await;
        let of_a_ids = ids(&of_a);
        let refused = within(b.ack(of_a)).await.unwrap_err();
        assert!(matches!(refused, ConsumeError::ForeignBatch), "{refused:?}");
        ack(&mut b, of_b).await;
        drop(b);
        assert_eq!(take(&mut a, 1).await, of_a_ids);
    }
}
