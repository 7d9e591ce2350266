//! Events share the fate of their transaction.

use outbox::append;

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
