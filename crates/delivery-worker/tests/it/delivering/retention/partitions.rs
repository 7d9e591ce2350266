//! Days of bodies on PostgreSQL: made ahead, dropped when they are old.

use database::Backend;

use super::*;

/// Parts the tables into the 46 days before today and a last partition, as they would be if
/// workers had been running.
const DAYS: &str = "
DO $$
DECLARE
    bodies TEXT;
    today BIGINT := extract(epoch FROM now())::BIGINT / 86400;
    bounds TEXT[];
BEGIN
    FOREACH bodies IN ARRAY ARRAY['event_bodies', 'attempts', 'attempt_bodies'] LOOP
        EXECUTE format('DROP TABLE %I', bodies || '_before');
        EXECUTE format('DROP TABLE %I', bodies || '_ahead');
        SELECT array_agg('\\x' || lpad(to_hex(day * 86400000), 12, '0') ORDER BY day)
            INTO bounds FROM generate_series(today - 45, today) AS day;
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (MINVALUE) TO (%L)',
            bodies || '_before', bodies, bounds[1]);
        FOR i IN 1..45 LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                bodies || '_past_' || i, bodies, bounds[i], bounds[i + 1]);
        END LOOP;
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (MAXVALUE)',
            bodies || '_ahead', bodies, bounds[46]);
    END LOOP;
END
$$";

/// Gives what is still to be sent 9 MB in each table, stored as they are.
const MUCH: &str = "
ALTER TABLE event_bodies ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE attempts ALTER COLUMN error SET STORAGE EXTERNAL;
ALTER TABLE attempt_bodies ALTER COLUMN request_body SET STORAGE EXTERNAL;
UPDATE event_bodies SET body = convert_to(repeat('x', 9000000), 'UTF8')
    WHERE event_id IN (SELECT event_id FROM deliveries WHERE state = 'pending');
UPDATE attempts SET error = repeat('x', 9000000)
    WHERE delivery_id IN (SELECT id FROM deliveries WHERE state = 'pending');
UPDATE attempt_bodies SET request_body = convert_to(repeat('x', 9000000), 'UTF8')
    WHERE delivery_id IN (SELECT id FROM deliveries WHERE state = 'pending')";

const PARTITIONS: &str = "SELECT count(*) AS number FROM pg_inherits \
     WHERE inhparent = 'attempt_bodies'::regclass";
const RESTS: &str = "SELECT count(*) AS number FROM pg_class \
     WHERE relispartition AND relkind = 'r' AND relname LIKE 'attempt\\_bodies\\_kept\\_%'";
const DETACHED: &str = "SELECT count(*) AS number FROM pg_class \
     WHERE relkind = 'r' AND relname LIKE '%\\_gone\\_%'";
/// Partitions that begin where no other one ends.
const HOLES: &str = "
WITH bounds AS (
    SELECT inhparent, regexp_match(pg_get_expr(relpartbound, oid),
        'FROM \\((.*)\\) TO \\((.*)\\)') AS part
    FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r'
)
SELECT count(*) AS number FROM bounds a WHERE a.part[1] <> 'MINVALUE' AND NOT EXISTS (
    SELECT 1 FROM bounds b WHERE b.inhparent = a.inhparent AND b.part[2] = a.part[1])";

