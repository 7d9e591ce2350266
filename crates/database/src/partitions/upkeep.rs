//! What is done about partitions, and when.

use std::time::{Duration, Instant};

use diesel::pg::PgConnection;

use super::Moment;
use super::layout::{Partition, Release, end_of_first, next_release, old, wanting};
use super::statements::{self, Lock};
use super::table::PartitionedTable;
use crate::{Backend, Connection, Database, DatabaseError};

/// How often a table is asked for, and how long others go first in between.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(250);

/// Makes partitions for the days to come, where they are wanting.
///
/// # Errors
/// Database failures, and a table that others did not let go for some seconds.
pub async fn make_ahead(
    database: &Database,
    table: &'static PartitionedTable,
) -> Result<(), DatabaseError> {
    if database.backend() == Backend::Sqlite {
        return Ok(());
    }
    let (now, partitions) = database
        .read(move |conn| {
            let now = Moment::of_us(conn.now_us()?);
            let partitions = on_server(conn, |c| statements::list_partitions(c, table))?;
            Ok::<_, DatabaseError>((now, partitions))
        })
        .await?;
    let Some(ahead) = wanting(&partitions, now) else {
        return Ok(());
    };
    let made = alone(database, table, move |c| {
        statements::ahead::make_ahead(c, table, &ahead)
    })
    .await?;
    if made == Lock::Taken(()) {
        tracing::debug!(table = table.name, "partitions were made");
    }
    drop_detached(database, table).await
}

/// Up to where old rows go one by one: the end of the first partition, or of all on SQLite.
///
/// # Errors
/// Database failures.
pub async fn end_of_rows(
    database: &Database,
    table: &'static PartitionedTable,
) -> Result<Moment, DatabaseError> {
    database
        .read(move |conn| match conn {
            Connection::Sqlite(_) => Ok(Moment::LAST),
            Connection::Postgres(c) => Ok(end_of_first(&statements::list_partitions(c, table)?)),
        })
        .await
}

/// The same within a transaction that writes, and until it ends: no row moves meanwhile.
///
/// # Errors
/// Database failures.
pub fn hold_end_of_rows(
    conn: &mut Connection<'_>,
    table: &PartitionedTable,
) -> Result<Moment, DatabaseError> {
    match conn {
        Connection::Sqlite(_) => Ok(Moment::LAST),
        Connection::Postgres(c) => {
            statements::hold(c, table)?;
            Ok(end_of_first(&statements::list_partitions(c, table)?))
        }
    }
}

/// Keeps rows where they are until a unit that only reads ends. Its first statement: a unit sees
/// one moment, which has to begin after rows that are being moved have arrived, or it would find
/// them nowhere.
///
/// # Errors
/// Database failures.
pub fn hold_for_reading(
    conn: &mut Connection<'_>,
    table: &PartitionedTable,
) -> Result<(), DatabaseError> {
    on_server(conn, |c| statements::hold_for_reading(c, table))
}

/// Drops partitions in which all is before `cutoff`; answers how many. Rows whose owners are
/// still there move to where the rest is kept; where that is much, the partition stays, and
/// [`clear_unowned`] goes through it.
///
/// # Errors
/// Database failures, and a table that others did not let go for some seconds.
pub async fn drop_old(
    database: &Database,
    table: &'static PartitionedTable,
    cutoff: Moment,
) -> Result<usize, DatabaseError> {
    if database.backend() == Backend::Sqlite {
        return Ok(0);
    }
    drop_detached(database, table).await?;
    let (mut dropped, mut passed) = (0, Vec::new());
    loop {
        let partitions = list(database, table).await?;
        let Some(one) = next_release(&partitions, cutoff, &passed) else {
            return Ok(dropped);
        };
        let name = one.partition.name.clone();
        match release(database, table, one).await? {
            Lock::Taken(Some(moved)) => {
                drop_detached(database, table).await?;
                tracing::info!(partition = name, moved, "an old partition was dropped");
                dropped += 1;
            }
            Lock::Taken(None) => {
                tracing::info!(
                    partition = name,
                    "an old partition stays: too much of it is still needed"
                );
                passed.push(name);
            }
            // Another process is at it.
            Lock::Busy => return Ok(dropped),
        }
    }
}

