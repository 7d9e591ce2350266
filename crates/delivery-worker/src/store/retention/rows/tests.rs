//! A body that is being queued while old ones go; PostgreSQL only.

use std::sync::mpsc;

use database::{Backend, Database};
use diesel::connection::SimpleConnection;
use test_support::TestDatabase;
use tokio::sync::oneshot;

use super::*;
use crate::store::replays::candidates::hold_bodies;

const EVENT: [u8; 16] = [0, 0, 0, 0, 1, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1];

/// Two bodies that no delivery has; the second one is [`EVENT`]'s.
const BODIES: &str = "
INSERT INTO event_bodies (event_id, body) VALUES
    ('\\x00000000010070008000000000000000', 'none'),
    ('\\x00000000010070008000000000000001', 'queued')";
const DELIVERY: &str = "
INSERT INTO deliveries (id, account_id, webhook_id, event_id, origin, state, event_type,
    component, due_at_us, attempts, claim_no, created_at_us, expires_at_us)
VALUES ('\\x00000000010080008000000000000002', 1, 1, '\\x00000000010070008000000000000001',
    'replay', 'pending', 'orders.added', 'order', 0, 0, 0, 0, 0)";

async fn execute(database: &Database, sql: &'static str) {
    database
        .write(move |conn| {
            on_backend!(conn, |c| c.batch_execute(sql))?;
            Ok::<_, DatabaseError>(())
        })
        .await
        .unwrap();
}

/// The bodies that are left when old ones have gone.
async fn clear(database: &Database) -> Vec<Vec<u8>> {
    let cutoffs = Cutoffs {
        deliveries: Moment(10_000),
        events: Moment(10_000),
        events_us: 10_000_000,
        grace_us: 1,
    };
    database
        .write(move |conn| {
            clear_deliveries(conn, Moment::FIRST, cutoffs, Moment::LAST, 500)?;
            Ok::<_, DatabaseError>(on_backend!(conn, |c| event_bodies::table
                .select(event_bodies::body)
                .load(c))?)
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_queued_meanwhile_stays_and_nobody_waits() {
    let home = TestDatabase::start().await;
    let database = home.open(vec![crate::MIGRATIONS]).await;
    if database.backend() == Backend::Sqlite {
        return;
    }
    execute(&database, BODIES).await;
    let (begun, holding) = oneshot::channel();
    let (done, until) = mpsc::channel::<()>();
    let (queue, mut begun) = (database.clone(), Some(begun));
    let queueing = tokio::spawn(async move {
        queue
            .write(move |conn| {
                let held = hold_bodies(conn, &[&EVENT])?;
                if let Some(begun) = begun.take() {
                    begun.send(held.len()).unwrap();
                    until.recv().unwrap();
                }
                on_backend!(conn, |c| c.batch_execute(DELIVERY))?;
                Ok::<_, DatabaseError>(())
            })
            .await
    });
    assert_eq!(holding.await.unwrap(), 1);
    assert_eq!(clear(&database).await, [b"queued"]);
    done.send(()).unwrap();
    queueing.await.unwrap().unwrap();
    assert_eq!(clear(&database).await, [b"queued"]);

    execute(&database, "DELETE FROM deliveries").await;
    assert!(clear(&database).await.is_empty());
}
