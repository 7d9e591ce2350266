//! Looking for something in everything that a database holds.

use std::time::Duration;

use database::{Backend, Database, DatabaseError, on_backend};
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::wait_until;

/// What was a partition is dropped in a moment, with what is in it.
const DETACHED: &str = r"SELECT relname::text AS line FROM pg_class
    WHERE relkind = 'r' AND relname LIKE '%\_gone\_%'";

const DEADLINE: Duration = Duration::from_secs(30);

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The tables that hold one of these texts in any column, be it of text or of
/// bytes; sorted, each once.
///
/// # Panics
/// If the database cannot be read.
pub async fn tables_with(database: &Database, texts: &[&str]) -> Vec<String> {
    let wanted: Vec<String> = texts
        .iter()
        .flat_map(|text| [(*text).to_owned(), hex(text)])
        .collect();
    if database.backend() == Backend::Postgres {
        wait_until(DEADLINE, || async {
            lines(database, DETACHED.to_owned()).await.is_empty()
        })
        .await;
    }
    let mut found = Vec::new();
    for table in lines(database, list_of_tables(database.backend())).await {
        let dump = match database.backend() {
            Backend::Postgres => format!("SELECT t::text AS line FROM \"{table}\" t"),
            Backend::Sqlite => {
                let columns = format!("SELECT name AS line FROM pragma_table_info('{table}')");
                let quoted: Vec<String> = lines(database, columns)
                    .await
                    .iter()
                    .map(|column| format!("quote(\"{column}\")"))
                    .collect();
                // What is no text is shown in upper case.
                let row = quoted.join(" || ' ' || ");
                format!("SELECT {row} || ' ' || lower({row}) AS line FROM \"{table}\"")
            }
        };
        let rows = lines(database, dump).await;
        let names_it = |row: &String| wanted.iter().any(|text| row.contains(text));
        if rows.iter().any(names_it) {
            found.push(table);
        }
    }
    found.sort();
    found
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn list_of_tables(backend: Backend) -> String {
    match backend {
        Backend::Postgres => {
            // What is in a partition is found in its table.
            "SELECT relname::text AS line FROM pg_class \
             WHERE relnamespace = 'public'::regnamespace \
             AND relkind IN ('r', 'p') AND NOT relispartition"
        }
        Backend::Sqlite => {
            "SELECT name AS line FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
    }
    .to_owned()
}

async fn lines(database: &Database, sql: String) -> Vec<String> {
    let rows: Vec<Line> = database
        .read(move |conn| {
            Ok::<_, DatabaseError>(on_backend!(conn, |c| sql_query(sql.as_str()).load(c))?)
        })
        .await
        .expect("a test database can be read");
    rows.into_iter().map(|row| row.line).collect()
}
