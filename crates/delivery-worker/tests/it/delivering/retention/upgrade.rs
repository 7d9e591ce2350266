//! Rows of before there were partitions.

use database::DatabaseConfig;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::PgConnection;
use diesel::{Connection as _, RunQueryDsl};
use diesel_migrations::MigrationHarness;
use test_support::TestDatabase;

/// The migration that parts the tables.
const PARTITIONS: &str = "2026-01-01-000057";

/// Three events of different days with their deliveries' attempts, as an installation had them.
const ROWS: &str = "
INSERT INTO event_bodies (event_id, body)
SELECT decode(lpad(to_hex(day * 86400000::BIGINT), 12, '0') || '70000000000000000001', 'hex'),
    day::TEXT::BYTEA
FROM generate_series(20000, 20002) AS day;
INSERT INTO attempts (delivery_id, claim_no, number, settings_version, started_at_us, duration_us)
SELECT event_id, 1, 1, 1, 0, 0 FROM event_bodies;
INSERT INTO attempt_bodies (delivery_id, claim_no, request_head, request_body, response_complete)
SELECT event_id, 1, 'head', body, TRUE FROM event_bodies";

const READ: &str = "
SELECT convert_from(e.body, 'UTF8') || ' ' || count(*) AS text
FROM event_bodies e JOIN attempts a ON a.delivery_id = e.event_id
JOIN attempt_bodies b ON b.delivery_id = e.event_id AND b.request_body = e.body
GROUP BY e.body ORDER BY 1";

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

#[tokio::test]
async fn what_was_there_before_lies_in_the_first_partition() {
    let home = TestDatabase::start().await;
    let DatabaseConfig::Postgres { url, .. } = home.config() else {
        return;
    };
    let mut conn = PgConnection::establish(&url).unwrap();
    let all: Vec<Box<dyn Migration<diesel::pg::Pg>>> =
        delivery_worker::MIGRATIONS.postgres.migrations().unwrap();
    let (before, after): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|one| *one.name().to_string() < *PARTITIONS);
    assert!(!before.is_empty() && !after.is_empty());
    // Makes the table that remembers them.
    assert!(conn.applied_migrations().unwrap().is_empty());
    for migration in &before {
        conn.run_migration(migration.as_ref()).unwrap();
    }
    conn.batch_execute(ROWS).unwrap();

    let _database = home.open(vec![delivery_worker::MIGRATIONS]).await;
    let lines: Vec<Line> = diesel::sql_query(READ).load(&mut conn).unwrap();
    let read: Vec<String> = lines.into_iter().map(|line| line.text).collect();
    assert_eq!(read, ["20000 1", "20001 1", "20002 1"]);
    for table in ["event_bodies", "attempts", "attempt_bodies"] {
        let in_first = format!("SELECT count(*)::TEXT AS text FROM {table}_before");
        let line: Line = diesel::sql_query(in_first).get_result(&mut conn).unwrap();
        assert_eq!(line.text, "3", "{table}");
        // Whatever comes now, of any time, finds a place.
        conn.batch_execute(&format!(
            "CREATE TABLE copy AS SELECT * FROM {table} LIMIT 1; DELETE FROM {table}"
        ))
        .unwrap();
        let id = if table == "event_bodies" {
            "event_id"
        } else {
            "delivery_id"
        };
        for bytes in ["\\x00", "\\xff"] {
            conn.batch_execute(&format!(
                "UPDATE copy SET {id} = '{bytes}'; INSERT INTO {table} SELECT * FROM copy"
            ))
            .unwrap();
        }
        conn.batch_execute("DROP TABLE copy").unwrap();
    }
}
