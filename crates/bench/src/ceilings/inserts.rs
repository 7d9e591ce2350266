//! Small rows into PostgreSQL, a commit each.

use std::time::{Duration, Instant};

use bytes::Bytes;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Binary};
use diesel::{Connection as _, PgConnection, RunQueryDsl as _, sql_query};
use rig::Servers;
use tokio::task::JoinSet;

use super::Done;

const DATABASE: &str = "ceiling";

const TIME: Duration = Duration::from_secs(3);

/// Rows that `clients` commit at once.
pub(super) async fn commit(servers: &Servers, clients: u32, body: &Bytes) -> anyhow::Result<Done> {
    servers.create_database(DATABASE).await?;
    let url = servers.database(DATABASE);
    let making = url.clone();
    tokio::task::spawn_blocking(move || {
        PgConnection::establish(&making)?.batch_execute(
            "CREATE TABLE rows (id bigserial PRIMARY KEY, number bigint NOT NULL, body bytea NOT NULL)",
        )?;
        anyhow::Ok(())
    })
    .await??;
    let mut inserting = JoinSet::new();
    let started = Instant::now();
    for _ in 0..clients {
        let (url, body) = (url.clone(), body.clone());
        inserting.spawn_blocking(move || insert_for(&url, &body));
    }
    let mut count = 0;
    while let Some(ended) = inserting.join_next().await {
        count += usize::try_from(ended??)?;
    }
    let took = started.elapsed();
    Ok(Done { count, took })
}

fn insert_for(url: &str, body: &[u8]) -> anyhow::Result<u32> {
    let mut connection = PgConnection::establish(url)?;
    let started = Instant::now();
    let mut rows = 0;
    while started.elapsed() < TIME {
        sql_query("INSERT INTO rows (number, body) VALUES ($1, $2)")
            .bind::<BigInt, _>(i64::from(rows))
            .bind::<Binary, _>(body)
            .execute(&mut connection)?;
        rows += 1;
    }
    Ok(rows)
}
