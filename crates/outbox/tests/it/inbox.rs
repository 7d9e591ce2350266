//! The consumers' side.

use outbox::parked::{self, NewParked};

use crate::fixture::{Outbox, event};

#[tokio::test]
async fn an_event_is_accepted_once() {
    let outbox = Outbox::start().await;
    let id = event(1, "any").id;
    let accept = || {
        outbox
            .database
            .write(move |conn| outbox::inbox::accept(conn, id))
    };
    assert!(accept().await.unwrap());
    assert!(!accept().await.unwrap());
}

#[tokio::test]
async fn of_several_events_the_new_ones_are_accepted() {
    let outbox = Outbox::start().await;
    let ids: Vec<events::EventId> = (0..700).map(|_| event(1, "any").id).collect();
    let accept = |ids: Vec<events::EventId>| {
        outbox
            .database
            .write(move |conn| outbox::inbox::accept_all(conn, &ids))
    };
    assert!(accept(Vec::new()).await.unwrap().is_empty());
    // Sent out of order, and one twice.
    let first: Vec<events::EventId> = ids[..600].iter().rev().chain(&ids[..1]).copied().collect();
    let accepted = accept(first).await.unwrap();
    assert_eq!(accepted, ids[..600].iter().copied().collect());
    let accepted = accept(ids.clone()).await.unwrap();
    assert_eq!(accepted, ids[600..].iter().copied().collect());
}

#[tokio::test]
async fn a_message_is_parked_with_all_that_it_came_with() {
    let message = broker::IncomingMessage {
        routing_key: "order.add".to_owned(),
        message_id: "id".to_owned(),
        message_type: "type".to_owned(),
        seq: Some(7),
        traceparent: Some("trace".to_owned()),
        body: vec![1, 2].into(),
        redelivered: true,
    };
    let parked = NewParked::of("a.queue", &message, "why");
    assert_eq!(parked.queue, "a.queue");
    assert_eq!(parked.routing_key, "order.add");
    assert_eq!(parked.message_id, "id");
    assert_eq!(parked.message_type, "type");
    assert_eq!(parked.seq, Some(7));
    assert_eq!(parked.traceparent.as_deref(), Some("trace"));
    assert_eq!(parked.body, [1, 2]);
    assert_eq!(parked.reason, "why");
}

#[tokio::test]
async fn a_parked_message_is_kept_byte_for_byte() {
    let outbox = Outbox::start().await;
    let message = NewParked {
        queue: "delivery.events".to_owned(),
        routing_key: "order.add".to_owned(),
        message_id: "not\0an id".to_owned(),
        message_type: "order.add".to_owned(),
        seq: Some(7),
        traceparent: None,
        body: vec![0, 255, 0, 1],
        reason: "the bytes are no event".to_owned(),
    };
    outbox
        .database
        .write(move |conn| parked::park(conn, &message))
        .await
        .unwrap();
    let rows = outbox
        .database
        .read(|conn| parked::list(conn, 0, 10))
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].body, [0, 255, 0, 1]);
    assert_eq!(rows[0].seq, Some(7));
    assert_eq!(rows[0].message_id, "not\u{fffd}an id");
    assert_eq!(outbox.database.read(parked::count).await.unwrap(), 1);
}
