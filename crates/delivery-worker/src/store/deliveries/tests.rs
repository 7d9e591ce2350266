//! Which partitions a look for bodies goes through; PostgreSQL only.

use database::Backend;
use database::partitions::{Moment, make_ahead};
use diesel::sql_query;
use diesel::sql_types::Text;
use events::Timestamp;
use test_support::TestDatabase;

use super::*;
use crate::store::retention::PARTITIONED;

/// Partitions that this transaction has read.
const READ: &str = "
SELECT relname::TEXT AS name FROM pg_stat_xact_user_tables
WHERE starts_with(relname, 'event_bodies') AND seq_scan + coalesce(idx_scan, 0) > 0
ORDER BY 1";

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[tokio::test]
async fn bodies_are_looked_for_in_the_days_of_their_events_only() {
    let home = TestDatabase::start().await;
    let database = home.open(vec![crate::MIGRATIONS]).await;
    if database.backend() == Backend::Sqlite {
        return;
    }
    for table in PARTITIONED {
        make_ahead(&database, table).await.unwrap();
    }
    // What those connections have counted so far would be counted as read.
    let database = home.open(vec![crate::MIGRATIONS]).await;
    let now_us = database.read(|conn| conn.now_us()).await.unwrap();
    let days = [1, 2].map(|later| Moment::of_us(now_us).day(later));
    let ids = days.map(|day| EventId::new(Timestamp(day.as_us())));
    let (found, read) = database
        .write(move |conn| {
            let Connection::Postgres(c) = conn else {
                return Err(DatabaseError::NotFound);
            };
            for id in ids {
                sql_query("INSERT INTO event_bodies (event_id, body) VALUES ($1, 'b')")
                    .bind::<diesel::sql_types::Binary, _>(id.as_bytes())
                    .execute(*c)?;
            }
            let found = list_event_bodies(conn, &ids)?.len();
            let Connection::Postgres(c) = conn else {
                return Err(DatabaseError::NotFound);
            };
            let read: Vec<Named> = sql_query(READ).load(*c)?;
            Ok((found, read))
        })
        .await
        .unwrap();
    assert_eq!(found, 2);
    let read: Vec<String> = read.into_iter().map(|one| one.name).collect();
    assert_eq!(read, days.map(|day| format!("event_bodies_{day}")));
}
