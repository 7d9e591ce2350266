//! One thread, one connection, one unit at a time.

use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};

use diesel::Connection as _;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::pg::PgConnection;

use super::{Mode, Queued, target};
use crate::{Connection, DatabaseError};

/// Serves units until the last handle is dropped.
pub(super) fn run(url: &str, jobs: &Mutex<Receiver<Queued>>) {
    let mut worker = Worker { url, conn: None };
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut queued) = next else { return };
        let kept = match queued.mode {
            Mode::Write => worker.write(&mut queued),
            Mode::Read => worker.read(&mut queued),
        };
        if let Err(error) = &kept {
            tracing::warn!(%error, database = target(url), "a unit of work was not kept");
            worker.conn = None;
        }
        queued.unit.answer(kept);
    }
}

struct Worker<'a> {
    url: &'a str,
    /// `None` until needed, and after a failure that left its state unknown.
    conn: Option<PgConnection>,
}

impl Worker<'_> {
    fn write(&mut self, queued: &mut Queued) -> Result<(), DatabaseError> {
        self.begin()?;
        let conn = self.connection()?;
        if queued.unit.run(&mut Connection::Postgres(conn)) {
            return Ok(AnsiTransactionManager::commit_transaction(conn)?);
        }
        if let Err(error) = AnsiTransactionManager::rollback_transaction(conn) {
            // The connection is gone; the unit's own error says why.
            tracing::debug!(%error, "rollback after a failed unit");
            self.conn = None;
        }
        Ok(())
    }

    fn read(&mut self, queued: &mut Queued) -> Result<(), DatabaseError> {
        self.begin()?;
        let conn = self.connection()?;
        queued.unit.run(&mut Connection::Postgres(conn));
        if AnsiTransactionManager::rollback_transaction(conn).is_err() {
            self.conn = None;
        }
        Ok(())
    }

    /// Begins on the connection at hand, or on a new one if that has died.
    fn begin(&mut self) -> Result<(), DatabaseError> {
        if let Some(conn) = self.conn.as_mut() {
            match AnsiTransactionManager::begin_transaction(conn) {
                Ok(()) => return Ok(()),
                Err(error) => {
                    tracing::debug!(%error, "the connection died; opening another");
                    self.conn = None;
                }
            }
        }
        let conn = self.connection()?;
        Ok(AnsiTransactionManager::begin_transaction(conn)?)
    }

    fn connection(&mut self) -> Result<&mut PgConnection, DatabaseError> {
        if self.conn.is_none() {
            let opened = PgConnection::establish(self.url)
                .map_err(|error| DatabaseError::Unavailable(error.to_string()))?;
            self.conn = Some(opened);
        }
        self.conn
            .as_mut()
            .ok_or_else(|| DatabaseError::Unavailable("it is not open".to_owned()))
    }
}
