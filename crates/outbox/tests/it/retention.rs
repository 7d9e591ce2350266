//! Old events go, from the first one on, and never what is not published.

use database::{DatabaseError, on_backend};
use diesel::{RunQueryDsl, sql_query};
use events::AccountId;
use outbox::feed::{self, FeedError};
use outbox::retention;

use crate::fixture::{Outbox, event};

/// The events of the fixture happened years ago.
const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

impl Outbox {
    async fn execute(&self, sql: String) {
        self.database
            .write(move |conn| {
                on_backend!(conn, |c| sql_query(&sql).execute(c))?;
                Ok::<_, DatabaseError>(())
            })
            .await
            .unwrap();
    }

    /// As if the relay had come so far.
    async fn move_relay_to(&self, seq: i64) {
        let sql = format!("UPDATE relay_state SET published_through = {seq}");
        self.execute(sql).await;
    }

    /// Numbers of the account's events that are kept, and of all the oldest.
    async fn kept(&self) -> (Vec<i64>, Option<i64>) {
        self.database
            .read(|conn| {
                let oldest = outbox::audit::extent(conn)?.oldest_seq;
                let after = oldest.map_or(0, |oldest| oldest - 1);
                let rows = feed::list(conn, AccountId(1), after, 1_000)?;
                Ok::<_, FeedError>((rows.iter().map(|row| row.seq).collect(), oldest))
            })
            .await
            .unwrap()
    }

    async fn delete_published(&self, limit: i64) -> usize {
        self.database
            .write(move |conn| retention::delete_published(conn, DAY_US, limit))
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn old_events_go_from_the_first_one_on_and_the_last_published_one_stays() {
    let outbox = Outbox::start().await;
    for _ in 0..6 {
        outbox.append(1, "event").await;
    }
    outbox.number(6).await;
    outbox.move_relay_to(4).await;
    assert_eq!(outbox.delete_published(2).await, 2);
    assert_eq!(outbox.kept().await, (vec![3, 4, 5, 6], Some(3)));
    assert_eq!(outbox.delete_published(100).await, 1);
    assert_eq!(outbox.delete_published(100).await, 0);
    assert_eq!(outbox.kept().await, (vec![4, 5, 6], Some(4)));
    let late = outbox
        .database
        .read(|conn| feed::list(conn, AccountId(1), 2, 10))
        .await;
    assert!(matches!(late, Err(FeedError::Gone { oldest_seq: 4 })));
}

#[tokio::test]
async fn a_young_event_keeps_all_that_came_after_it() {
    let outbox = Outbox::start().await;
    for _ in 0..4 {
        outbox.append(1, "event").await;
    }
    outbox.number(4).await;
    outbox.move_relay_to(4).await;
    let now_us = outbox.database.read(|conn| conn.now_us()).await.unwrap();
    let younger = format!("UPDATE outbox_events SET occurred_at_us = {now_us} WHERE seq = 2");
    outbox.execute(younger).await;
    assert_eq!(outbox.delete_published(100).await, 1);
    assert_eq!(outbox.kept().await, (vec![2, 3, 4], Some(2)));
}

#[tokio::test]
async fn the_inbox_forgets_what_was_taken_in_long_ago() {
    let outbox = Outbox::start().await;
    let ids: Vec<events::EventId> = (0..3).map(|_| event(1, "any").id).collect();
    let all = ids.clone();
    outbox
        .database
        .write(move |conn| outbox::inbox::accept_all(conn, &all))
        .await
        .unwrap();
    let forget = || {
        outbox
            .database
            .write(|conn| retention::delete_taken_in(conn, DAY_US, 2))
    };
    // They happened years ago, but came a moment ago.
    assert_eq!(forget().await.unwrap(), 0);
    let ago = 3 * DAY_US;
    outbox
        .execute(format!(
            "UPDATE inbox_events SET received_at_us = received_at_us - {ago}"
        ))
        .await;
    assert_eq!(forget().await.unwrap(), 2);
    assert_eq!(forget().await.unwrap(), 1);
    let known = outbox
        .database
        .read(move |conn| outbox::audit::list_taken_in(conn, &ids))
        .await;
    assert!(known.unwrap().is_empty());
}
