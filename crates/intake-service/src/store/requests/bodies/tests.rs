//! Which partitions queries look into; PostgreSQL only.

use database::{Backend, Database};
use diesel::connection::SimpleConnection;
use diesel::sql_query;
use diesel::sql_types::Text;
use test_support::TestDatabase;

use super::*;
use crate::store::erasures::clear_requests;

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
/// Four days, a body on each, and what was before.
const DAYS: &str = "
DROP TABLE intake_bodies_ahead;
ALTER TABLE intake_bodies DETACH PARTITION intake_bodies_kept_first;
ALTER TABLE intake_bodies ATTACH PARTITION intake_bodies_kept_first
    FOR VALUES FROM (MINVALUE) TO (86400000000);
CREATE TABLE intake_bodies_1 PARTITION OF intake_bodies
    FOR VALUES FROM (86400000000) TO (172800000000);
CREATE TABLE intake_bodies_2 PARTITION OF intake_bodies
    FOR VALUES FROM (172800000000) TO (259200000000);
CREATE TABLE intake_bodies_3 PARTITION OF intake_bodies
    FOR VALUES FROM (259200000000) TO (345600000000);
CREATE TABLE intake_bodies_4 PARTITION OF intake_bodies
    FOR VALUES FROM (345600000000) TO (MAXVALUE);
INSERT INTO intake_requests (id, account_id, source_id, received_at_us, method, remote_address,
    body_bytes, outcome, status, correlation_id)
SELECT day, 1, 1, day * 86400000000 + 5, 'POST', '', 1, 'lead', 201, '' FROM generate_series(1, 4)
    AS day;
INSERT INTO intake_bodies (request_id, received_at_us, query, headers, body)
SELECT id, received_at_us, '', '{}', 'b' FROM intake_requests";
/// Partitions that this transaction has read.
const READ: &str = "
SELECT t.relname::TEXT AS name FROM pg_stat_xact_user_tables t
WHERE starts_with(t.relname, 'intake_bodies') AND t.seq_scan + coalesce(t.idx_scan, 0) > 0
ORDER BY 1";

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

fn partitions_read(conn: &mut Connection<'_>) -> Result<Vec<String>, DatabaseError> {
    let Connection::Postgres(c) = conn else {
        return Ok(Vec::new());
    };
    let read: Vec<Named> = sql_query(READ).load(*c)?;
    Ok(read.into_iter().map(|one| one.name).collect())
}

/// `None` on SQLite.
async fn with_days() -> Option<(TestDatabase, Database)> {
    let home = TestDatabase::start().await;
    let database = home.open(vec![crate::MIGRATIONS]).await;
    if database.backend() == Backend::Sqlite {
        return None;
    }
    database
        .write(|conn| {
            if let Connection::Postgres(c) = conn {
                c.batch_execute(DAYS)?;
            }
            Ok::<_, DatabaseError>(())
        })
        .await
        .unwrap();
    // What those connections have counted so far would be counted as read.
    let database = home.open(vec![crate::MIGRATIONS]).await;
    Some((home, database))
}

#[tokio::test]
async fn a_body_is_looked_for_in_its_day_only() {
    let Some((_home, database)) = with_days().await else {
        return;
    };
    let read = database
        .read(|conn| {
            let account = events::AccountId(1);
            let id = crate::domain::request::RequestId(2);
            let request = super::super::find_request(conn, account, id)?.unwrap();
            let found = find_body(conn, &request)?;
            assert_eq!(found.unwrap().body, b"b");
            partitions_read(conn)
        })
        .await
        .unwrap();
    // Those without a time lie in the first one.
    assert_eq!(read, ["intake_bodies_2", "intake_bodies_kept_first"]);
}

#[tokio::test]
async fn bodies_are_deleted_in_their_days_only() {
    let Some((_home, database)) = with_days().await else {
        return;
    };
    let (removed, read) = database
        .write(|conn| {
            let removed = clear_requests(conn, events::AccountId(1), &[2, 3])?;
            Ok::<_, DatabaseError>((removed, partitions_read(conn)?))
        })
        .await
        .unwrap();
    assert_eq!(removed, 2);
    let days = [
        "intake_bodies_2",
        "intake_bodies_3",
        "intake_bodies_kept_first",
    ];
    assert_eq!(read, days);
}

#[tokio::test]
async fn what_was_written_without_a_time_is_found() {
    let home = TestDatabase::start().await;
    let database = home.open(vec![crate::MIGRATIONS]).await;
    let request = RequestRow {
        id: 7,
        source_id: 1,
        received_at_us: 20_000 * DAY_US,
        method: "POST".to_owned(),
        remote_address: String::new(),
        content_type: None,
        body_bytes: 1,
        outcome: "lead".to_owned(),
        status: 201,
        error: None,
        lead_id: None,
        correlation_id: String::new(),
        replayed_at_us: None,
    };
    let (found, removed) = database
        .write(move |conn| {
            // As a service of before the column does.
            let sql = "INSERT INTO intake_bodies (request_id, query, headers, body) \
                       VALUES (7, '', '{}', '')";
            on_backend!(&mut *conn, |c| sql_query(sql).execute(c))?;
            let found = find_body(conn, &request)?;
            let removed = delete_bodies(conn, &[(7, request.received_at_us)])?;
            Ok::<_, DatabaseError>((found, removed))
        })
        .await
        .unwrap();
    assert!(found.is_some());
    assert_eq!(removed, 1);
}
