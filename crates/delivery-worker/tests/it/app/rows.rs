//! What the database holds, and statements that get in the service's way.

use std::path::Path;

use database::{Backend, Connection, DatabaseError, on_backend};
use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::TestApp;

impl TestApp {
    /// How many rows a table has, over all accounts.
    pub(crate) async fn count_rows(&self, table: &str) -> i64 {
        self.count(format!("SELECT count(*) AS count FROM {table}"))
            .await
    }

    pub(super) async fn count(&self, sql: String) -> i64 {
        self.database
            .read(move |conn| {
                let row: Counted = on_backend!(conn, |c| sql_query(sql.as_str()).get_result(c))?;
                Ok::<_, DatabaseError>(row.count)
            })
            .await
            .unwrap()
    }

    /// Runs statements that both engines understand.
    pub(crate) async fn execute(&self, sql: &'static str) {
        self.execute_on(sql, sql).await;
    }

    /// Runs statements of each engine.
    pub(crate) async fn execute_on(&self, sqlite: &'static str, postgres: &'static str) {
        self.database
            .write(move |conn| {
                match conn {
                    Connection::Sqlite(c) => c.batch_execute(sqlite),
                    Connection::Postgres(c) => c.batch_execute(postgres),
                }
                .map_err(DatabaseError::from)
            })
            .await
            .unwrap();
    }

    /// Makes every new webhook fail as on a full disk.
    pub(crate) async fn break_webhooks(&self) {
        self.execute_on(
            "CREATE TRIGGER refuse_versions BEFORE INSERT ON webhook_versions BEGIN \
             SELECT RAISE(ABORT, 'database or disk is full'); END",
            "CREATE FUNCTION refuse_versions() RETURNS trigger LANGUAGE plpgsql AS \
             $$BEGIN RAISE EXCEPTION 'No space left on device'; END$$; \
             CREATE TRIGGER refuse_versions BEFORE INSERT ON webhook_versions \
             FOR EACH ROW EXECUTE FUNCTION refuse_versions()",
        )
        .await;
    }

    /// Whether the database holds these bytes anywhere.
    pub(crate) async fn is_stored(&self, bytes: &[u8]) -> bool {
        match self.database.backend() {
            Backend::Sqlite => files_hold(self.home.folder(), bytes),
            Backend::Postgres => self.rows_hold(bytes).await,
        }
    }

    /// The server's files are out of reach, so this looks into every table.
    async fn rows_hold(&self, bytes: &[u8]) -> bool {
        const TABLES: [&str; 7] = [
            "webhooks",
            "webhook_versions",
            "webhook_lanes",
            "deliveries",
            "attempts",
            "attempt_bodies",
            "idempotency_keys",
        ];
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        // What is no text cannot be in a column of text.
        let text = std::str::from_utf8(bytes).unwrap_or(&hex).to_owned();
        let found = self.database.read(move |conn| {
            let mut count = 0;
            for table in TABLES {
                let sql = format!(
                    "SELECT count(*) AS count FROM {table} t \
                     WHERE strpos(t::text, '{text}') > 0 OR strpos(t::text, '{hex}') > 0"
                );
                let row: Counted = on_backend!(conn, |c| sql_query(sql).get_result(c))?;
                count += row.count;
            }
            Ok::<_, DatabaseError>(count)
        });
        found.await.unwrap() > 0
    }
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn files_hold(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}
