//! What goes of a day that stays.

use std::sync::mpsc;

use database::partitions::clear_unowned;
use tokio::sync::oneshot;

use super::*;

const DAY_1: i64 = 86_400_000_000;

async fn clear(database: &Database) -> usize {
    clear_unowned(database, &PAGES, day(3), || false)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_nobody_owns_of_a_day_that_stays_goes() {
    let Some(test) = with_tables().await else {
        return;
    };
    let database = &test.database;
    write_pages(database, 1, 5_000, 2_001).await;
    write_pages(database, 2, 10, 3).await;
    write_pages(database, 3, 10, 0).await;
    assert_eq!(drop_old(database, &PAGES, day(3)).await.unwrap(), 2);
    assert_eq!(clear(database).await, 5_000 - 2_001);
    assert_eq!(count(database, "pages_1").await, 2_001);
    let owned = format!(
        "SELECT count(*) AS number FROM pages_1 JOIN books ON books.id = book_id \
         WHERE books.id BETWEEN {DAY_1} AND {DAY_1} + 2001"
    );
    assert_eq!(number(database, owned).await, 2_001);
    // What is not old stays.
    assert_eq!(count(database, "pages_ahead").await, 10);

    // What was kept above it, which nothing takes over, goes with its owners as well.
    assert_eq!(count(database, "pages_kept_19700103").await, 3);
    let gone = format!("DELETE FROM books WHERE id = 2 * {DAY_1} + 1 OR id = {DAY_1} + 7");
    execute(database, gone).await;
    assert_eq!(clear(database).await, 2);
    assert_eq!(count(database, "pages_kept_19700103").await, 2);
    assert_eq!(count(database, "pages").await, 2_000 + 2 + 10);
    assert_eq!(clear(database).await, 0);
}

#[tokio::test]
async fn rows_of_ids_that_say_their_time_are_cleared_too() {
    let Some(test) = with_tables().await else {
        return;
    };
    let database = &test.database;
    let id = "decode(lpad(to_hex(86400000 + i), 12, '0') || '7001', 'hex')";
    execute(
        database,
        format!(
            "INSERT INTO sheets SELECT {id} FROM generate_series(0, 4999) AS i; \
             INSERT INTO prints SELECT {id} FROM generate_series(0, 4999) AS i WHERE i % 2 = 0"
        ),
    )
    .await;
    assert_eq!(drop_old(database, &SHEETS, day(2)).await.unwrap(), 1);
    let cleared = clear_unowned(database, &SHEETS, day(2), || false);
    assert_eq!(cleared.await.unwrap(), 2_500);
    let owned = "SELECT count(*) AS number FROM sheets_1 JOIN prints USING (id)";
    assert_eq!(number(database, owned).await, 2_500);
}

#[tokio::test]
async fn a_day_stays_if_few_have_too_much_of_it() {
    let Some(test) = with_tables().await else {
        return;
    };
    let database = &test.database;
    execute(
        database,
        "ALTER TABLE pages ADD COLUMN scan BYTEA; \
         ALTER TABLE pages_1 ALTER COLUMN scan SET STORAGE EXTERNAL",
    )
    .await;
    // 9 MB in 9 rows, and one owner of 2 001 rows.
    write_pages(database, 1, 10, 9).await;
    execute(
        database,
        "UPDATE pages SET scan = convert_to(repeat('x', 1000000), 'UTF8')",
    )
    .await;
    let at = 2 * DAY_1;
    execute(
        database,
        format!(
            "INSERT INTO pages SELECT {at}, {at} + i FROM generate_series(1, 2001) AS i; \
             INSERT INTO books VALUES ({at}, {at})"
        ),
    )
    .await;
    assert_eq!(drop_old(database, &PAGES, day(3)).await.unwrap(), 1);
    let left = ["pages_1", "pages_2", "pages_ahead", "pages_kept_first"];
    assert_eq!(partitions(database, "pages").await, left);
    assert_eq!(clear(database).await, 1);

    // With one row less, each of them moves.
    let less = format!(
        "DELETE FROM books WHERE id = {DAY_1} + 1; DELETE FROM pages WHERE written_at_us = {at} + 1"
    );
    execute(database, less).await;
    assert_eq!(drop_old(database, &PAGES, day(3)).await.unwrap(), 2);
    assert_eq!(count(database, "pages_kept_first").await, 8 + 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_given_an_owner_meanwhile_stays() {
    let Some(test) = with_tables().await else {
        return;
    };
    let database = &test.database;
    write_pages(database, 1, 2_003, 2_001).await;
    let (begun, holding) = oneshot::channel();
    let (done, until) = mpsc::channel::<()>();
    let (holder, mut begun) = (database.clone(), Some(begun));
    let giving = tokio::spawn(async move {
        holder
            .write(move |conn| {
                let Connection::Postgres(c) = conn else {
                    return Ok(());
                };
                c.batch_execute(&format!(
                    "SELECT * FROM pages WHERE written_at_us = {DAY_1} + 2002 FOR SHARE"
                ))?;
                if let Some(begun) = begun.take() {
                    begun.send(()).unwrap();
                    until.recv().unwrap();
                }
                c.batch_execute(&format!(
                    "INSERT INTO books VALUES ({DAY_1} + 2002, {DAY_1} + 2002)"
                ))?;
                Ok::<_, DatabaseError>(())
            })
            .await
    });
    holding.await.unwrap();
    assert_eq!(clear(database).await, 1);
    done.send(()).unwrap();
    giving.await.unwrap().unwrap();
    assert_eq!(clear(database).await, 0);
    assert_eq!(count(database, "pages_1").await, 2_002);
}
