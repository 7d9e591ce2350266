//! Migrations when several replicas start at once.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_migrations::EmbeddedMigrations;

use super::connect::connect;
use super::target;
use crate::OpenError;
use crate::error::{is_outage, one_line};
use crate::migrations::run_pending;

/// The advisory lock that says "I migrate"; the bytes of `dealwire`.
const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"dealwire");

/// How long a statement of a migration waits for a lock: whoever comes after it on that table
/// waits behind it.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '2s'";

/// How long to wait before asking again for a lock that another process holds.
const POLL: Duration = Duration::from_millis(100);

diesel::define_sql_function! {
    fn pg_try_advisory_lock(key: BigInt) -> diesel::sql_types::Bool;
}

/// Runs what is pending on a connection of its own. The lock is polled, since
/// waiting for it in the server would block `CREATE INDEX CONCURRENTLY`. Returns
/// the names of those that ran.
pub(crate) async fn run(
    url: &str,
    sources: Vec<EmbeddedMigrations>,
) -> Result<Vec<String>, OpenError> {
    let mut conn = on_thread(url, |url| {
        connect(url).map_err(|reason| OpenError::Connect {
            target: target(url),
            reason,
        })
    })
    .await?;
    loop {
        let (locked, same) = on_thread(url, move |url| {
            let locked = diesel::select(pg_try_advisory_lock(MIGRATION_LOCK))
                .get_result::<bool>(&mut conn)
                .map_err(|error| failed(url, error.to_string()))?;
            Ok((locked, conn))
        })
        .await?;
        conn = same;
        if locked {
            break;
        }
        tokio::time::sleep(POLL).await;
    }
    // Closing the connection gives the lock back.
    on_thread(url, move |url| {
        conn.batch_execute(LOCK_TIMEOUT)
            .map_err(|error| failed(url, error.to_string()))?;
        let mut ran = Vec::new();
        for source in sources {
            ran.extend(run_pending(&mut conn, source).map_err(|reason| failed(url, reason))?);
        }
        Ok(ran)
    })
    .await
}

fn failed(url: &str, reason: String) -> OpenError {
    let (target, reason) = (target(url), one_line(&reason));
    if is_outage(&reason) {
        return OpenError::Connect { target, reason };
    }
    OpenError::Migrate { target, reason }
}

async fn on_thread<T, F>(url: &str, work: F) -> Result<T, OpenError>
where
    T: Send + 'static,
    F: FnOnce(&str) -> Result<T, OpenError> + Send + 'static,
{
    let owned = url.to_owned();
    tokio::task::spawn_blocking(move || work(&owned))
        .await
        .unwrap_or_else(|panicked| Err(failed(url, panicked.to_string())))
}
