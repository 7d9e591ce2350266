//! Many writers at once: all or none of a commit, each for itself in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use database::{DatabaseConfig, DatabaseError};
use diesel::prelude::*;

use crate::fixture::{bodies, databases, insert};

#[tokio::test(flavor = "multi_thread")]
async fn failing_units_take_no_neighbour_with_them() {
    for test in databases().await {
        let mut tasks = Vec::new();
        for number in 0..200 {
            let database = test.database.clone();
            tasks.push(tokio::spawn(async move {
                database
                    .write(move |conn| {
                        insert(conn, &number.to_string())?;
                        if number % 5 == 0 {
                            return Err(DatabaseError::NotFound);
                        }
                        Ok(())
                    })
                    .await
                    .is_ok()
            }));
        }
        let mut kept = 0;
        for task in tasks {
            kept += usize::from(task.await.unwrap());
        }
        assert_eq!(kept, 160);
        assert_eq!(bodies(&test.database).await.len(), 160);
    }
}

/// `max_page_count` makes the engine say SQLITE_FULL, which rolls back the
/// whole transaction by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_refuses_the_large_and_keeps_the_small() {
    for test in databases().await {
        let DatabaseConfig::Sqlite { .. } = test.config else {
            continue;
        };
        let pages = test
            .database
            .write(|conn| {
                let database::Connection::Sqlite(c) = conn else {
                    return Err(DatabaseError::NotFound);
                };
                #[derive(diesel::QueryableByName)]
                struct Limit {
                    #[diesel(sql_type = diesel::sql_types::BigInt)]
                    max_page_count: i64,
                }
                let limit: Limit =
                    diesel::sql_query("PRAGMA max_page_count = 40").get_result(*c)?;
                Ok(limit.max_page_count)
            })
            .await
            .unwrap();
        assert_eq!(pages, 40);
        let runs = Arc::new(AtomicUsize::new(0));
        let mut tasks = Vec::new();
        for number in 0..20 {
            let (database, runs) = (test.database.clone(), Arc::clone(&runs));
            tasks.push(tokio::spawn(async move {
                let size = if number == 10 { 1_000_000 } else { 10 };
                database
                    .write(move |conn| {
                        runs.fetch_add(1, Ordering::SeqCst);
                        insert(conn, &format!("{number}-{}", "x".repeat(size)))
                    })
                    .await
            }));
        }
        let mut refused = Vec::new();
        for (number, task) in tasks.into_iter().enumerate() {
            if let Err(error) = task.await.unwrap() {
                assert!(error.is_unavailable(), "{error:?}");
                refused.push(number);
            }
        }
        assert_eq!(refused, [10]);
        assert_eq!(bodies(&test.database).await.len(), 19);
        assert!(runs.load(Ordering::SeqCst) >= 20);
    }
}
