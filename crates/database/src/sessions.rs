//! Who else is on a database of a server.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::{Connection, DatabaseError};

const OTHERS: &str = "
SELECT count(*) AS sessions FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name <> $1
    AND backend_type = 'client backend'";

#[derive(QueryableByName)]
struct Others {
    #[diesel(sql_type = BigInt)]
    sessions: i64,
}

/// How many sessions of the same role are on this database, but for those whose
/// `application_name` is `own`. A file has none: who may open it is another's concern.
///
/// # Errors
/// Database failures.
pub fn count_others(conn: &mut Connection<'_>, own: &str) -> Result<i64, DatabaseError> {
    match conn {
        Connection::Sqlite(_) => Ok(0),
        Connection::Postgres(c) => {
            let others: Others = sql_query(OTHERS).bind::<Text, _>(own).get_result(*c)?;
            Ok(others.sessions)
        }
    }
}
