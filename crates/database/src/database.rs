//! The handle that services hold.

use std::sync::Arc;

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::Text;

use crate::migrations::list_pending;
use crate::postgres::{Postgres, migrate};
use crate::sqlite::Sqlite;
use crate::unit::pending;
use crate::{Backend, Connection, DatabaseConfig, DatabaseError, Listener, Migrations, OpenError};

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

    /// Brings the schema of a PostgreSQL database up to date and opens nothing;
    /// returns the names of the migrations that ran. Several may do so at once.
    ///
    /// A file's schema is brought up to date by opening it, which this does and
    /// returns nothing.
    pub async fn migrate(
        config: &DatabaseConfig,
        migrations: Vec<Migrations>,
    ) -> Result<Vec<String>, OpenError> {
        match config {
            DatabaseConfig::Sqlite { .. } => {
                Self::open(config, migrations).await.map(|_opened| vec![])
            }
            DatabaseConfig::Postgres { url, .. } => {
                let embedded = migrations.into_iter().map(|both| both.postgres).collect();
                migrate::run(url, embedded).await
            }
        }
    }

    /// The names of the migrations that this schema lacks.
    ///
    /// # Errors
    /// Database failures.
    pub async fn pending_migrations(
        &self,
        migrations: fn() -> Vec<Migrations>,
    ) -> Result<Vec<String>, DatabaseError> {
        self.write(move |conn| {
            let mut names = Vec::new();
            for source in migrations() {
                names.extend(match conn {
                    Connection::Sqlite(conn) => list_pending(*conn, source.sqlite)?,
                    Connection::Postgres(conn) => list_pending(*conn, source.postgres)?,
                });
            }
            Ok(names)
        })
        .await
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
    /// `work` may run more than once; an `Err` rolls its changes back. On PostgreSQL a
    /// statement that fails undoes the whole unit, and one that calls itself done all the
    /// same is told so. If the connection is lost while committing, this returns
    /// [`DatabaseError::Unavailable`] although the changes may have been kept.
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

    /// As [`write`](Self::write), for a unit that is a single statement: on PostgreSQL nothing
    /// is begun and committed around it, which saves two ways to the server and back. Several
    /// statements are as many transactions there, and an `Err` undoes nothing.
    pub async fn write_statement<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Connection<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let (unit, answer) = pending(work);
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.write(unit).await,
            Engine::Postgres(postgres) => postgres.write_statement(unit).await,
        }
        answer.await.unwrap_or_else(|_gone| Err(stopped().into()))
    }

    /// As [`write`](Self::write), for small units of which many may come at once: on PostgreSQL
    /// such share a transaction, and `work` may see the changes of others before they are durable.
    ///
    /// `work` leaves no settings and advisory locks behind in its transaction. One that meets an
    /// error, or waits for a lock for long, undoes no other's changes and runs again alone.
    pub async fn write_together<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Connection<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let (unit, answer) = pending(work);
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.write(unit).await,
            Engine::Postgres(postgres) => postgres.write_together(unit).await,
        }
        answer.await.unwrap_or_else(|_gone| Err(stopped().into()))
    }

    /// Runs `work`, which only reads, on a reader. All of it sees one moment.
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

    /// Tells who [listens](Self::listen) on `channel`, in every process that has this
    /// database open. `channel` is a plain SQL name. On SQLite there is nobody else.
    pub async fn notify(&self, channel: &'static str) -> Result<(), DatabaseError> {
        if self.backend() == Backend::Sqlite {
            return Ok(());
        }
        // What a crash takes with it needs no disk: who listens looks now and then anyway.
        let sql = format!("SET LOCAL synchronous_commit = off; NOTIFY {channel}");
        self.write(move |conn| {
            if let Connection::Postgres(conn) = conn {
                conn.batch_execute(&sql)?;
            }
            Ok(())
        })
        .await
    }

    /// Calls `told` after each [notification](Self::notify) on `channel`, until the
    /// listener is dropped; notifications may be missed while the server is away, and
    /// it is called once after each connecting.
    pub fn listen(&self, channel: &'static str, told: impl Fn() + Send + 'static) -> Listener {
        match &*self.engine {
            Engine::Sqlite(_) => Listener::deaf(),
            Engine::Postgres(postgres) => Listener::start(postgres.server(), channel, told),
        }
    }

    /// Whether rows can be written at the moment.
    ///
    /// On SQLite this commits a change that means nothing, since a file that is
    /// readable may lie on a disk that is full; and a write that the file did not
    /// take counts for some seconds, since a small one may fit all the same.
    pub async fn check(&self) -> Result<(), DatabaseError> {
        self.write(|conn| {
            match conn {
                Connection::Sqlite(conn) => {
                    diesel::sql_query("PRAGMA user_version = 1").execute(*conn)?;
                }
                Connection::Postgres(conn) => {
                    let read_only: String =
                        diesel::select(sql::<Text>("current_setting('transaction_read_only')"))
                            .get_result(*conn)?;
                    if read_only == "on" {
                        let why = "it only reads: a standby, or short of space".to_owned();
                        return Err(DatabaseError::Unavailable(why));
                    }
                }
            }
            Ok(())
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
