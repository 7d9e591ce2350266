//! The one writer: many units, one commit.

use std::path::Path;
use std::sync::mpsc::Receiver;

use diesel::connection::{
    AnsiTransactionManager, SimpleConnection, TransactionManager, TransactionManagerStatus,
};
use diesel::result::QueryResult;
use diesel::sqlite::SqliteConnection;

use super::trouble::Trouble;
use super::{Queued, WRITER_CACHE_KIB, connect};
use crate::{Connection, DatabaseError};

/// How many units one commit takes at most, so that the first of them does not
/// wait for ever.
const GROUP_LIMIT: usize = 256;

/// Serves units until the last handle is dropped.
pub(super) fn run(path: &Path, conn: SqliteConnection, jobs: &Receiver<Queued>, trouble: &Trouble) {
    let mut writer = Writer {
        path,
        trouble,
        conn: Some(conn),
    };
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        while group.len() < GROUP_LIMIT {
            let Ok(next) = jobs.try_recv() else { break };
            group.push(next);
        }
        writer.serve(group);
    }
}

struct Writer<'a> {
    path: &'a Path,
    trouble: &'a Trouble,
    /// `None` after a failure that left its state unknown.
    conn: Option<SqliteConnection>,
}

impl Writer<'_> {
    fn serve(&mut self, mut group: Vec<Queued>) {
        if group.len() > 1 {
            match self.commit_together(&mut group) {
                Ok(()) => {
                    self.note_kept();
                    for queued in group {
                        queued.unit.answer(Ok(()));
                    }
                    return;
                }
                Err(error) => {
                    tracing::debug!(
                        %error, units = group.len(),
                        "a group commit failed; its units run again one by one"
                    );
                    self.abandon();
                }
            }
        }
        for mut queued in group {
            let kept = self.commit_alone(&mut queued);
            if let Err(error) = &kept {
                self.note_trouble(error.to_string());
                self.abandon();
            }
            queued.unit.answer(kept);
        }
    }

    /// An error means that nothing of the group was kept.
    fn commit_together(&mut self, group: &mut [Queued]) -> Result<(), DatabaseError> {
        let conn = self.connection()?;
        begin(conn)?;
        for queued in group {
            AnsiTransactionManager::begin_transaction(conn)?;
            if queued.unit.run(&mut Connection::Sqlite(conn)) {
                AnsiTransactionManager::commit_transaction(conn)?;
            } else {
                AnsiTransactionManager::rollback_transaction(conn)?;
            }
        }
        Ok(AnsiTransactionManager::commit_transaction(conn)?)
    }

    fn commit_alone(&mut self, queued: &mut Queued) -> Result<(), DatabaseError> {
        let conn = self.connection()?;
        begin(conn)?;
        if queued.unit.run(&mut Connection::Sqlite(conn)) {
            AnsiTransactionManager::commit_transaction(conn)?;
            self.note_kept();
            return Ok(());
        }
        if let Err(error) = AnsiTransactionManager::rollback_transaction(conn) {
            // The engine had rolled back by itself; the unit's own error says why.
            tracing::debug!(%error, "rollback after a failed unit");
            self.note_trouble("the file did not take a write; is the disk full?".to_owned());
            self.abandon();
        }
        Ok(())
    }

    fn note_trouble(&self, reason: String) {
        let database = self.path.display();
        if self.trouble.note(reason.clone()) {
            tracing::error!(%database, reason, "a write was not kept");
        } else {
            tracing::debug!(%database, reason, "another write was not kept");
        }
    }

    fn note_kept(&self) {
        if self.trouble.kept() {
            tracing::info!(database = %self.path.display(), "writes are kept again");
        }
    }

    /// Brings the connection back to no transaction at all, whatever state a
    /// failure left it in; gives it up where that is in doubt.
    fn abandon(&mut self) {
        let Some(conn) = self.conn.as_mut() else {
            return;
        };
        let idle = match conn.batch_execute("ROLLBACK") {
            Ok(()) => true,
            Err(error) => error.to_string().contains("no transaction is active"),
        };
        if idle {
            *AnsiTransactionManager::transaction_manager_status_mut(conn) =
                TransactionManagerStatus::Valid(Default::default());
        } else {
            self.conn = None;
        }
    }

    fn connection(&mut self) -> Result<&mut SqliteConnection, DatabaseError> {
        if self.conn.is_none() {
            let opened = connect(self.path, WRITER_CACHE_KIB)
                .map_err(|error| DatabaseError::Unavailable(error.to_string()))?;
            self.conn = Some(opened);
        }
        self.conn
            .as_mut()
            .ok_or_else(|| DatabaseError::Unavailable("it is not open".to_owned()))
    }
}

fn begin(conn: &mut SqliteConnection) -> QueryResult<()> {
    AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")
}
