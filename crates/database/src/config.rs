//! Where a service keeps its rows.

use std::fmt;
use std::path::PathBuf;

use crate::postgres::target;

/// The two places that a service can keep its rows in.
#[derive(Clone)]
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

/// Without user and password.
impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path, readers } => f
                .debug_struct("Sqlite")
                .field("path", path)
                .field("readers", readers)
                .finish(),
            Self::Postgres { url, connections } => f
                .debug_struct("Postgres")
                .field("url", &target(url))
                .field("connections", connections)
                .finish(),
        }
    }
}
