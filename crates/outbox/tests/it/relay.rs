//! From the outbox to the queue, whatever happens on the way.

use std::collections::BTreeSet;

use broker::Consumer;
use outbox::queue::DELIVERY_EVENTS;
use test_support::wait_until;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::fixture::{DEADLINE, Outbox};

pub(crate) async fn receive(consumer: &mut Consumer, count: usize) -> Vec<(u64, String)> {
    let mut received = Vec::new();
    while received.len() < count {
        let mut batch = timeout(DEADLINE, consumer.receive(count, 1 << 20))
            .await
            .unwrap()
            .unwrap();
        for message in batch.take_messages() {
            received.push((message.seq.unwrap(), message.message_id));
        }
        consumer.ack(batch).await.unwrap();
    }
    received
}

#[tokio::test]
async fn events_arrive_in_order_and_the_cursor_follows() {
    let outbox = Outbox::start().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(outbox.append(1, &number.to_string()).await);
    }
    let relay = outbox.relay();
    let waker = relay.waker();
    let cancel = CancellationToken::new();
    let running = tokio::spawn(relay.run(cancel.clone()));
    let mut consumer = outbox.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
    let first = receive(&mut consumer, 5).await;
    // One that is committed while the relay sleeps.
    ids.push(outbox.append(1, "woken").await);
    waker.wake();
    let second = receive(&mut consumer, 1).await;
    let received: Vec<_> = first.into_iter().chain(second).collect();
    let expected: Vec<_> = (1..).zip(ids.iter().map(ToString::to_string)).collect();
    assert_eq!(received, expected);
    wait_until(DEADLINE, || async { outbox.published_through().await == 6 }).await;
    cancel.cancel();
    timeout(DEADLINE, running).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_cursor_never_passes_what_no_consumer_acked() {
    let outbox = Outbox::in_process().await;
    for number in 0..3 {
        outbox.append(1, &number.to_string()).await;
    }
    let cancel = CancellationToken::new();
    let running = tokio::spawn(outbox.relay().run(cancel.clone()));
    let mut consumer = outbox.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
    let acked = timeout(DEADLINE, consumer.receive(1, 1 << 20))
        .await
        .unwrap()
        .unwrap();
    consumer.ack(acked).await.unwrap();
    let held = timeout(DEADLINE, consumer.receive(10, 1 << 20))
        .await
        .unwrap()
        .unwrap();
    wait_until(DEADLINE, || async { outbox.published_through().await == 1 }).await;
    // Killed while two are out: they are published again by the next relay.
    running.abort();
    drop(held);
    drop(consumer);
    let again = tokio::spawn(outbox.relay().run(cancel.clone()));
    let mut consumer = outbox.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
    let mut seen = BTreeSet::new();
    while seen.len() < 2 {
        seen.extend(receive(&mut consumer, 1).await);
    }
    assert!(seen.iter().all(|(seq, _)| [2, 3].contains(seq)));
    // The first relay's copies may still be on their way; take them all.
    let drain = tokio::spawn(async move {
        loop {
            receive(&mut consumer, 1).await;
        }
    });
    wait_until(DEADLINE, || async { outbox.published_through().await == 3 }).await;
    drain.abort();
    cancel.cancel();
    timeout(DEADLINE, again).await.unwrap().unwrap();
}

#[tokio::test]
async fn rewinding_publishes_the_same_events_once_more() {
    let outbox = Outbox::start().await;
    for number in 0..4 {
        outbox.append(1, &number.to_string()).await;
    }
    let cancel = CancellationToken::new();
    let running = tokio::spawn(outbox.relay().run(cancel.clone()));
    let mut consumer = outbox.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
    let first = receive(&mut consumer, 4).await;
    wait_until(DEADLINE, || async { outbox.published_through().await == 4 }).await;

    let too_far = outbox.database.write(|conn| outbox::rewind(conn, 5)).await;
    assert!(too_far.unwrap_err().to_string().contains("from 0 to 4"));
    let stood_at = outbox.database.write(|conn| outbox::rewind(conn, 1)).await;
    assert_eq!(stood_at.unwrap(), 4);

    // The running relay notices at its next save that it no longer leads.
    outbox.append(1, "new").await;
    let mut again = BTreeSet::new();
    while again.len() < 4 {
        again.extend(receive(&mut consumer, 1).await);
    }
    let expected: BTreeSet<_> = first[1..].iter().cloned().collect();
    assert!(again.is_superset(&expected));
    assert!(again.iter().any(|(seq, _)| *seq == 5));
    cancel.cancel();
    running.abort();
}

#[tokio::test]
async fn the_backlog_counts_what_is_not_confirmed() {
    let outbox = Outbox::start().await;
    outbox.append(1, "waiting").await;
    let backlog = outbox.database.read(outbox::backlog).await.unwrap();
    assert_eq!(backlog.waiting, 1);
    assert_eq!(backlog.published_through, 0);
    assert_eq!(backlog.oldest_occurred_at_us, Some(1_700_000_000_000_000));
}
