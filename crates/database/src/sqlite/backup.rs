//! A copy of a file of the embedded engine, beside whoever writes to it.

use std::fs::File;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use crate::DatabaseError;

/// Writes what is committed in `from` at one moment into a new file `to`. Writers go on
/// meanwhile. The copy is on the disk when this returns.
///
/// # Errors
/// Database failures; a `to` that is there already, or cannot be written.
pub fn back_up_sqlite(from: &Path, to: &Path) -> Result<(), DatabaseError> {
    let name = from.to_string_lossy();
    let mut conn = SqliteConnection::establish(&name)
        .map_err(|error| DatabaseError::Unavailable(error.to_string()))?;
    conn.batch_execute("PRAGMA busy_timeout = 5000")?;
    diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(to.to_string_lossy())
        .execute(&mut conn)?;
    let synced = File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|error| DatabaseError::Unavailable(error.to_string()))
}
