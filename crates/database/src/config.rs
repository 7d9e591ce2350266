//! Where a service keeps its rows.

use std::path::PathBuf;

/// The two places that a service can keep its rows in.
#[derive(Debug, Clone)]
pub enum DatabaseConfig {
    /// A file, with its write-ahead log beside it.
    Sqlite {
        /// The file; made if it is missing.
        path: PathBuf,
        /// How many readers run beside the one writer.
        readers: usize,
    },
    /// A PostgreSQL database.
    Postgres {
        /// A libpq connection URL.
        url: String,
        /// How many connections, and so units at once.
        connections: usize,
    },
}
