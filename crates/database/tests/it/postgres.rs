//! What only a server does: other transactions in the way, connections that
//! die, other processes. Each test does nothing where this run has no server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use database::{Connection, Database, DatabaseConfig, DatabaseError, on_backend};
use diesel::Connection as _;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::fixture::{TestDatabase, bodies, insert, later_migrations, on_postgres};
use crate::schema::notes;

const DEADLINE: Duration = Duration::from_secs(20);

diesel::define_sql_function! {
    fn pg_backend_pid() -> Integer;
}
diesel::define_sql_function! {
    fn pg_terminate_backend(pid: Integer) -> diesel::sql_types::Bool;
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Ends one connection as an administrator does, or all but the asking one.
fn terminate(url: &str, pid: Option<i32>) {
    let mut conn = PgConnection::establish(url).unwrap();
    match pid {
        Some(pid) => {
            let ended: bool = diesel::select(pg_terminate_backend(pid))
                .get_result(&mut conn)
                .unwrap();
            assert!(ended);
        }
        None => {
            diesel::sql_query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .execute(&mut conn)
            .unwrap();
        }
    }
    // Gone before this returns: the signal takes its time.
    loop {
        let left: Count = diesel::sql_query(match pid {
            Some(pid) => {
                format!("SELECT count(*) AS count FROM pg_stat_activity WHERE pid = {pid}")
            }
            None => "SELECT count(*) AS count FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid()"
                .to_owned(),
        })
        .get_result(&mut conn)
        .unwrap();
        if left.count == 0 {
            return;
        }
    }
}

fn url(test: &TestDatabase) -> String {
    let DatabaseConfig::Postgres { url, .. } = &test.config else {
        panic!("a database on a server");
    };
    url.clone()
}

fn own_pid(conn: &mut Connection<'_>) -> Result<i32, DatabaseError> {
    let Connection::Postgres(c) = conn else {
        return Err(DatabaseError::NotFound);
    };
    Ok(diesel::select(pg_backend_pid()).get_result(*c)?)
}

fn rename(conn: &mut Connection<'_>, id: i64, body: &str) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(notes::table.find(id))
        .set(notes::body.eq(body))
        .execute(c))?;
    Ok(())
}

/// So many units at once that each has a connection of its own.
async fn use_all_connections(database: &Database) {
    let units = (0..4).map(|number: i32| {
        let database = database.clone();
        tokio::spawn(async move {
            database
                .write(move |conn| insert(conn, &format!("{number}-{}", fresh())))
                .await
        })
    });
    for unit in units.collect::<Vec<_>>() {
        unit.await.unwrap().unwrap();
    }
}

fn fresh() -> usize {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    LAST.fetch_add(1, Ordering::SeqCst)
}

#[tokio::test]
async fn no_unit_fails_when_all_idle_connections_have_died() {
    let Some(test) = on_postgres().await else {
        return;
    };
    for _ in 0..3 {
        use_all_connections(&test.database).await;
        let url = url(&test);
        tokio::task::spawn_blocking(move || terminate(&url, None))
            .await
            .unwrap();
    }
    use_all_connections(&test.database).await;
    assert_eq!(bodies(&test.database).await.len(), 16);
}

#[tokio::test]
async fn units_one_after_another_leave_connections_unopened() {
    let Some(test) = on_postgres().await else {
        return;
    };
    for number in 0..20 {
        test.database
            .write(move |conn| insert(conn, &number.to_string()))
            .await
            .unwrap();
    }
    let count: Count = test
        .database
        .read(|conn| {
            Ok::<_, DatabaseError>(on_backend!(conn, |c| diesel::sql_query(
                "SELECT count(*) AS count FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'dealwire'"
            )
            .get_result(c))?)
        })
        .await
        .unwrap();
    assert_eq!(count.count, 1);
}

