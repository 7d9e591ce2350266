//! Days of what requests held, on PostgreSQL: made ahead, dropped when they are old.

use database::{Backend, DatabaseError, on_backend};
use diesel::connection::SimpleConnection;

use super::*;

/// Parts the table into the 40 days before today and a last partition, as it would be if the
/// service had been running.
const DAYS: &str = "
DO $$
DECLARE
    day BIGINT := 86400000000;
    today BIGINT := extract(epoch FROM now())::BIGINT / 86400 * day;
BEGIN
    ALTER TABLE intake_bodies DETACH PARTITION intake_bodies_kept_first;
    DROP TABLE intake_bodies_ahead;
    EXECUTE format('ALTER TABLE intake_bodies ATTACH PARTITION intake_bodies_kept_first
        FOR VALUES FROM (MINVALUE) TO (%L)', today - 40 * day);
    FOR i IN 1..40 LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF intake_bodies FOR VALUES FROM (%L) TO (%L)',
            'intake_bodies_past_' || i, today - i * day, today - (i - 1) * day);
    END LOOP;
    EXECUTE format('CREATE TABLE intake_bodies_ahead PARTITION OF intake_bodies
        FOR VALUES FROM (%L) TO (MAXVALUE)', today);
END
$$";

const PARTITIONS: &str = "SELECT count(*) AS number FROM pg_inherits \
     WHERE inhparent = 'intake_bodies'::regclass";
const DETACHED: &str = "SELECT count(*) AS number FROM pg_class \
     WHERE relkind = 'r' AND starts_with(relname, 'intake_bodies_gone_')";
const OUTCOMES: &str = "SELECT outcome AS text FROM intake_requests ORDER BY id";

/// More unread requests of a day than are moved, and a thousand that were read, with what they
/// held.
const MANY: &str = "
INSERT INTO sources (id, account_id, preset, name, token, active, settings, revision,
    created_at_us, updated_at_us) VALUES (1, 1, 'webhook', 'site', 't', TRUE, '{}', 1, 0, 0);
INSERT INTO intake_requests (id, account_id, source_id, received_at_us, method, remote_address,
    body_bytes, outcome, status, correlation_id)
SELECT i, 1, 1, (extract(epoch FROM now())::BIGINT / 86400 - 35) * 86400000000 + i, 'POST', '', 1,
    CASE WHEN i <= 2001 THEN 'malformed' ELSE 'lead' END, 200, ''
FROM generate_series(1, 3001) AS i;
INSERT INTO intake_bodies (request_id, received_at_us, query, headers, body)
SELECT id, received_at_us, '', '{}', '' FROM intake_requests";

/// Runs this on PostgreSQL; `false` on SQLite.
async fn is_prepared(setup: &Setup, sql: String) -> bool {
    let database = setup.open().await;
    if database.backend() == Backend::Sqlite {
        return false;
    }
    database
        .write(move |conn| {
            on_backend!(conn, |c| c.batch_execute(&sql))?;
            Ok::<_, DatabaseError>(())
        })
        .await
        .unwrap();
    true
}

#[tokio::test]
async fn what_was_read_goes_also_of_a_day_that_stays() {
    let setup = Setup::new().await;
    if !is_prepared(&setup, format!("{DAYS}; {MANY}")).await {
        return;
    }
    let app = TestApp::start_on(setup).await;
    wait_until(DEADLINE, || async {
        app.count_rows("intake_bodies").await == 2_001
    })
    .await;
    assert_eq!(app.count_rows("intake_bodies_past_35").await, 2_001);
    assert_eq!(app.count_rows("intake_requests").await, 2_001);
}

#[tokio::test]
async fn days_go_at_once_and_what_nobody_could_read_stays() {
    let setup = Setup::new().await;
    if !is_prepared(&setup, DAYS.to_owned()).await {
        return;
    }
    // Nothing is old yet.
    let mut patient = setup.clone();
    patient.config.keep_requests = Duration::from_secs(100 * 24 * 60 * 60);
    let app = TestApp::start_on(patient).await;
    let source = app.webhook_source().await;
    app.post(&source.path, &json!({"phone": "88005553535"}))
        .await
        .expect(201);
    for body in ["{", "{]"] {
        app.send(Method::POST, &source.path, &[JSON], body)
            .await
            .expect(400);
    }
    for table in ["intake_requests", "intake_bodies"] {
        let ago = 35 * DAY_US;
        app.execute(&format!(
            "UPDATE {table} SET received_at_us = received_at_us - {ago}"
        ))
        .await;
    }
    app.post(&source.path, &json!({"phone": "88005553536"}))
        .await
        .expect(201);

    let usual = TestApp::start_on(setup).await;
    // Today, three more days and what is beyond in place of one; what is kept in place of the days
    // that are over 30 days old.
    wait_until(DEADLINE, || async {
        usual.number(PARTITIONS).await == 1 + 30 + 5 && usual.number(DETACHED).await == 0
    })
    .await;
    let left = ["malformed", "malformed", "lead"];
    assert_eq!(usual.texts(OUTCOMES).await, left);
    assert_eq!(usual.count_rows("intake_bodies").await, 3);
    assert_eq!(usual.count_rows("intake_bodies_kept_first").await, 2);
    // One of them is read as it came.
    let id = usual
        .number("SELECT min(id) AS number FROM intake_requests")
        .await;
    let path = format!("/api/v1/intake-requests/{id}");
    let shown = usual.api.get(&path).await.expect(200).json();
    assert_eq!(shown["raw"]["body"], "{", "{shown:#}");

    // Once somebody has tried, it goes with what it held.
    usual
        .execute(&format!(
            "UPDATE intake_requests SET replayed_at_us = 1 WHERE id = {id}"
        ))
        .await;
    let again = usual.replica().await;
    wait_until(DEADLINE, || async {
        again.texts(OUTCOMES).await == left[1..]
    })
    .await;
    assert_eq!(again.count_rows("intake_bodies_kept_first").await, 1);
}
