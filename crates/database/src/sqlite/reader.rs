//! Readers: each unit sees one moment of the file.

use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::sqlite::SqliteConnection;

use super::{Queued, READER_CACHE_KIB, connect};
use crate::{Connection, DatabaseError};

/// Serves units until the last handle is dropped.
pub(super) fn run(path: &Path, jobs: &Mutex<Receiver<Queued>>) {
    let mut conn = None;
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut queued) = next else { return };
        let outcome = serve(path, &mut conn, &mut queued);
        if outcome.is_err() {
            conn = None;
        }
        queued.unit.answer(outcome);
    }
}

fn serve(
    path: &Path,
    open: &mut Option<SqliteConnection>,
    queued: &mut Queued,
) -> Result<(), DatabaseError> {
    if open.is_none() {
        let opened = connect(path, READER_CACHE_KIB)
            .map_err(|error| DatabaseError::Unavailable(error.to_string()))?;
        *open = Some(opened);
    }
    let Some(conn) = open.as_mut() else {
        return Err(DatabaseError::Unavailable("it is not open".to_owned()));
    };
    AnsiTransactionManager::begin_transaction(conn)?;
    queued.unit.run(&mut Connection::Sqlite(conn));
    Ok(AnsiTransactionManager::rollback_transaction(conn)?)
}
