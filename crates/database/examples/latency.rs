//! What a unit of work costs, one after another: the round trips, and the disk.
//!
//! ```text
//! cargo run --release -p database --example latency -- postgres://postgres@127.0.0.1/postgres
//! ```
//!
//! Without a URL it measures a new SQLite file. On a server it makes a schema
//! named `latency` and drops it at the end.

use std::time::Instant;

use database::{Connection, Database, DatabaseConfig, DatabaseError, on_backend};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

const UNITS: u32 = 2_000;

diesel::table! {
    measured (id) {
        id -> BigInt,
        body -> Text,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let config = match std::env::args().nth(1) {
        Some(url) => DatabaseConfig::Postgres {
            url: format!("{url}?options=-csearch_path%3Dlatency"),
            connections: 2,
        },
        None => DatabaseConfig::Sqlite {
            path: folder.path().join("latency.db"),
            readers: 2,
        },
    };
    let database = Database::open(&config, Vec::new()).await?;
    script(
        &database,
        "CREATE TABLE measured (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL)",
        "CREATE SCHEMA latency;
         CREATE TABLE measured (id BIGSERIAL PRIMARY KEY, body TEXT NOT NULL)",
    )
    .await?;

    let started = Instant::now();
    for _ in 0..UNITS {
        database.write(|_conn| Ok::<_, DatabaseError>(())).await?;
    }
    report("write, nothing in it", started);
    let started = Instant::now();
    for _ in 0..UNITS {
        database.write(insert).await?;
    }
    report("write, one row", started);
    let started = Instant::now();
    for _ in 0..UNITS {
        database
            .read(|conn| {
                Ok::<_, DatabaseError>(on_backend!(conn, |c| measured::table
                    .find(1)
                    .select(measured::body)
                    .first::<String>(c))?)
            })
            .await?;
    }
    report("read, one row", started);
    script(
        &database,
        "DROP TABLE measured",
        "DROP SCHEMA latency CASCADE",
    )
    .await?;
    Ok(())
}

fn insert(conn: &mut Connection<'_>) -> Result<usize, DatabaseError> {
    Ok(on_backend!(conn, |c| diesel::insert_into(measured::table)
        .values(measured::body.eq("x".repeat(200)))
        .execute(c))?)
}

async fn script(
    database: &Database,
    sqlite: &'static str,
    postgres: &'static str,
) -> Result<(), DatabaseError> {
    database
        .write(move |conn| {
            match conn {
                Connection::Sqlite(c) => c.batch_execute(sqlite)?,
                Connection::Postgres(c) => c.batch_execute(postgres)?,
            }
            Ok(())
        })
        .await
}

fn report(what: &str, started: Instant) {
    let each = started.elapsed() / UNITS;
    println!("{what:<24} {:>7} us", each.as_micros());
}