/// Each holds the row that the other one wants.
#[tokio::test]
async fn units_that_lock_each_other_out_both_succeed() {
    let Some(test) = on_postgres().await else {
        return;
    };
    let first = test.database.write(|conn| insert(conn, "a")).await.unwrap();
    let second = test.database.write(|conn| insert(conn, "b")).await.unwrap();
    let meeting = Arc::new(std::sync::Barrier::new(2));
    let runs = Arc::new(AtomicUsize::new(0));
    let both = [(first, second, "one"), (second, first, "other")].map(|(mine, other, name)| {
        let (meeting, runs) = (Arc::clone(&meeting), Arc::clone(&runs));
        let mut met = false;
        test.database.write(move |conn| {
            runs.fetch_add(1, Ordering::SeqCst);
            rename(conn, mine, &format!("{name}-{mine}"))?;
            if !std::mem::replace(&mut met, true) {
                meeting.wait();
            }
            rename(conn, other, &format!("{name}-{other}"))
        })
    });
    let [one, other] = both;
    let (one, other) = timeout(DEADLINE, async { tokio::join!(one, other) })
        .await
        .unwrap();
    one.unwrap();
    other.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_unit_that_goes_on_after_a_failed_statement_is_told_so() {
    let Some(test) = on_postgres().await else {
        return;
    };
    test.database
        .write(|conn| insert(conn, "taken"))
        .await
        .unwrap();
    let outcome = test
        .database
        .write(|conn| {
            insert(conn, "before")?;
            insert(conn, "taken").ok();
            Ok::<_, DatabaseError>(())
        })
        .await;
    assert!(
        matches!(outcome, Err(DatabaseError::Refused(_))),
        "{outcome:?}"
    );
    assert_eq!(bodies(&test.database).await, ["taken"]);
}

#[tokio::test]
async fn a_lost_commit_is_reported_and_not_repeated() {
    let Some(test) = on_postgres().await else {
        return;
    };
    let (url, runs) = (url(&test), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&runs);
    let outcome = test
        .database
        .write(move |conn| {
            counted.fetch_add(1, Ordering::SeqCst);
            insert(conn, "in doubt")?;
            terminate(&url, Some(own_pid(conn)?));
            Ok::<_, DatabaseError>(())
        })
        .await;
    assert!(outcome.unwrap_err().is_unavailable());
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    // And the next one finds a connection that works.
    test.database
        .write(|conn| insert(conn, "next"))
        .await
        .unwrap();
    assert_eq!(bodies(&test.database).await, ["next"]);
}

#[tokio::test]
async fn a_connection_lost_in_a_unit_makes_the_database_unavailable() {
    let Some(test) = on_postgres().await else {
        return;
    };
    let url = url(&test);
    let outcome = test
        .database
        .write(move |conn| {
            terminate(&url, Some(own_pid(conn)?));
            insert(conn, "never")
        })
        .await;
    let error = outcome.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert!(!error.to_string().contains('\n'), "{error}");
}

#[tokio::test]
async fn what_only_reads_runs_again_on_another_connection() {
    let Some(test) = on_postgres().await else {
        return;
    };
    let (url, mut cut) = (url(&test), false);
    let runs: i64 = test
        .database
        .read(move |conn| {
            let pid = own_pid(conn)?;
            if !std::mem::replace(&mut cut, true) {
                terminate(&url, Some(pid));
            }
            Ok::<_, DatabaseError>(on_backend!(conn, |c| notes::table.count().get_result(c))?)
        })
        .await
        .unwrap();
    assert_eq!(runs, 0);
}

#[tokio::test]
async fn who_listens_is_told_by_another_process_and_after_reconnecting() {
    let Some(test) = on_postgres().await else {
        return;
    };
    let told = Arc::new(Notify::new());
    let heard = Arc::clone(&told);
    let listener = test
        .database
        .listen("test_channel", move || heard.notify_one());
    // Once for being connected.
    timeout(DEADLINE, told.notified()).await.unwrap();
    let other = Database::open(&test.config, Vec::new()).await.unwrap();
    other.notify("test_channel").await.unwrap();
    timeout(DEADLINE, told.notified()).await.unwrap();

    let url = url(&test);
    tokio::task::spawn_blocking(move || terminate(&url, None))
        .await
        .unwrap();
    timeout(DEADLINE, told.notified()).await.unwrap();
    drop(listener);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_does_not_wait_for_a_migration_that_waits_for_a_reader() {
    let Some(test) = on_postgres().await else {
        return;
    };
    let url = url(&test);
    let mut reader = PgConnection::establish(&url).unwrap();
    diesel::sql_query("BEGIN").execute(&mut reader).unwrap();
    let lock = "LOCK TABLE notes IN ACCESS SHARE MODE";
    diesel::sql_query(lock).execute(&mut reader).unwrap();

    let config = test.config.clone();
    let migrating =
        tokio::spawn(async move { Database::migrate(&config, later_migrations()).await });
    let mut observer = PgConnection::establish(&url).unwrap();
    let waits = "SELECT count(*) AS count FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                 WHERE d.datname = current_database() AND NOT granted";
    let started = std::time::Instant::now();
    loop {
        let waiting: Count = diesel::sql_query(waits).get_result(&mut observer).unwrap();
        if waiting.count > 0 {
            break;
        }
        assert!(started.elapsed() < DEADLINE, "nothing waits for the lock");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Behind the migration in the queue for the lock, which it gives up.
    let read = timeout(DEADLINE, bodies(&test.database)).await;
    assert!(read.unwrap().is_empty());
    assert!(!migrating.is_finished(), "it tries again");

    diesel::sql_query("COMMIT").execute(&mut reader).unwrap();
    let ran = timeout(DEADLINE, migrating)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(ran, ["20260102000000"]);
}
