//! Schema changes, embedded in the program.

use diesel::backend::Backend;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

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

/// Runs what is pending; returns the names of those that ran.
pub(crate) fn run_pending<C, B>(
    conn: &mut C,
    migrations: EmbeddedMigrations,
) -> Result<Vec<String>, String>
where
    B: Backend,
    C: MigrationHarness<B>,
{
    conn.run_pending_migrations(migrations)
        .map(|ran| ran.iter().map(ToString::to_string).collect())
        .map_err(|error| error.to_string())
}
