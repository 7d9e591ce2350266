//! Parked messages that are put back into their queues.

use broker::IncomingMessage;
use outbox::parked::{self, NewParked};
use outbox::queue::{DELIVERY_EVENTS, ENTITY_LEADS};
use outbox::redrive;
use test_support::wait_until;
use tokio_util::sync::CancellationToken;

use crate::fixture::{DEADLINE, Outbox};

fn message(id: &str) -> IncomingMessage {
    IncomingMessage {
        routing_key: "order.add".to_owned(),
        message_id: id.to_owned(),
        message_type: "order.add".to_owned(),
        seq: Some(7),
        traceparent: Some("trace".to_owned()),
        body: vec![0, 255, 1].into(),
        redelivered: false,
    }
}

impl Outbox {
    async fn park(&self, queue: &'static str, id: &str) {
        let parked = NewParked::of(queue, &message(id), "why");
        let kept = self
            .database
            .write(move |conn| parked::park(conn, &parked))
            .await;
        kept.unwrap();
    }

    async fn parked(&self) -> Vec<(i64, String)> {
        let rows = self.database.read(|conn| parked::list(conn, 0, 100)).await;
        let rows = rows.unwrap().into_iter();
        rows.map(|row| (row.id, row.message_id)).collect()
    }

    async fn request(&self, ids: Option<Vec<i64>>) -> Vec<i64> {
        let request =
            move |conn: &mut database::Connection<'_>| redrive::request(conn, ids.as_deref());
        self.database.write(request).await.unwrap()
    }
}

#[tokio::test]
async fn what_was_asked_for_goes_back_into_its_own_queue() {
    let outbox = Outbox::start().await;
    outbox.park(DELIVERY_EVENTS, "one").await;
    outbox.park(ENTITY_LEADS, "two").await;
    outbox.park(DELIVERY_EVENTS, "three").await;
    let parked = outbox.parked().await;
    let wanted = vec![parked[0].0, parked[1].0, i64::MAX];
    let mut marked = outbox.request(Some(wanted)).await;
    marked.sort_unstable();
    assert_eq!(marked, [parked[0].0, parked[1].0], "those that are there");

    let cancel = CancellationToken::new();
    let (database, broker) = (outbox.database.clone(), outbox.broker.clone());
    let running = tokio::spawn(redrive::run(database, broker, cancel.clone()));
    for (queue, id) in [(DELIVERY_EVENTS, "one"), (ENTITY_LEADS, "two")] {
        let mut consumer = outbox.broker.consumer(queue, 10).await.unwrap();
        let batch = consumer.receive(10, 1 << 20).await.unwrap();
        let expected = IncomingMessage {
            routing_key: queue.to_owned(),
            ..message(id)
        };
        assert_eq!(batch.messages(), [expected]);
        consumer.ack(batch).await.unwrap();
    }
    let left = || async { outbox.parked().await == [parked[2].clone()] };
    wait_until(DEADLINE, left).await;
    cancel.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn without_a_broker_it_stays_parked() {
    let outbox = Outbox::start().await;
    outbox.park(DELIVERY_EVENTS, "one").await;
    let marked = outbox.request(None).await;
    outbox.broker.close().await;
    let cancel = CancellationToken::new();
    let (database, broker) = (outbox.database.clone(), outbox.broker.clone());
    let running = tokio::spawn(redrive::run(database, broker, cancel.clone()));
    // Longer than from one look to the next.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    cancel.cancel();
    running.await.unwrap();
    let ids = marked.clone();
    let left = outbox
        .database
        .read(move |conn| redrive::list_left(conn, &ids))
        .await;
    assert_eq!((marked.len(), left.unwrap()), (1, marked));
}
