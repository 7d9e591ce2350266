//! Days of a table that grows; PostgreSQL only.

mod clearing;
mod layout;

use database::partitions::{Key, Moment, Owner, PartitionedTable, drop_old, make_ahead};
use database::{Connection, Database, DatabaseError};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::fixture::{TestDatabase, on_postgres};

static PAGES: PartitionedTable = PartitionedTable {
    name: "pages",
    column: "written_at_us",
    key: Key::Microseconds,
    owned_by: "book_id",
    owner: Owner {
        table: "books",
        id: "id",
        time: "written_at_us",
    },
};

static SHEETS: PartitionedTable = PartitionedTable {
    name: "sheets",
    column: "id",
    key: Key::TimeOrderedId,
    owned_by: "id",
    owner: Owner {
        table: "prints",
        id: "id",
        time: "id",
    },
};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Tables with a first partition, days 1 and 2 since the epoch, and a last one.
const TABLES: &str = "
CREATE TABLE books (id BIGINT PRIMARY KEY, written_at_us BIGINT NOT NULL);
CREATE TABLE pages (book_id BIGINT, written_at_us BIGINT, PRIMARY KEY (book_id, written_at_us))
    PARTITION BY RANGE (written_at_us);
CREATE TABLE pages_before PARTITION OF pages FOR VALUES FROM (MINVALUE) TO (86400000000);
CREATE TABLE pages_1 PARTITION OF pages FOR VALUES FROM (86400000000) TO (172800000000);
CREATE TABLE pages_2 PARTITION OF pages FOR VALUES FROM (172800000000) TO (259200000000);
CREATE TABLE pages_ahead PARTITION OF pages FOR VALUES FROM (259200000000) TO (MAXVALUE);
CREATE TABLE prints (id BYTEA PRIMARY KEY);
CREATE TABLE sheets (id BYTEA PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE sheets_before PARTITION OF sheets FOR VALUES FROM (MINVALUE) TO ('\\x000005265c00');
CREATE TABLE sheets_1 PARTITION OF sheets
    FOR VALUES FROM ('\\x000005265c00') TO ('\\x00000a4cb800');
CREATE TABLE sheets_ahead PARTITION OF sheets FOR VALUES FROM ('\\x00000a4cb800') TO (MAXVALUE)";

/// Partitions that begin where no other one ends, and those that were never dropped.
const HOLES: &str = "
WITH bounds AS (
    SELECT inhparent, regexp_match(pg_get_expr(relpartbound, oid),
        'FROM \\((.*)\\) TO \\((.*)\\)') AS part
    FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r'
)
SELECT count(*) AS number FROM bounds a WHERE a.part[1] <> 'MINVALUE' AND NOT EXISTS (
    SELECT 1 FROM bounds b WHERE b.inhparent = a.inhparent AND b.part[2] = a.part[1])";

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    text: String,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The database with these tables; `None` on SQLite.
async fn with_tables() -> Option<TestDatabase> {
    let test = on_postgres().await?;
    execute(&test.database, TABLES).await;
    Some(test)
}

async fn execute(database: &Database, sql: impl Into<String>) {
    let sql = sql.into();
    database
        .write(move |conn| {
            if let Connection::Postgres(c) = conn {
                c.batch_execute(&sql)?;
            }
            Ok::<_, DatabaseError>(())
        })
        .await
        .unwrap();
}

async fn load<T>(database: &Database, sql: impl Into<String>) -> Vec<T>
where
    T: diesel::deserialize::QueryableByName<diesel::pg::Pg> + Send + 'static,
{
    let sql = sql.into();
    database
        .read(move |conn| match conn {
            Connection::Postgres(c) => Ok(sql_query(&sql).load(*c)?),
            Connection::Sqlite(_) => Err(DatabaseError::NotFound),
        })
        .await
        .unwrap()
}

async fn number(database: &Database, sql: impl Into<String>) -> i64 {
    load::<Number>(database, sql).await[0].number
}

async fn count(database: &Database, table: &str) -> i64 {
    number(database, format!("SELECT count(*) AS number FROM {table}")).await
}

/// The partitions of a table, by name.
async fn partitions(database: &Database, table: &str) -> Vec<String> {
    let sql = format!(
        "SELECT c.relname::TEXT AS name FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid \
         WHERE inhparent = '{table}'::regclass ORDER BY 1"
    );
    let names: Vec<Name> = load(database, sql).await;
    names.into_iter().map(|one| one.name).collect()
}

/// So many pages on a day, of which the first `owned` have a book.
async fn write_pages(database: &Database, day: i64, pages: i64, owned: i64) {
    let at = day * DAY_US;
    execute(
        database,
        format!(
            "INSERT INTO pages SELECT {at} + i, {at} + i FROM generate_series(1, {pages}) AS i; \
             INSERT INTO books SELECT {at} + i, {at} + i FROM generate_series(1, {owned}) AS i"
        ),
    )
    .await;
}

fn day(number: i64) -> Moment {
    Moment::of_us(number * DAY_US)
}
