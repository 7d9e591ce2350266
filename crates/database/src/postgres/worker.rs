//! One thread, one connection, one transaction at a time.

mod group;

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::result::Error as DieselError;

use super::connect::{Failure, Link, Server};
use super::{Mode, Queued};
use crate::error::Trouble;
use crate::unit::Unit;
use crate::{Connection, DatabaseError};

const BEGIN_WRITE: &str = "BEGIN";

/// All that a reading unit sees is of one moment, as on SQLite.
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// How often a unit runs again that had to give way to another: at once, then
/// after a pause, so that two which meet do not meet again.
const RERUNS: u32 = 2;

/// The longest pause.
const PAUSE_MS: u64 = 20;

pub(super) struct Worker<'a> {
    server: &'a Server,
    /// `None` until needed, and after a failure that left its state unknown.
    link: Option<Link>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(server: &'a Server) -> Self {
        Self { server, link: None }
    }

    /// Runs a unit and answers who waits for it, after `done`, whose result it returns.
    pub(super) fn serve<T>(&mut self, queued: Queued, done: impl FnOnce() -> T) -> T {
        let Queued {
            mut unit,
            mode,
            _places,
        } = queued;
        match mode {
            Mode::Write => {
                let kept = self.write(&mut *unit);
                let next = done();
                unit.answer(kept);
                next
            }
            Mode::Statement => {
                let kept = self.write_statement(&mut *unit);
                let next = done();
                unit.answer(kept);
                next
            }
            Mode::Read => {
                let read = self.read(&mut *unit);
                let next = done();
                unit.answer(read);
                // Nobody need wait for the end of what changed nothing.
                self.rollback();
                next
            }
        }
    }

    fn write(&mut self, unit: &mut dyn Unit) -> Result<(), DatabaseError> {
        for run in 0.. {
            let link = self.begin(BEGIN_WRITE)?;
            let keep = unit.run(&mut Connection::Postgres(&mut link.conn));
            let failure = link.take_failure();
            if keep && failure.is_none() {
                match self.commit() {
                    Err(DatabaseError::Conflict(_)) if run < RERUNS => pause(run),
                    outcome => return outcome,
                }
                continue;
            }
            let Some(failure) = failure else {
                self.rollback();
                return Ok(());
            };
            match failure.trouble {
                Trouble::Lost => self.lose(&failure.reason),
                Trouble::Conflict if run < RERUNS => {
                    self.rollback();
                    pause(run);
                    continue;
                }
                Trouble::Conflict | Trouble::Other => self.rollback(),
            }
            return if keep {
                Err(swallowed(failure))
            } else {
                Ok(())
            };
        }
        Ok(())
    }

    /// The server makes a transaction of the unit's statement by itself.
    fn write_statement(&mut self, unit: &mut dyn Unit) -> Result<(), DatabaseError> {
        for run in 0.. {
            let mut link = match self.link.take() {
                Some(link) => link,
                None => self.connect()?,
            };
            let keep = unit.run(&mut Connection::Postgres(&mut link.conn));
            let failure = link.take_failure();
            self.link = Some(link);
            let Some(failure) = failure else {
                return Ok(());
            };
            match failure.trouble {
                Trouble::Lost => self.lose(&failure.reason),
                Trouble::Conflict if run < RERUNS => {
                    pause(run);
                    continue;
                }
                Trouble::Conflict | Trouble::Other => {}
            }
            return if keep {
                Err(swallowed(failure))
            } else {
                Ok(())
            };
        }
        Ok(())
    }

    /// Leaves the transaction open.
    fn read(&mut self, unit: &mut dyn Unit) -> Result<(), DatabaseError> {
        for run in 0.. {
            let link = self.begin(BEGIN_READ)?;
            unit.run(&mut Connection::Postgres(&mut link.conn));
            let Some(failure) = link.take_failure() else {
                return Ok(());
            };
            match failure.trouble {
                // What only reads may run again, whenever its connection died.
                Trouble::Lost => {
                    self.lose(&failure.reason);
                    if run > 0 {
                        return Ok(());
                    }
                }
                Trouble::Conflict if run < RERUNS => {
                    self.rollback();
                    pause(run);
                }
                Trouble::Conflict | Trouble::Other => return Ok(()),
            }
        }
        Ok(())
    }

    /// Begins on the connection at hand, or on a new one if that has died.
    fn begin(&mut self, sql: &str) -> Result<&mut Link, DatabaseError> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => self.connect()?,
        };
        if let Err(error) = AnsiTransactionManager::begin_transaction_sql(&mut link.conn, sql) {
            tracing::debug!(%error, "the connection died while it was idle; opening another");
            link = self.connect()?;
            AnsiTransactionManager::begin_transaction_sql(&mut link.conn, sql)?;
        }
        Ok(self.link.insert(link))
    }

    fn connect(&self) -> Result<Link, DatabaseError> {
        self.server
            .connect()
            .map(Link::new)
            .map_err(DatabaseError::Unavailable)
    }

    /// A commit that fails with the connection may have been kept: it is never
    /// run again here.
    fn commit(&mut self) -> Result<(), DatabaseError> {
        let Some(mut link) = self.link.take() else {
            return Ok(());
        };
        match AnsiTransactionManager::commit_transaction(&mut link.conn) {
            Ok(()) => {
                self.link = Some(link);
                Ok(())
            }
            Err(error) => {
                let error = DatabaseError::from(error);
                if let DatabaseError::Unavailable(reason) = &error {
                    self.server.standing.lost(reason);
                }
                Err(error)
            }
        }
    }

    fn rollback(&mut self) {
        let Some(mut link) = self.link.take() else {
            return;
        };
        match AnsiTransactionManager::rollback_transaction(&mut link.conn) {
            Ok(()) => {
                // What ended with the transaction is no matter for the next one.
                link.take_failure();
                self.link = Some(link);
            }
            // The connection is gone; the unit's own error says why.
            Err(error) => self.lose(&error.to_string()),
        }
    }

    fn lose(&mut self, reason: &str) {
        self.link = None;
        self.server.standing.lost(reason);
    }
}

/// The error of a unit that calls itself done although a statement failed.
fn swallowed(failure: Failure) -> DatabaseError {
    match failure.trouble {
        Trouble::Lost => DatabaseError::Unavailable(failure.reason),
        Trouble::Conflict | Trouble::Other => {
            DatabaseError::Refused(DieselError::QueryBuilderError(
                format!(
                    "the unit went on after a statement that failed, which undoes all of it: {}",
                    failure.reason
                )
                .into(),
            ))
        }
    }
}

/// Nothing before the first rerun, up to [`PAUSE_MS`] before the next.
fn pause(run: u32) {
    if run > 0 {
        let random = RandomState::new().hash_one(run);
        std::thread::park_timeout(Duration::from_millis(1 + random % PAUSE_MS));
    }
}
