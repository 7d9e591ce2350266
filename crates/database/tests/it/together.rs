//! Units that may share a transaction: each is kept or not as if it were alone.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use database::{Connection, Database, DatabaseConfig, DatabaseError, on_backend};
use diesel::prelude::*;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::fixture::{bodies, databases, insert, on_postgres};
use crate::schema::notes;

const DEADLINE: Duration = Duration::from_secs(30);

diesel::define_sql_function! {
    fn txid_current() -> diesel::sql_types::BigInt;
}
diesel::define_sql_function! {
    fn pg_backend_pid() -> diesel::sql_types::Integer;
}
diesel::define_sql_function! {
    fn pg_terminate_backend(pid: diesel::sql_types::Integer) -> diesel::sql_types::Bool;
}

fn transaction(conn: &mut Connection<'_>) -> Result<i64, DatabaseError> {
    match conn {
        Connection::Sqlite(_) => Err(DatabaseError::NotFound),
        Connection::Postgres(c) => Ok(diesel::select(txid_current()).get_result(*c)?),
    }
}

/// So many units at once, and what each has come to.
async fn all_at_once<T, F>(
    database: &Database,
    count: usize,
    work: F,
) -> Vec<(usize, Result<T, DatabaseError>)>
where
    T: Send + 'static,
    F: Fn(&mut Connection<'_>, usize) -> Result<T, DatabaseError> + Send + Sync + 'static,
{
    let work = Arc::new(work);
    let mut units = JoinSet::new();
    for number in 0..count {
        let (database, work) = (database.clone(), Arc::clone(&work));
        units.spawn(async move {
            let unit = move |conn: &mut Connection<'_>| work(conn, number);
            (number, database.write_together(unit).await)
        });
    }
    units.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_share_transactions() {
    let Some(test) = on_postgres().await else {
        return;
    };
    let all = all_at_once(&test.database, 300, |conn, number| {
        insert(conn, &number.to_string())?;
        transaction(conn)
    })
    .await;
    let transactions: HashSet<i64> = all.into_iter().map(|(_, id)| id.unwrap()).collect();
    assert!(transactions.len() < 200, "{} for 300", transactions.len());
    assert_eq!(bodies(&test.database).await.len(), 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fails_takes_no_neighbour_along() {
    for test in databases().await {
        test.database
            .write(|conn| insert(conn, "taken"))
            .await
            .unwrap();
        let all = all_at_once(&test.database, 200, |conn, number| {
            insert(conn, &number.to_string())?;
            match number % 10 {
                3 => Err(DatabaseError::NotFound),
                6 => insert(conn, "taken"),
                9 => panic!("as a unit may"),
                _ => Ok(0),
            }
        })
        .await;
        for (number, outcome) in all {
            let expected = match number % 10 {
                3 => matches!(outcome, Err(DatabaseError::NotFound)),
                6 => matches!(&outcome, Err(error) if error.is_unique_violation()),
                9 => matches!(outcome, Err(DatabaseError::Panicked(_))),
                _ => outcome.is_ok(),
            };
            assert!(expected, "{number}: {outcome:?}");
        }
        let kept: HashSet<String> = bodies(&test.database).await.into_iter().collect();
        let expected = (0..200)
            .filter(|number| ![3, 6, 9].contains(&(number % 10)))
            .map(|number| number.to_string())
            .chain(["taken".to_owned()])
            .collect();
        assert_eq!(kept, expected);
    }
}

/// The units that want the row wait for it as long as it takes; the others do not.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_somebody_keeps_holds_up_only_who_wants_it() {
    let Some(test) = on_postgres().await else {
        return;
    };
    let DatabaseConfig::Postgres { url, .. } = &test.config else {
        panic!("a database on a server");
    };
    // Enough for all that want the row and for one more.
    let config = DatabaseConfig::Postgres {
        url: url.clone(),
        connections: 8,
    };
    let database = Database::open(&config, Vec::new()).await.unwrap();
    let id = database.write(|conn| insert(conn, "0")).await.unwrap();
    let (held, holds) = oneshot::channel();
    let (let_go, end) = std::sync::mpsc::channel::<()>();
    let (mut held, end) = (Some(held), std::sync::Mutex::new(end));
    let holding = database.clone();
    let holder = tokio::spawn(async move {
        holding
            .write(move |conn| {
                append(conn, id)?;
                if let Some(held) = held.take() {
                    held.send(()).unwrap();
                }
                end.lock().unwrap().recv().ok();
                Ok::<_, DatabaseError>(())
            })
            .await
    });
    holds.await.unwrap();

    let for_wanting = database.clone();
    let wanting =
        tokio::spawn(
            async move { all_at_once(&for_wanting, 5, move |conn, _| append(conn, id)).await },
        );
    let others = all_at_once(&database, 100, |conn, number| {
        insert(conn, &format!("other-{number}"))
    });
    for (_, outcome) in timeout(DEADLINE, others).await.unwrap() {
        outcome.unwrap();
    }
    assert!(!wanting.is_finished());
    let_go.send(()).unwrap();
    holder.await.unwrap().unwrap();
    for (_, outcome) in timeout(DEADLINE, wanting).await.unwrap().unwrap() {
        outcome.unwrap();
    }
    let all = bodies(&test.database).await;
    assert!(all.contains(&"0++++++".to_owned()), "{all:?}");
}

fn append(conn: &mut Connection<'_>, id: i64) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(notes::table.find(id))
        .set(notes::body.eq(notes::body.concat("+")))
        .execute(c))?;
    Ok(())
}

/// A connection that dies under a group: nobody is told that a change was kept which was not.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_keeps_nothing_that_was_not_answered() {
    let Some(test) = on_postgres().await else {
        return;
    };
    let cut = Arc::new(AtomicUsize::new(0));
    let all = all_at_once(&test.database, 200, move |conn, number| {
        insert(conn, &number.to_string())?;
        if number % 50 == 49
            && cut.fetch_add(1, Ordering::SeqCst) < 4
            && let Connection::Postgres(c) = conn
        {
            let own = diesel::select(pg_backend_pid()).get_result::<i32>(*c)?;
            diesel::select(pg_terminate_backend(own)).get_result::<bool>(*c)?;
        }
        Ok(())
    })
    .await;
    let kept: HashSet<String> = bodies(&test.database).await.into_iter().collect();
    for (number, outcome) in &all {
        match outcome {
            Ok(()) => assert!(kept.contains(&number.to_string()), "{number}"),
            Err(error) => {
                assert!(error.is_unavailable(), "{number}: {error:?}");
                assert!(!kept.contains(&number.to_string()), "{number}");
            }
        }
    }
    assert!(all.iter().any(|(_, outcome)| outcome.is_err()));
    assert!(all.iter().any(|(_, outcome)| outcome.is_ok()));
}
