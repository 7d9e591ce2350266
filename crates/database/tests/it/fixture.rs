//! A database of a test's own, and the queries that tests share.

use std::sync::atomic::{AtomicU32, Ordering};

use database::{
    Backend, Connection, Database, DatabaseConfig, DatabaseError, Migrations, on_backend,
};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use crate::schema::notes;

const SQLITE: EmbeddedMigrations = embed_migrations!("tests/migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("tests/migrations/postgres");
const LATER_SQLITE: EmbeddedMigrations = embed_migrations!("tests/later_migrations/sqlite");
const LATER_POSTGRES: EmbeddedMigrations = embed_migrations!("tests/later_migrations/postgres");

pub(crate) struct TestDatabase {
    pub(crate) database: Database,
    pub(crate) config: DatabaseConfig,
    _home: Home,
}

struct Home {
    _folder: tempfile::TempDir,
    /// The URL of a database on a server.
    url: Option<String>,
}

/// Files go with their folder; a database on a server has to be dropped.
impl Drop for Home {
    fn drop(&mut self) {
        let (Some(url), Ok(server)) = (&self.url, std::env::var("TEST_DATABASE_URL")) else {
            return;
        };
        let (_, name) = url.rsplit_once('/').unwrap();
        let mut conn = PgConnection::establish(&server).unwrap();
        diesel::sql_query(format!("DROP DATABASE {name} WITH (FORCE)"))
            .execute(&mut conn)
            .unwrap();
    }
}

/// What a later version of the same service adds.
pub(crate) fn later_migrations() -> Vec<Migrations> {
    vec![Migrations {
        sqlite: LATER_SQLITE,
        postgres: LATER_POSTGRES,
    }]
}

pub(crate) fn migrations() -> Vec<Migrations> {
    vec![Migrations {
        sqlite: SQLITE,
        postgres: POSTGRES,
    }]
}

/// An empty database on each engine that this run has.
pub(crate) async fn databases() -> Vec<TestDatabase> {
    let folder = tempfile::tempdir().unwrap();
    let config = DatabaseConfig::Sqlite {
        path: folder.path().join("test.db"),
        readers: 2,
    };
    let mut all = vec![open(config, folder).await];
    if let Ok(server) = std::env::var("TEST_DATABASE_URL") {
        let config = DatabaseConfig::Postgres {
            url: new_postgres_database(&server).await,
            connections: 4,
        };
        all.push(open(config, tempfile::tempdir().unwrap()).await);
    }
    all
}

/// An empty database on PostgreSQL, if this run has that.
pub(crate) async fn on_postgres() -> Option<TestDatabase> {
    databases()
        .await
        .into_iter()
        .find(|test| test.database.backend() == Backend::Postgres)
}

async fn open(config: DatabaseConfig, folder: tempfile::TempDir) -> TestDatabase {
    let url = match &config {
        DatabaseConfig::Sqlite { .. } => None,
        DatabaseConfig::Postgres { url, .. } => Some(url.clone()),
    };
    TestDatabase {
        database: Database::open(&config, migrations()).await.unwrap(),
        config,
        _home: Home {
            _folder: folder,
            url,
        },
    }
}

async fn new_postgres_database(server: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "database_test_{}_{}",
        std::process::id(),
        NUMBER.fetch_add(1, Ordering::SeqCst)
    );
    let (url, create) = (server.to_owned(), format!("CREATE DATABASE {name}"));
    tokio::task::spawn_blocking(move || {
        let mut conn = PgConnection::establish(&url).unwrap();
        diesel::sql_query(create).execute(&mut conn).unwrap();
    })
    .await
    .unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

pub(crate) fn insert(conn: &mut Connection<'_>, body: &str) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| diesel::insert_into(notes::table)
        .values((
            notes::body.eq(body),
            notes::settings.eq(serde_json::json!({ "for": body })),
        ))
        .returning(notes::id)
        .get_result(c))?)
}

pub(crate) async fn bodies(database: &Database) -> Vec<String> {
    database
        .read(|conn| {
            Ok::<_, DatabaseError>(on_backend!(conn, |c| notes::table
                .select(notes::body)
                .order(notes::id)
                .load(c))?)
        })
        .await
        .unwrap()
}
