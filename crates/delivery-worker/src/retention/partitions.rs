//! Partitions of bodies on PostgreSQL: made ahead, and dropped when all in them is old.
//!
//! Each change takes the table for itself for some milliseconds. It waits for that
//! [briefly](store::LOCK_TIMEOUT_MS), since all others wait behind it meanwhile, and
//! tries again later.

use std::time::Duration;

use database::{Backend, Connection, Database, DatabaseError};
use diesel::pg::PgConnection;

use super::Moment;
use super::layout::{BodyTable, end_of_first, next_release, wanting};
use crate::store::retention::Cutoffs;
use crate::store::retention::partitions::{self as store, Lock};

/// How often a table is asked for, and how long others go first in between.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(250);

/// Makes partitions for the days to come, where they are wanting.
pub(super) async fn make_ahead(database: &Database) -> Result<(), DatabaseError> {
    if database.backend() == Backend::Sqlite {
        return Ok(());
    }
    for table in BodyTable::ALL {
        let (now, partitions) = database
            .read(move |conn| {
                let now = Moment::of_us(conn.now_us()?);
                let partitions = on_server(conn, |c| store::list_partitions(c, table))?;
                Ok::<_, DatabaseError>((now, partitions))
            })
            .await?;
        let Some(ahead) = wanting(&partitions, now) else {
            continue;
        };
        let made = alone(database, move |c| store::make_ahead(c, table, &ahead)).await?;
        if made == Lock::Taken(()) {
            tracing::debug!(table = table.name(), "partitions were made");
        }
        drop_detached(database, table).await?;
    }
    Ok(())
}

/// Up to where old bodies go row by row: everywhere on SQLite.
pub(super) async fn end_of_rows(database: &Database) -> Result<Moment, DatabaseError> {
    if database.backend() == Backend::Sqlite {
        return Ok(Moment(u64::MAX));
    }
    let mut end = Moment(u64::MAX);
    for table in BodyTable::ALL {
        let partitions = database
            .read(move |conn| on_server(conn, |c| store::list_partitions(c, table)))
            .await?;
        end = end.min(end_of_first(&partitions));
    }
    Ok(end)
}

/// Drops partitions in which all is old; answers how many. What is owed moves to where
/// the rest is kept; where that is much, the partition stays.
pub(super) async fn drop_old(
    database: &Database,
    cutoffs: Cutoffs,
) -> Result<usize, DatabaseError> {
    if database.backend() == Backend::Sqlite {
        return Ok(0);
    }
    let mut dropped = 0;
    for table in BodyTable::ALL {
        drop_detached(database, table).await?;
        let mut passed = Vec::new();
        loop {
            let partitions = database
                .read(move |conn| on_server(conn, |c| store::list_partitions(c, table)))
                .await?;
            let Some(release) = next_release(&partitions, cutoffs.deliveries, &passed) else {
                break;
            };
            let name = release.partition.name.clone();
            match alone(database, move |c| store::release(c, table, &release)).await? {
                Lock::Taken(Some(moved)) => {
                    drop_detached(database, table).await?;
                    tracing::info!(partition = name, moved, "an old partition was dropped");
                    dropped += 1;
                }
                Lock::Taken(None) => {
                    tracing::info!(
                        partition = name,
                        "an old partition stays: much of it is still owed to receivers"
                    );
                    passed.push(name);
                }
                // Another worker is at it.
                Lock::Busy => break,
            }
        }
    }
    Ok(dropped)
}

/// Removes the tables of partitions that are none any more: nobody waits for them.
async fn drop_detached(database: &Database, table: BodyTable) -> Result<(), DatabaseError> {
    let names = database
        .read(move |conn| on_server(conn, |c| store::list_detached(c, table)))
        .await?;
    for name in names {
        alone(database, move |c| store::drop_detached(c, &name)).await?;
    }
    Ok(())
}

/// Runs a change of tables, again and again while others are at them.
async fn alone<T: Send + 'static>(
    database: &Database,
    change: impl Fn(&mut PgConnection) -> Result<T, DatabaseError> + Clone + Send + 'static,
) -> Result<Lock<T>, DatabaseError> {
    let mut tries = 1;
    loop {
        let change = change.clone();
        let outcome = database
            .write(move |conn| match conn {
                Connection::Postgres(c) => store::alone(c, &change),
                Connection::Sqlite(_) => Ok(Lock::Busy),
            })
            .await;
        match outcome {
            Err(error) if tries < TRIES && store::is_lock_timeout(&error) => {
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

fn on_server<T: Default>(
    conn: &mut Connection<'_>,
    read: impl FnOnce(&mut PgConnection) -> Result<T, DatabaseError>,
) -> Result<T, DatabaseError> {
    match conn {
        Connection::Postgres(c) => read(c),
        Connection::Sqlite(_) => Ok(T::default()),
    }
}