/// Deletes rows whose owners are gone from partitions that stay though all in them is before
/// `cutoff`, in small transactions with rests between, until `is_over`; answers how many. The
/// first partition is left to those who delete the owners of its rows
/// ([`end_of_rows`]).
///
/// # Errors
/// Database failures, and a table that others did not let go for some seconds.
pub async fn clear_unowned(
    database: &Database,
    table: &'static PartitionedTable,
    cutoff: Moment,
    is_over: impl Fn() -> bool,
) -> Result<usize, DatabaseError> {
    if database.backend() == Backend::Sqlite {
        return Ok(0);
    }
    let partitions = list(database, table).await?;
    let mut rows = 0;
    for partition in old(&partitions, cutoff) {
        let mut after: Option<String> = None;
        while !is_over() {
            let began = Instant::now();
            let (partition, behind) = (partition.clone(), after.take());
            let part = alone(database, table, move |c| {
                statements::clear::clear_unowned(c, table, &partition, behind.as_deref())
            });
            let Lock::Taken(part) = part.await? else {
                // Another process is at it.
                return Ok(rows);
            };
            rows += part.rows;
            after = part.after;
            if after.is_none() {
                break;
            }
            // Others go first for as long.
            tokio::time::sleep(began.elapsed()).await;
        }
    }
    Ok(rows)
}

async fn release(
    database: &Database,
    table: &'static PartitionedTable,
    release: Release,
) -> Result<Lock<Option<usize>>, DatabaseError> {
    // Before anybody has to wait; this also makes the second look short.
    let partition = release.partition.clone();
    let is_movable = database
        .read(move |conn| {
            on_server(conn, |c| {
                statements::release::is_movable(c, table, &partition)
            })
        })
        .await?;
    if !is_movable {
        return Ok(Lock::Taken(None));
    }
    if let (Some(rest), Some(until)) = (release.below.clone(), release.partition.until) {
        let next = rest.clone();
        let announced = alone(database, table, move |c| {
            statements::release::announce_widening(c, table, &rest, until)
        });
        if announced.await? == Lock::Busy {
            return Ok(Lock::Busy);
        }
        let checked = alone(database, table, move |c| {
            statements::release::check_widening(c, table, &next)
        });
        if checked.await? == Lock::Busy {
            return Ok(Lock::Busy);
        }
    }
    alone(database, table, move |c| {
        statements::release::release(c, table, &release)
    })
    .await
}

async fn list(
    database: &Database,
    table: &'static PartitionedTable,
) -> Result<Vec<Partition>, DatabaseError> {
    database
        .read(move |conn| on_server(conn, |c| statements::list_partitions(c, table)))
        .await
}

/// Removes the tables of partitions that are none any more: nobody waits for them.
async fn drop_detached(
    database: &Database,
    table: &'static PartitionedTable,
) -> Result<(), DatabaseError> {
    let names = database
        .read(move |conn| on_server(conn, |c| statements::list_detached(c, table)))
        .await?;
    for name in names {
        alone(database, table, move |c| {
            statements::drop_detached(c, &name)
        })
        .await?;
    }
    Ok(())
}

/// Runs a change of tables, again and again while others are at them.
async fn alone<T: Send + 'static>(
    database: &Database,
    table: &'static PartitionedTable,
    change: impl Fn(&mut PgConnection) -> Result<T, DatabaseError> + Clone + Send + 'static,
) -> Result<Lock<T>, DatabaseError> {
    let mut tries = 1;
    loop {
        let change = change.clone();
        let outcome = database
            .write(move |conn| match conn {
                Connection::Postgres(c) => statements::alone(c, table, &change),
                Connection::Sqlite(_) => Ok(Lock::Busy),
            })
            .await;
        match outcome {
            Err(error) if tries < TRIES && statements::is_lock_timeout(&error) => {
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
