//! What lies in the database: events in the outbox, rows of tables; and a way to break it.

use std::sync::atomic::Ordering;

use database::{Connection, Database, DatabaseError, on_backend};
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Binary};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use events::{Decoded, Event};

use super::TestApp;

impl TestApp {
    /// The events of all accounts that were appended since the last call, in order.
    pub(crate) async fn new_events(&self) -> Vec<Event> {
        let seen = self.seen_position.load(Ordering::SeqCst);
        let rows = self
            .database
            .read(move |conn| appended_after(conn, seen))
            .await
            .unwrap();
        if let Some(last) = rows.last() {
            self.seen_position.store(last.position, Ordering::SeqCst);
        }
        rows.iter().map(|row| decode(&row.body)).collect()
    }

    /// The one event that was appended since the last call.
    pub(crate) async fn new_event(&self) -> Event {
        let mut events = self.new_events().await;
        assert_eq!(events.len(), 1, "{events:#?}");
        events.remove(0)
    }

    /// Asserts that nothing was appended since the last look.
    pub(crate) async fn no_new_event(&self) {
        let events = self.new_events().await;
        assert!(events.is_empty(), "{events:#?}");
    }

    /// Makes every append to the outbox fail as on a full disk, until [`Self::mend`].
    pub(crate) async fn break_appends(&self) {
        self.execute(
            "CREATE TRIGGER refuse_events BEFORE INSERT ON outbox_events BEGIN \
             SELECT RAISE(ABORT, 'database or disk is full'); END",
            "CREATE FUNCTION refuse_events() RETURNS trigger LANGUAGE plpgsql AS \
             $$BEGIN RAISE EXCEPTION 'No space left on device'; END$$; \
             CREATE TRIGGER refuse_events BEFORE INSERT ON outbox_events \
             FOR EACH ROW EXECUTE FUNCTION refuse_events()",
        )
        .await;
    }

    /// Ends [`Self::break_appends`].
    pub(crate) async fn mend(&self) {
        self.execute(
            "DROP TRIGGER refuse_events",
            "DROP TRIGGER refuse_events ON outbox_events; DROP FUNCTION refuse_events()",
        )
        .await;
    }

    /// Makes a client of this name be refused, as by a rule that no code here knows.
    pub(crate) async fn refuse_clients_named(&self, name: &str) {
        let sqlite = format!(
            "CREATE TRIGGER refuse_clients BEFORE INSERT ON clients WHEN NEW.realname = '{name}' \
             BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        );
        let postgres = format!(
            "CREATE FUNCTION refuse_clients() RETURNS trigger LANGUAGE plpgsql AS \
             $$BEGIN RAISE EXCEPTION 'not this one'; END$$; \
             CREATE TRIGGER refuse_clients BEFORE INSERT ON clients FOR EACH ROW \
             WHEN (NEW.realname = '{name}') EXECUTE FUNCTION refuse_clients()"
        );
        self.execute(&sqlite, &postgres).await;
    }

    /// Runs statements that both engines know.
    pub(crate) async fn run_sql(&self, sql: &str) {
        self.execute(sql, sql).await;
    }

    /// How many rows a table has, over all accounts.
    pub(crate) async fn count_rows(&self, table: &str) -> i64 {
        count_rows(&self.database, table).await
    }

    /// Runs statements, each engine its own.
    pub(crate) async fn execute(&self, sqlite: &str, postgres: &str) {
        let (sqlite, postgres) = (sqlite.to_owned(), postgres.to_owned());
        self.database
            .write(move |conn| {
                match conn {
                    Connection::Sqlite(c) => c.batch_execute(&sqlite),
                    Connection::Postgres(c) => c.batch_execute(&postgres),
                }
                .map_err(DatabaseError::from)
            })
            .await
            .unwrap();
    }
}

/// How many rows a table has.
pub(crate) async fn count_rows(database: &Database, table: &str) -> i64 {
    let sql = format!("SELECT count(*) AS count FROM {table}");
    database
        .read(move |conn| {
            let row: Counted = on_backend!(conn, |c| sql_query(sql.as_str()).get_result(c))?;
            Ok::<_, DatabaseError>(row.count)
        })
        .await
        .unwrap()
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Appended {
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

fn appended_after(
    conn: &mut Connection<'_>,
    position: i64,
) -> Result<Vec<Appended>, DatabaseError> {
    let sql = format!(
        "SELECT position, body FROM outbox_bodies WHERE position > {position} ORDER BY position"
    );
    Ok(on_backend!(conn, |c| sql_query(sql).load(c))?)
}

fn decode(body: &[u8]) -> Event {
    match Event::decode(body).unwrap() {
        Decoded::Event(event) => event,
        Decoded::Unknown => panic!("the service appended an event that it does not know"),
    }
}
