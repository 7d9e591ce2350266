//! Several processes, one after the other and at once.

use database::{Connection, DatabaseError, on_backend};
use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use outbox::erasure::{Erased, Erasures, Found, Place, Sought};
use test_support::wait_until;

use super::*;

/// Three rows per look, so that a scan has many.
fn find_numbers(
    _: &mut Connection<'_>,
    _: &Sought,
    after: Option<&[u8]>,
) -> Result<Found, DatabaseError> {
    let from = after.map_or(0, |key| key[0]);
    Ok(Found {
        keys: (from..from + 3).map(|number| vec![number]).collect(),
        waiting: 0,
        next: (from < 30).then(|| vec![from + 3]),
    })
}

/// Notes what it gets; a number that is there already is refused.
fn note_numbers(
    conn: &mut Connection<'_>,
    _: &Sought,
    keys: &[Vec<u8>],
) -> Result<Erased, DatabaseError> {
    for key in keys {
        let sql = format!("INSERT INTO noted VALUES ({})", key[0]);
        on_backend!(conn, |c| c.batch_execute(&sql))?;
    }
    Ok(Erased {
        erased: 0,
        waiting: 0,
    })
}

#[derive(QueryableByName)]
struct Noted {
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = BigInt)]
    lowest: i64,
}

/// How many numbers were noted, and the lowest.
async fn noted(outbox: &Outbox) -> (i64, i64) {
    let sql = "SELECT count(*) AS count, min(number) AS lowest FROM noted";
    let noted: Noted = outbox
        .database
        .read(move |conn| {
            Ok::<_, DatabaseError>(on_backend!(conn, |c| sql_query(sql).get_result(c))?)
        })
        .await
        .unwrap();
    (noted.count, noted.lowest)
}

const NUMBERS: &[Place] = &[Place {
    name: "numbers",
    find: find_numbers,
    erase: note_numbers,
}];

#[tokio::test]
async fn of_several_processes_one_works_at_a_time() {
    let outbox = Outbox::start().await;
    outbox
        .run_sql("CREATE TABLE noted (number BIGINT NOT NULL PRIMARY KEY)")
        .await;
    let erasures = Erasures::new(outbox.database.clone(), NUMBERS);
    let _one = Sweeping::start(&erasures);
    let other = Erasures::new(outbox.database.clone(), NUMBERS);
    let _other = Sweeping::start(&other);
    outbox.ask(&asked_for(1)).await;
    erasures.wake();
    other.wake();
    outbox.wait_for_scans(1).await;
    // A number that came twice would have put the job off before its end.
    assert_eq!(noted(&outbox).await, (33, 0));
}

#[tokio::test]
async fn a_scan_goes_on_where_a_process_ended() {
    let outbox = Outbox::start().await;
    outbox
        .run_sql("CREATE TABLE noted (number BIGINT NOT NULL PRIMARY KEY)")
        .await;
    outbox.ask(&asked_for(1)).await;
    // As a process left it that wrote its position down and was killed.
    let position = match outbox.database.backend() {
        database::Backend::Sqlite => "UPDATE erasures SET place = 'numbers', position = x'1b'",
        database::Backend::Postgres => {
            "UPDATE erasures SET place = 'numbers', position = '\\x1b'::bytea"
        }
    };
    outbox.run_sql(position).await;
    let erasures = Erasures::new(outbox.database.clone(), NUMBERS);
    let sweeping = Sweeping::start(&erasures);
    outbox.wait_for_scans(1).await;
    drop(sweeping);
    assert_eq!(noted(&outbox).await, (6, 27));
}

#[tokio::test]
async fn a_claim_of_a_process_that_is_gone_ends_by_itself() {
    let outbox = Outbox::start().await;
    outbox.append_event(petr()).await;
    outbox.publish_through(1).await;
    outbox.ask(&asked_for(1)).await;
    outbox
        .run_sql("UPDATE erasures SET claim_no = 1, claimed_until_us = requested_at_us + 1000000")
        .await;
    let erasures = Erasures::new(outbox.database.clone(), PLACES);
    let _sweeping = Sweeping::start(&erasures);
    wait_until(DEADLINE, || async {
        erasures.wake();
        outbox.jobs().await[0].scans == 1
    })
    .await;
    assert_eq!(outbox.jobs().await[0].erased, 1);
}
