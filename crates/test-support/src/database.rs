//! A database per test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use database::{Database, DatabaseConfig, Migrations};
use diesel::pg::PgConnection;
use diesel::{Connection as _, RunQueryDsl};
use tempfile::TempDir;

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
    Postgres { url: String },
}

impl TestDatabase {
    /// An empty PostgreSQL database where `TEST_DATABASE_URL` names a server,
    /// else an empty SQLite file.
    pub async fn start() -> Self {
        let Ok(server) = std::env::var(SERVER_VARIABLE) else {
            return Self::sqlite();
        };
        let url = tokio::task::spawn_blocking(move || create_on(&server))
            .await
            .expect("the test server makes a database");
        Self {
            home: Home::Postgres { url },
            folder: folder(),
        }
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
            Home::Postgres { url } => DatabaseConfig::Postgres {
                url: url.clone(),
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
        self.folder.path().join("test.db")
    }
}

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

/// Makes a database on `server` and returns its URL.
fn create_on(server: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "test_{}_{}",
        std::process::id(),
        NUMBER.fetch_add(1, Ordering::SeqCst)
    );
    let mut conn = PgConnection::establish(server).expect("the test server answers");
    diesel::sql_query(format!("CREATE DATABASE {name}"))
        .execute(&mut conn)
        .expect("the test server makes a database");
    let (base, _) = server.rsplit_once('/').expect("the URL names a database");
    format!("{base}/{name}")
}
