//! What one unit of work may rely on.

use database::{Backend, Connection, Database, DatabaseError, on_backend};
use diesel::RunQueryDsl;

use crate::fixture::{bodies, databases, insert, migrations};

#[tokio::test]
async fn a_failed_unit_leaves_nothing() {
    for test in databases().await {
        let outcome = test
            .database
            .write(|conn| {
                insert(conn, "first")?;
                Err::<(), _>(DatabaseError::NotFound)
            })
            .await;
        assert!(matches!(outcome, Err(DatabaseError::NotFound)));
        assert!(bodies(&test.database).await.is_empty());
    }
}

#[tokio::test]
async fn a_taken_key_is_named_as_such() {
    for test in databases().await {
        test.database
            .write(|conn| insert(conn, "only"))
            .await
            .unwrap();
        let again = test.database.write(|conn| insert(conn, "only")).await;
        assert!(again.unwrap_err().is_unique_violation());
    }
}

#[tokio::test]
async fn a_missing_table_is_the_databases_fault_and_not_the_rows() {
    for test in databases().await {
        test.database
            .write(|conn| {
                on_backend!(conn, |c| diesel::sql_query(
                    "ALTER TABLE notes RENAME TO away"
                )
                .execute(c)
                .map(drop)
                .map_err(DatabaseError::from))
            })
            .await
            .unwrap();
        let refused = test.database.write(|conn| insert(conn, "note")).await;
        let error = refused.unwrap_err();
        assert!(error.is_unavailable(), "{error}");
        assert!(error.to_string().contains("notes"), "{error}");
    }
}

#[tokio::test]
async fn a_panic_fails_only_its_own_unit() {
    for test in databases().await {
        let panicking = test.database.write(|conn| {
            insert(conn, "never")?;
            if conn.now_us()? > 0 {
                panic!("on purpose");
            }
            Ok::<_, DatabaseError>(())
        });
        let healthy = test.database.write(|conn| insert(conn, "kept"));
        let (panicked, kept) = tokio::join!(panicking, healthy);
        assert!(
            matches!(&panicked, Err(DatabaseError::Panicked(why)) if why == "on purpose"),
            "{panicked:?}"
        );
        kept.unwrap();
        assert_eq!(bodies(&test.database).await, ["kept"]);
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    for test in databases().await {
        test.database
            .write(|conn| insert(conn, "lasting"))
            .await
            .unwrap();
        drop(test.database);
        let again = Database::open(&test.config, migrations()).await.unwrap();
        assert_eq!(bodies(&again).await, ["lasting"]);
    }
}

#[tokio::test]
async fn the_databases_time_moves_on() {
    for test in databases().await {
        let first = test.database.read(|conn| conn.now_us()).await.unwrap();
        let second = test.database.read(|conn| conn.now_us()).await.unwrap();
        assert!(second >= first);
        // 2020-01-01, so microseconds and not seconds.
        assert!(first > 1_577_836_800_000_000);
    }
}

#[tokio::test]
async fn a_database_that_only_reads_is_not_well() {
    for test in databases().await {
        test.database.check().await.unwrap();
        let refused = test.database.write(|conn| {
            if let Connection::Sqlite(conn) = conn {
                diesel::sql_query("PRAGMA query_only = ON").execute(*conn)?;
            }
            Ok::<_, DatabaseError>(())
        });
        refused.await.unwrap();
        if test.database.backend() == Backend::Sqlite {
            assert!(test.database.check().await.unwrap_err().is_unavailable());
        }
        assert!(bodies(&test.database).await.is_empty());
    }
}
