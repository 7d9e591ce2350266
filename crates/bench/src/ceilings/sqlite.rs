//! Small rows into SQLite, with the durability that Dealwire asks of it.
//!
//! One writer at a time is all that SQLite has, so clients either commit one after
//! another, or hand their rows to a writer that commits at once what waits.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Binary};
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, sql_query};
use tokio::task::JoinSet;

const TIME: Duration = Duration::from_secs(3);

/// Whoever waits for a commit.
type Waiting = Sender<()>;

/// Durable rows per second of `clients` at once, each waiting for its commit.
pub(super) async fn rate(folder: &Path, clients: u32, body: &Bytes) -> anyhow::Result<f64> {
    let folder = folder.join("sqlite");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir(&folder)?;
    let path = folder.join("rows.db");
    let (rows, waiting) = channel::<Waiting>();
    let body = body.clone();
    let mut working: JoinSet<anyhow::Result<u32>> = JoinSet::new();
    let started = Instant::now();
    working.spawn_blocking(move || write(&path, &body, &waiting));
    for _ in 0..clients {
        let rows = rows.clone();
        working.spawn_blocking(move || {
            insert_for(&rows)?;
            Ok(0)
        });
    }
    // The writer ends with the last client.
    drop(rows);
    let mut committed = 0;
    while let Some(ended) = working.join_next().await {
        committed += ended??;
    }
    let took = started.elapsed();
    std::fs::remove_dir_all(&folder)?;
    Ok(f64::from(committed) / took.as_secs_f64())
}

/// Commits what waits, again and again; the rows.
fn write(path: &Path, body: &[u8], waiting: &Receiver<Waiting>) -> anyhow::Result<u32> {
    let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
    connection.batch_execute(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         CREATE TABLE rows (id INTEGER PRIMARY KEY AUTOINCREMENT, number BIGINT NOT NULL, body BLOB NOT NULL);",
    )?;
    let mut rows = 0;
    while let Ok(first) = waiting.recv() {
        let group: Vec<Waiting> = std::iter::once(first).chain(waiting.try_iter()).collect();
        connection.immediate_transaction(|connection| {
            for number in 0..group.len() {
                insert(connection, i64::try_from(number)?, body)?;
            }
            anyhow::Ok(())
        })?;
        rows += u32::try_from(group.len())?;
        for client in group {
            // A client waits for this, or has failed and says so itself.
            let _ = client.send(());
        }
    }
    Ok(rows)
}

fn insert(connection: &mut SqliteConnection, number: i64, body: &[u8]) -> anyhow::Result<()> {
    sql_query("INSERT INTO rows (number, body) VALUES (?, ?)")
        .bind::<BigInt, _>(number)
        .bind::<Binary, _>(body)
        .execute(connection)?;
    Ok(())
}

fn insert_for(rows: &Sender<Waiting>) -> anyhow::Result<()> {
    let started = Instant::now();
    let (done, is_done) = channel();
    while started.elapsed() < TIME {
        rows.send(done.clone()).context("the writer has failed")?;
        // `done` is kept here, so an end of the writer shows as silence only.
        is_done
            .recv_timeout(TIME * 3)
            .context("the writer has failed")?;
    }
    Ok(())
}
