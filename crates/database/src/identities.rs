//! The ids that tables give to their rows: how far they are, and going on further ahead.
//!
//! A database that was set back to a backup would give ids a second time that others still know.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::{Connection, DatabaseError};

/// A table that numbers its rows itself.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Identity {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub table: String,
    /// The highest id that it has given; 0 if it gave none.
    #[diesel(sql_type = BigInt)]
    pub last: i64,
}

const SQLITE_LIST: &str = "
SELECT t.name AS \"table\", coalesce(s.seq, 0) AS last
FROM sqlite_master AS t LEFT JOIN sqlite_sequence AS s ON s.name = t.name
WHERE t.type = 'table' AND t.sql LIKE '% AUTOINCREMENT%'
ORDER BY t.name";

const POSTGRES_LIST: &str = "
SELECT t.relname::TEXT AS \"table\", coalesce(pg_sequence_last_value(s.oid), 0) AS last
FROM pg_class AS s
JOIN pg_depend AS d ON d.objid = s.oid AND d.classid = 'pg_class'::REGCLASS
    AND d.refclassid = 'pg_class'::REGCLASS AND d.deptype = 'i'
JOIN pg_class AS t ON t.oid = d.refobjid
WHERE s.relkind = 'S' AND t.relnamespace = current_schema()::REGNAMESPACE
ORDER BY t.relname";

/// Of PostgreSQL: the identity column of a table is named nowhere but in its catalogue.
const POSTGRES_RAISE: &str = "
SELECT setval(pg_get_serial_sequence(quote_ident(t.relname), a.attname), $2)
FROM pg_attribute AS a JOIN pg_class AS t ON t.oid = a.attrelid
WHERE a.attidentity <> '' AND t.relname = $1
    AND t.relnamespace = current_schema()::REGNAMESPACE";

/// All tables of this database that number their rows, by name.
///
/// # Errors
/// Database failures.
pub fn list(conn: &mut Connection<'_>) -> Result<Vec<Identity>, DatabaseError> {
    Ok(match conn {
        Connection::Sqlite(c) => sql_query(SQLITE_LIST).load(*c)?,
        Connection::Postgres(c) => sql_query(POSTGRES_LIST).load(*c)?,
    })
}

/// Makes ids of `table` go on after `last`; one that is there already stays where it is. On
/// PostgreSQL this holds even if the transaction is rolled back.
///
/// # Errors
/// Database failures, and [`DatabaseError::NotFound`] for a table that does not number its rows.
pub fn raise(conn: &mut Connection<'_>, table: &str, last: i64) -> Result<(), DatabaseError> {
    let identities = list(conn)?;
    let identity = identities.iter().find(|identity| identity.table == table);
    if identity.ok_or(DatabaseError::NotFound)?.last >= last {
        return Ok(());
    }
    match conn {
        Connection::Sqlite(c) => {
            let changed = sql_query("UPDATE sqlite_sequence SET seq = ? WHERE name = ?")
                .bind::<BigInt, _>(last)
                .bind::<Text, _>(table)
                .execute(*c)?;
            // It has a row from the table's first one on.
            if changed == 0 {
                sql_query("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)")
                    .bind::<Text, _>(table)
                    .bind::<BigInt, _>(last)
                    .execute(*c)?;
            }
        }
        Connection::Postgres(c) => {
            sql_query(POSTGRES_RAISE)
                .bind::<Text, _>(table)
                .bind::<BigInt, _>(last)
                .execute(*c)?;
        }
    }
    Ok(())
}
