//! The account's feed.

use events::AccountId;
use outbox::feed::{self, FeedError};

use crate::fixture::Outbox;

#[tokio::test]
async fn an_account_reads_its_own_events_in_order() {
    let outbox = Outbox::start().await;
    for number in 0..6 {
        outbox.append(1 + number % 2, "event").await;
    }
    outbox.number(6).await;
    let page = |after, limit| {
        outbox.database.read(move |conn| {
            let rows = feed::list(conn, AccountId(2), after, limit)?;
            Ok::<_, FeedError>(rows.iter().map(|row| row.seq).collect::<Vec<_>>())
        })
    };
    assert_eq!(page(0, 2).await.unwrap(), [2, 4]);
    assert_eq!(page(4, 2).await.unwrap(), [6]);
    assert!(page(6, 2).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_reader_that_is_too_late_learns_where_the_feed_begins() {
    let outbox = Outbox::start().await;
    for _ in 0..3 {
        outbox.append(1, "event").await;
    }
    outbox.number(3).await;
    outbox
        .database
        .write(|conn| {
            database::on_backend!(conn, |c| diesel::RunQueryDsl::execute(
                diesel::sql_query("DELETE FROM outbox_events WHERE seq < 3"),
                c
            ))?;
            Ok::<_, database::DatabaseError>(())
        })
        .await
        .unwrap();
    let late = outbox
        .database
        .read(|conn| feed::list(conn, AccountId(1), 1, 10))
        .await;
    assert!(matches!(late, Err(FeedError::Gone { oldest_seq: 3 })));
    let in_time = outbox
        .database
        .read(|conn| feed::list(conn, AccountId(1), 2, 10))
        .await;
    assert_eq!(in_time.unwrap().len(), 1);
}
