//! The handle that services hold.

use std::sync::Arc;

use diesel::RunQueryDsl;

use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::unit::pending;
use crate::{Backend, Connection, DatabaseConfig, DatabaseError, Migrations, OpenError};

/// A service's database. Clones share it; it closes with the last one.
#[derive(Debug, Clone)]
pub struct Database {
    engine: Arc<Engine>,
}

#[derive(Debug)]
enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Database {
    /// Opens the database and brings its schema up to date.
    ///
    /// A schema that is newer than this program is left as it is.
    pub async fn open(
        config: &DatabaseConfig,
        migrations: Vec<Migrations>,
    ) -> Result<Self, OpenError> {
        let engine = match config {
            DatabaseConfig::Sqlite { path, readers } => {
                Engine::Sqlite(Sqlite::open(path, *readers, migrations).await?)
            }
            DatabaseConfig::Postgres { url, connections } => {
                Engine::Postgres(Postgres::open(url, *connections, migrations).await?)
            }
        };
        Ok(Self {
            engine: Arc::new(engine),
        })
    }

    /// Which engine is behind it.
    pub fn backend(&self) -> Backend {
        match &*self.engine {
            Engine::Sqlite(_) => Backend::Sqlite,
            Engine::Postgres(_) => Backend::Postgres,
        }
    }

    /// Runs `work` in one transaction, which is durable when this returns `Ok`.
    ///
    /// `work` may run more than once; an `Err` rolls its changes back.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Connection<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let (unit, answer) = pending(work);
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.write(unit).await,
            Engine::Postgres(postgres) => postgres.write(unit).await,
        }
        answer.await.unwrap_or_else(|_gone| Err(stopped().into()))
    }

    /// Runs `work` on a reader. It sees one moment on SQLite, and statement by
    /// statement on PostgreSQL.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Connection<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let (unit, answer) = pending(work);
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.read(unit).await,
            Engine::Postgres(postgres) => postgres.read(unit).await,
        }
        answer.await.unwrap_or_else(|_gone| Err(stopped().into()))
    }

    /// Whether rows can be written at the moment.
    ///
    /// On SQLite this commits a change that means nothing, since a file that is
    /// readable may lie on a disk that is full; and a write that the file did not
    /// take counts for some seconds, since a small one may fit all the same.
    pub async fn check(&self) -> Result<(), DatabaseError> {
        self.write(|conn| {
            if let Connection::Sqlite(conn) = conn {
                diesel::sql_query("PRAGMA user_version = 1").execute(*conn)?;
            }
            conn.now_us().map(drop)
        })
        .await?;
        match &*self.engine {
            Engine::Sqlite(sqlite) => match sqlite.recent_trouble() {
                Some(what) => Err(DatabaseError::Unavailable(what)),
                None => Ok(()),
            },
            Engine::Postgres(_) => Ok(()),
        }
    }
}

fn stopped() -> DatabaseError {
    DatabaseError::Unavailable("it is closed".to_owned())
}
