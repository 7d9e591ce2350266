//! Schema changes, embedded in the program.

use std::time::{Duration, Instant};

use diesel::backend::Backend;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use crate::DatabaseError;

/// The same schema changes, written for both engines; kept in a `const`.
#[expect(
    missing_debug_implementations,
    reason = "embedded migrations have none"
)]
pub struct Migrations {
    /// For SQLite.
    pub sqlite: EmbeddedMigrations,
    /// For PostgreSQL.
    pub postgres: EmbeddedMigrations,
}

/// How long a migration may meet statements that are in its way.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two tries; what has queued up behind the first one goes meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs what is pending; returns the names of those that ran.
///
/// A migration that gives up waiting for a lock, where the connection sets a limit, is tried
/// again.
pub(crate) fn run_pending<C, B>(
    conn: &mut C,
    migrations: EmbeddedMigrations,
) -> Result<Vec<String>, String>
where
    B: Backend,
    C: MigrationHarness<B>,
{
    let until = Instant::now() + PATIENCE;
    let mut ran = Vec::new();
    let pending = conn
        .pending_migrations(migrations)
        .map_err(|error| error.to_string())?;
    for migration in pending {
        loop {
            match conn.run_migration(&*migration) {
                Ok(version) => break ran.push(version.to_string()),
                Err(error) => {
                    let reason = error.to_string();
                    if !reason.contains("lock timeout") || Instant::now() >= until {
                        return Err(reason);
                    }
                    tracing::info!(
                        migration = migration.name().to_string(),
                        "statements of running services are in a migration's way; it is tried again"
                    );
                    std::thread::park_timeout(PAUSE);
                }
            }
        }
    }
    Ok(ran)
}

/// The names of those that did not run.
pub(crate) fn list_pending<C, B>(
    conn: &mut C,
    migrations: EmbeddedMigrations,
) -> Result<Vec<String>, DatabaseError>
where
    B: Backend,
    C: MigrationHarness<B>,
{
    let pending = conn
        .pending_migrations(migrations)
        .map_err(|error| DatabaseError::Refused(diesel::result::Error::QueryBuilderError(error)))?;
    Ok(pending
        .iter()
        .map(|migration| migration.name().to_string())
        .collect())
}