/// A worker to which nothing is old yet.
fn waiting() -> DeliveryConfig {
    DeliveryConfig {
        keep_deliveries: Duration::from_secs(60 * 24 * 60 * 60),
        keep_events: Duration::from_secs(61 * 24 * 60 * 60),
        ..patient()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_made_ahead_and_old_ones_dropped() {
    let site = Site::start().await;
    if site.database.backend() == Backend::Sqlite {
        return;
    }
    site.execute(DAYS).await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient()).await;
    worker.webhook(&receiver).await;
    // Today, three more days and what is beyond in place of one; of 45 days and what was before,
    // one that holds what is kept in place of those that are over 30 days old.
    wait_until(DEADLINE, || async {
        site.number(PARTITIONS).await == 1 + 30 + 5
    })
    .await;
    wait_until(DEADLINE, || async { site.number(DETACHED).await == 0 }).await;
    assert_eq!(site.number(HOLES).await, 0);
    assert_eq!(site.number(RESTS).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_owed_of_a_day_stays_and_the_rest_of_the_day_goes() {
    let site = Site::start().await;
    if site.database.backend() == Backend::Sqlite {
        return;
    }
    site.execute(DAYS).await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(waiting()).await;
    worker.webhook(&receiver).await;
    receiver.answer_next(Answer::status(500));
    let owed = added_days_ago(&site, 1, 40).await;
    site.take_in(&owed).await;
    wait_for_callbacks(&receiver, 1).await;
    for (order_id, days) in [(2, 40), (3, 38), (4, 2)] {
        let event = added_days_ago(&site, order_id, days).await;
        site.take_in(&event).await;
    }
    wait_until(DEADLINE, || async { all_rows(&site).await == [4; 4] }).await;
    worker.stop().await;
    age(&site).await;

    let _worker = site.worker_with(patient()).await;
    wait_until(DEADLINE, || async {
        all_rows(&site).await == [2; 4] && site.number(RESTS).await == 1
    })
    .await;
    assert_eq!(site.number(HOLES).await, 0);
    let kept = "SELECT count(*) AS number FROM attempt_bodies_kept_first";
    assert_eq!(site.number(kept).await, 1);
    make_due(&site).await;
    site.wait_for(2, "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_goes_also_of_a_day_that_stays() {
    let site = Site::start().await;
    if site.database.backend() == Backend::Sqlite {
        return;
    }
    site.execute(DAYS).await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(waiting()).await;
    worker.webhook(&receiver).await;
    receiver.answer_next(Answer::status(500));
    let owed = added_days_ago(&site, 1, 40).await;
    site.take_in(&owed).await;
    wait_for_callbacks(&receiver, 1).await;
    let over = added_days_ago(&site, 2, 40).await;
    site.take_in(&over).await;
    wait_until(DEADLINE, || async { all_rows(&site).await == [2; 4] }).await;
    worker.stop().await;
    age(&site).await;
    // What is owed has too much of each table to be moved.
    site.execute(MUCH).await;

    let _worker = site.worker_with(patient()).await;
    wait_until(DEADLINE, || async { all_rows(&site).await == [1; 4] }).await;
    let kept = "SELECT count(*) AS number FROM attempt_bodies_kept_first";
    assert_eq!(site.number(kept).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_others_hold_is_asked_for_again() {
    let site = Site::start().await;
    if site.database.backend() == Backend::Sqlite {
        return;
    }
    // Longer than a change of partitions waits for the table.
    let (begun, holding) = tokio::sync::oneshot::channel();
    let (done, until) = std::sync::mpsc::channel::<()>();
    let database = site.database.clone();
    let mut begun = Some(begun);
    let holder = tokio::spawn(async move {
        database
            .write(move |conn| {
                let database::Connection::Postgres(c) = conn else {
                    return Ok(());
                };
                diesel::connection::SimpleConnection::batch_execute(
                    *c,
                    "LOCK TABLE attempt_bodies IN ROW EXCLUSIVE MODE",
                )?;
                if let Some(begun) = begun.take() {
                    begun.send(()).unwrap();
                    until.recv().unwrap();
                }
                Ok::<_, database::DatabaseError>(())
            })
            .await
    });
    holding.await.unwrap();
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient()).await;
    worker.webhook(&receiver).await;
    // Writers are not held up by who waits for the table.
    for order_id in 1..=20 {
        site.take_in(&order_added(order_id)).await;
    }
    site.wait_for(20, "delivered").await;
    assert_eq!(site.number(PARTITIONS).await, 2);
    done.send(()).unwrap();
    holder.await.unwrap().unwrap();
    wait_until(DEADLINE, || async { site.number(PARTITIONS).await > 2 }).await;
    wait_until(DEADLINE, || async { all_rows(&site).await == [20; 4] }).await;
}
