//! Which partitions are there after time has passed.

use database::partitions::hold_for_reading;

use super::*;

#[tokio::test]
async fn an_old_day_goes_and_what_is_owned_of_it_moves() {
    let Some(test) = with_tables().await else {
        return;
    };
    let database = &test.database;
    for number in 0..=3 {
        write_pages(database, number, 10, 2).await;
    }
    assert_eq!(drop_old(database, &PAGES, day(2)).await.unwrap(), 2);
    let left = ["pages_2", "pages_ahead", "pages_kept_first"];
    assert_eq!(partitions(database, "pages").await, left);
    assert_eq!(count(database, "pages_kept_first").await, 4);
    assert_eq!(count(database, "pages").await, 24);
    assert_eq!(number(database, HOLES).await, 0);
    let promises =
        "SELECT count(*) AS number FROM pg_constraint WHERE conname = 'below_next_bound'";
    assert_eq!(number(database, promises).await, 0);

    // A row of any time finds a place.
    execute(
        database,
        "INSERT INTO pages VALUES (1, -5), (2, 90000000000)",
    )
    .await;
    assert_eq!(count(database, "pages_kept_first").await, 6);
    // What is kept goes on being kept.
    assert_eq!(drop_old(database, &PAGES, day(2)).await.unwrap(), 0);
    assert_eq!(drop_old(database, &PAGES, day(3)).await.unwrap(), 1);
    assert_eq!(count(database, "pages_kept_first").await, 8);
}

#[tokio::test]
async fn a_day_of_which_too_much_is_owned_stays_until_it_is_less() {
    let Some(test) = with_tables().await else {
        return;
    };
    let database = &test.database;
    write_pages(database, 1, 2_010, 2_001).await;
    write_pages(database, 2, 10, 1).await;
    // What was before it, and the day after it, go all the same.
    assert_eq!(drop_old(database, &PAGES, day(3)).await.unwrap(), 2);
    let left = [
        "pages_1",
        "pages_ahead",
        "pages_kept_19700103",
        "pages_kept_first",
    ];
    assert_eq!(partitions(database, "pages").await, left);
    assert_eq!(count(database, "pages_1").await, 2_010);
    assert_eq!(count(database, "pages").await, 2_011);
    assert_eq!(number(database, HOLES).await, 0);
    assert_eq!(drop_old(database, &PAGES, day(3)).await.unwrap(), 0);

    execute(database, "DELETE FROM books WHERE id < 86400000000 + 100").await;
    // With it goes the second place where something was kept.
    assert_eq!(drop_old(database, &PAGES, day(3)).await.unwrap(), 2);
    assert_eq!(
        partitions(database, "pages").await,
        ["pages_ahead", "pages_kept_first"]
    );
    assert_eq!(count(database, "pages").await, 1_902 + 1);
    assert_eq!(number(database, HOLES).await, 0);
}

#[tokio::test]
async fn an_overfull_last_partition_becomes_one_and_nothing_is_lost() {
    let Some(test) = with_tables().await else {
        return;
    };
    let database = &test.database;
    // Many days without anybody who made partitions, and a clock far ahead.
    let now_us = database.read(|conn| conn.now_us()).await.unwrap();
    let today = now_us / DAY_US;
    for number in [3, today - 1, today, today + 1] {
        write_pages(database, number, 700, 0).await;
    }
    write_pages(database, today + 30, 5, 0).await;
    make_ahead(database, &PAGES).await.unwrap();

    let all = [
        "pages_1",
        "pages_19700104",
        "pages_2",
        "pages_ahead",
        "pages_before",
    ];
    assert_eq!(partitions(database, "pages").await, all);
    assert_eq!(count(database, "pages_19700104").await, 2_800);
    assert_eq!(count(database, "pages_ahead").await, 5);
    assert_eq!(number(database, HOLES).await, 0);
    // That is as far ahead as is wanted.
    make_ahead(database, &PAGES).await.unwrap();
    assert_eq!(partitions(database, "pages").await, all);
}

