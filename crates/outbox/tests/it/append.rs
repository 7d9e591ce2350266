//! Events share the fate of their transaction.

use outbox::{append, append_all};

use crate::fixture::{Outbox, event, refused};

#[tokio::test]
async fn what_is_rolled_back_leaves_no_event_and_no_gap() {
    let outbox = Outbox::start().await;
    outbox.append(1, "first").await;
    let failed = outbox
        .database
        .write(|conn| {
            append(conn, &event(1, "never"))?;
            Err::<(), _>(refused())
        })
        .await;
    assert!(failed.is_err());
    // Neighbours in one group commit, one of which fails.
    let bad = outbox.database.write(|conn| {
        append(conn, &event(1, "never"))?;
        Err::<(), _>(refused())
    });
    let (_, second) = tokio::join!(bad, outbox.append(1, "second"));
    outbox.number(2).await;
    let feed = outbox
        .database
        .read(|conn| outbox::feed::list(conn, events::AccountId(1), 0, 10))
        .await
        .unwrap();
    let seqs: Vec<i64> = feed.iter().map(|row| row.seq).collect();
    assert_eq!(seqs, [1, 2]);
    let events::Decoded::Event(last) = events::Event::decode(&feed[1].body).unwrap() else {
        panic!("the event is known");
    };
    assert_eq!(last.id, second);
}

#[tokio::test]
async fn several_events_go_out_in_the_order_given() {
    let outbox = Outbox::start().await;
    let events: Vec<events::Event> = (0..300)
        .map(|number| event(1, &number.to_string()))
        .collect();
    let appended = events.clone();
    outbox
        .database
        .write(move |conn| {
            append_all(conn, &[])?;
            append_all(conn, &appended[..1])?;
            append_all(conn, &appended[1..])
        })
        .await
        .unwrap();
    outbox.number(300).await;
    let feed = outbox
        .database
        .read(|conn| outbox::feed::list(conn, events::AccountId(1), 0, 1_000))
        .await
        .unwrap();
    let decoded: Vec<events::Event> = feed
        .iter()
        .map(|row| match events::Event::decode(&row.body).unwrap() {
            events::Decoded::Event(event) => event,
            events::Decoded::Unknown => panic!("the event is known"),
        })
        .collect();
    assert!(decoded == events, "another order, or other events");
}
