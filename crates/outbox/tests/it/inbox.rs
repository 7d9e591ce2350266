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