#[tokio::test]
async fn what_lies_in_the_last_partition_is_put_into_its_days() {
    let Some(test) = with_tables().await else {
        return;
    };
    let database = &test.database;
    let now_us = database.read(|conn| conn.now_us()).await.unwrap();
    let today = now_us / DAY_US;
    for number in [3, today, today + 1, today + 30] {
        write_pages(database, number, 5, 0).await;
    }
    make_ahead(database, &PAGES).await.unwrap();
    assert_eq!(partitions(database, "pages").await.len(), 3 + 5 + 1);
    assert_eq!(count(database, "pages").await, 20);
    assert_eq!(count(database, "pages_19700104").await, 5);
    assert_eq!(count(database, "pages_ahead").await, 5);
    assert_eq!(number(database, HOLES).await, 0);
}

#[tokio::test]
async fn ids_that_begin_with_their_time_are_parted_too() {
    let Some(test) = with_tables().await else {
        return;
    };
    let database = &test.database;
    execute(
        database,
        "INSERT INTO sheets VALUES ('\\x000005265c0001'), ('\\x000005265c0002'), ('\\x01'); \
         INSERT INTO prints VALUES ('\\x000005265c0002')",
    )
    .await;
    make_ahead(database, &SHEETS).await.unwrap();
    assert_eq!(drop_old(database, &SHEETS, day(2)).await.unwrap(), 2);
    assert_eq!(count(database, "sheets_kept_first").await, 1);
    assert_eq!(count(database, "sheets").await, 2);
    assert_eq!(number(database, HOLES).await, 0);
}

#[tokio::test]
async fn ids_with_bounds_are_looked_for_in_their_days_only() {
    let Some(test) = with_tables().await else {
        return;
    };
    let database = &test.database;
    let explain = |among: &'static str| async move {
        let sql = format!(
            "EXPLAIN SELECT * FROM sheets \
             WHERE id = ANY(ARRAY['\\x000005265c0001', '\\x000005265c0002']::BYTEA[]) {among}"
        );
        let lines: Vec<Line> = load(database, sql).await;
        let plan: Vec<String> = lines.into_iter().map(|line| line.text).collect();
        plan.join("\n")
    };
    let plan = explain("AND id BETWEEN '\\x000005265c0001' AND '\\x000005265c0002'").await;
    assert!(plan.contains("sheets_1"), "{plan}");
    assert!(
        !plan.contains("sheets_before") && !plan.contains("sheets_ahead"),
        "{plan}"
    );
}

#[tokio::test]
async fn who_reads_while_rows_move_finds_them() {
    let Some(test) = with_tables().await else {
        return;
    };
    let database = &test.database;
    write_pages(database, 1, 5, 5).await;
    let (stop, reader) = (std::sync::Arc::new(()), test.database.clone());
    let going_on = std::sync::Arc::downgrade(&stop);
    let reading = tokio::spawn(async move {
        while going_on.strong_count() > 0 {
            let found = reader
                .read(|conn| {
                    hold_for_reading(conn, &PAGES)?;
                    let Connection::Postgres(c) = conn else {
                        return Err(DatabaseError::NotFound);
                    };
                    let sql = "SELECT count(*) AS number FROM pages WHERE book_id < 100000000000";
                    Ok(sql_query(sql).get_result::<Number>(*c)?.number)
                })
                .await
                .unwrap();
            assert_eq!(found, 5);
        }
    });
    for number in 2..30 {
        drop_old(database, &PAGES, day(number)).await.unwrap();
        execute(
            database,
            format!(
                "ALTER TABLE pages_kept_first RENAME TO pages_{number}_past; \
                 UPDATE pages SET book_id = book_id"
            ),
        )
        .await;
    }
    drop(stop);
    reading.await.unwrap();
}
