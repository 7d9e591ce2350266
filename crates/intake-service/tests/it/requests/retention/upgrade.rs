//! Requests of before there were partitions (PostgreSQL).

use database::DatabaseConfig;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::{Pg, PgConnection};
use diesel::{Connection as _, RunQueryDsl};
use diesel_migrations::MigrationHarness;

use super::*;

/// The migration that parts the table.
const PARTITIONS: &str = "2026-01-01-000071";

const ROWS: &str = "
INSERT INTO sources (id, account_id, preset, name, token, active, settings, revision,
    created_at_us, updated_at_us) VALUES (1, 1, 'webhook', 'site', 't', TRUE, '{}', 1, 0, 0);
INSERT INTO intake_requests (id, account_id, source_id, received_at_us, method, remote_address,
    body_bytes, outcome, status, correlation_id)
SELECT i, 1, 1, extract(epoch FROM now())::BIGINT * 1000000 - i * 86400000000 + 3600000000, 'POST', '', 1,
    'malformed', 400, '' FROM generate_series(1, 40) AS i;
INSERT INTO intake_bodies (request_id, query, headers, body)
SELECT id, '', '{}', id::TEXT::BYTEA FROM intake_requests";

#[tokio::test]
async fn what_was_there_before_is_found_and_goes_with_its_request() {
    let setup = Setup::new().await;
    let DatabaseConfig::Postgres { url, .. } = setup.database_config() else {
        return;
    };
    let mut conn = PgConnection::establish(&url).unwrap();
    let all: Vec<Box<dyn Migration<Pg>>> =
        intake_service::MIGRATIONS.postgres.migrations().unwrap();
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

    let app = TestApp::start_on(setup).await;
    assert_eq!(app.count_rows("intake_bodies_kept_first").await, 40);
    for id in [1, 40] {
        let path = format!("/api/v1/intake-requests/{id}");
        let shown = app.api.get(&path).await.expect(200).json();
        assert_eq!(shown["raw"]["body"], id.to_string());
    }
    // A service of before this still adds some.
    let old = "INSERT INTO intake_bodies (request_id, query, headers, body) \
               VALUES (41, '', '{}', '')";
    assert_eq!(diesel::sql_query(old).execute(&mut conn).unwrap(), 1);

    // Once somebody has tried to read them, they may go.
    app.execute("UPDATE intake_requests SET replayed_at_us = 1")
        .await;
    let again = app.replica().await;
    wait_until(DEADLINE, || async {
        again.count_rows("intake_requests").await == 30
    })
    .await;
    let left = "SELECT count(*) AS number FROM intake_bodies_kept_first WHERE request_id <= 40";
    wait_until(DEADLINE, || async { again.number(left).await == 30 }).await;
    assert_eq!(again.count_rows("intake_bodies").await, 31);
}
