//! A database per test.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use database::{Database, DatabaseConfig, Migrations, back_up_sqlite};
use diesel::pg::PgConnection;
use diesel::{Connection as _, RunQueryDsl};
use tempfile::TempDir;

use crate::wait_until;

/// Names a PostgreSQL server on which tests may create databases.
const SERVER_VARIABLE: &str = "TEST_DATABASE_URL";

/// A database that only one test sees.
#[derive(Debug)]
pub struct TestDatabase {
    home: Home,
    folder: TempDir,
}

#[derive(Debug)]
enum Home {
    Sqlite,
    Postgres { server: String, name: String },
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Home::Postgres { server, name } = &self.home else {
            return;
        };
        // Connections may still be open; a service under test is stopped without waiting for it.
        let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let server = server.clone();
        let dropping = std::thread::spawn(move || execute(&server, &sql));
        if !matches!(dropping.join(), Ok(Ok(()))) {
            eprintln!("the test database {name} could not be dropped");
        }
    }
}

impl TestDatabase {
    /// An empty PostgreSQL database where `TEST_DATABASE_URL` names a server,
    /// else an empty SQLite file.
    pub async fn start() -> Self {
        let Ok(server) = std::env::var(SERVER_VARIABLE) else {
            return Self::sqlite();
        };
        let folder = folder();
        let name = name_of(&folder);
        let (on, sql) = (server.clone(), format!("CREATE DATABASE {name}"));
        tokio::task::spawn_blocking(move || execute(&on, &sql))
            .await
            .expect("the thread that makes a database ends")
            .expect("the test server makes a database");
        Self {
            home: Home::Postgres { server, name },
            folder,
        }
    }

    /// A backup: another database with the same rows. Waits until nobody has this one open.
    pub async fn copy(&self) -> Self {
        let folder = folder();
        let home = match &self.home {
            Home::Sqlite => {
                back_up_sqlite(&self.file(), &file_in(&folder)).expect("a test database is copied");
                Home::Sqlite
            }
            Home::Postgres { server, name } => {
                let (server, copy) = (server.clone(), name_of(&folder));
                let (on, sql) = (
                    server.clone(),
                    format!("CREATE DATABASE {copy} TEMPLATE {name}"),
                );
                let is_copied = async || {
                    let (on, sql) = (on.clone(), sql.clone());
                    let copying = tokio::task::spawn_blocking(move || execute(&on, &sql));
                    matches!(copying.await, Ok(Ok(())))
                };
                wait_until(Duration::from_secs(30), is_copied).await;
                Home::Postgres { server, name: copy }
            }
        };
        Self { home, folder }
    }

    /// An empty SQLite file in a folder of its own.
    pub fn sqlite() -> Self {
        Self {
            home: Home::Sqlite,
            folder: folder(),
        }
    }

    /// How to open it.
    pub fn config(&self) -> DatabaseConfig {
        match &self.home {
            Home::Sqlite => DatabaseConfig::Sqlite {
                path: self.file(),
                readers: 2,
            },
            Home::Postgres { server, name } => DatabaseConfig::Postgres {
                url: url_of(server, name),
                connections: 4,
            },
        }
    }

    /// A folder of the test's own; SQLite's file and its log lie in it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Opens it with the given schema; opening again after a close sees the
    /// same rows.
    pub async fn open(&self, migrations: Vec<Migrations>) -> Database {
        Database::open(&self.config(), migrations)
            .await
            .expect("the test database opens")
    }

    fn file(&self) -> PathBuf {
        file_in(&self.folder)
    }
}

fn file_in(folder: &TempDir) -> PathBuf {
    folder.path().join("test.db")
}

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

/// A database name that no other test has, of this run or another: the folder's
/// is as random, and PostgreSQL takes names of up to 63 bytes as they are in quotes.
fn name_of(folder: &TempDir) -> String {
    let random = folder.path().file_name().unwrap_or_default();
    let random = random
        .to_string_lossy()
        .replace(|c: char| !c.is_alphanumeric(), "");
    format!("\"test_{}_{random}\"", std::process::id())
}

fn url_of(server: &str, name: &str) -> String {
    let (base, _) = server.rsplit_once('/').expect("the URL names a database");
    format!("{base}/{}", name.trim_matches('"'))
}

fn execute(server: &str, sql: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut conn = PgConnection::establish(server)?;
    diesel::sql_query(sql).execute(&mut conn)?;
    Ok(())
}
