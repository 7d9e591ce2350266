//! Several units in one transaction.

use diesel::connection::{AnsiTransactionManager, TransactionManager};

use super::Worker;
use crate::error::Trouble;
use crate::postgres::connect::Link;
use crate::postgres::together::Group;
use crate::unit::Unit;
use crate::{Connection, DatabaseError};

/// Behind a unit that waits for a lock all of its group would wait, and two groups of two
/// processes may wait for each other. Who waits longer goes its own way.
const BEGIN_GROUP: &str = "BEGIN; SET LOCAL lock_timeout = '100ms'";

/// What became of a group.
#[derive(Default)]
pub(in crate::postgres) struct Served {
    answers: Vec<(Box<dyn Unit>, Result<(), DatabaseError>)>,
    /// Units that are to run alone.
    pub(in crate::postgres) apart: Vec<Box<dyn Unit>>,
    /// Whether one undid the work of all.
    pub(in crate::postgres) undone: bool,
}

impl Served {
    /// Answers all but those that are to run alone, and returns these.
    pub(in crate::postgres) fn answer(self) -> Vec<Box<dyn Unit>> {
        for (unit, kept) in self.answers {
            unit.answer(kept);
        }
        self.apart
    }

    fn all(units: Vec<Box<dyn Unit>>, kept: impl Fn() -> Result<(), DatabaseError>) -> Self {
        Self {
            answers: units.into_iter().map(|unit| (unit, kept())).collect(),
            ..Self::default()
        }
    }
}

/// Why nothing of a group was kept.
enum Stop {
    /// One of the units failed, or the commit did.
    Undone,
    /// The server is away; whether it kept a commit that was on its way is not known.
    Lost(String),
}

impl From<DatabaseError> for Stop {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(reason) => Self::Lost(reason),
            _ => Self::Undone,
        }
    }
}

/// What a unit of a group has come to.
enum Ran {
    /// It may be answered once the group is committed.
    Done,
    /// A statement failed: it is for the unit to say what that means, alone.
    Failed,
}

impl Worker<'_> {
    /// Runs units in one transaction, without savepoints unless that may be in vain.
    pub(in crate::postgres) fn serve_group(&mut self, group: Group) -> Served {
        let mut units = group.units;
        let mut undone = false;
        if !group.careful {
            match self.run_bare(&mut units) {
                Ok(()) => return Served::all(units, || Ok(())),
                Err(Stop::Lost(why)) => return unavailable(units, &why),
                Err(Stop::Undone) => undone = true,
            }
        }
        let mut served = match self.run_in_savepoints(&mut units) {
            Ok(done) => Served {
                apart: units.split_off(done),
                ..Served::all(units, || Ok(()))
            },
            Err(Stop::Lost(why)) => unavailable(units, &why),
            Err(Stop::Undone) => Served {
                apart: units,
                ..Served::default()
            },
        };
        served.undone = undone;
        served
    }

    fn run_bare(&mut self, units: &mut [Box<dyn Unit>]) -> Result<(), Stop> {
        let link = self.begin(BEGIN_GROUP)?;
        for unit in units {
            let keep = unit.run(&mut Connection::Postgres(&mut link.conn));
            let failure = link.take_failure();
            if keep && failure.is_none() {
                continue;
            }
            if let Some(failure) = failure
                && failure.trouble == Trouble::Lost
            {
                self.lose(&failure.reason);
                return Err(Stop::Lost(failure.reason));
            }
            self.rollback();
            return Err(Stop::Undone);
        }
        Ok(self.commit()?)
    }

    /// How many are done; the first that failed and those after it are not: they may wait for the
    /// same lock, one after the other.
    fn run_in_savepoints(&mut self, units: &mut [Box<dyn Unit>]) -> Result<usize, Stop> {
        let link = self.begin(BEGIN_GROUP)?;
        let mut done = 0;
        for unit in units {
            match run_in_savepoint(link, &mut **unit) {
                Ok(Ran::Done) => done += 1,
                Ok(Ran::Failed) => break,
                Err(why) => {
                    self.lose(&why);
                    return Err(Stop::Lost(why));
                }
            }
        }
        self.commit()?;
        Ok(done)
    }
}

/// An error says why the connection is of no more use.
fn run_in_savepoint(link: &mut Link, unit: &mut dyn Unit) -> Result<Ran, String> {
    let lost = |error: diesel::result::Error| error.to_string();
    AnsiTransactionManager::begin_transaction(&mut link.conn).map_err(lost)?;
    let keep = unit.run(&mut Connection::Postgres(&mut link.conn));
    match link.take_failure() {
        Some(failure) if failure.trouble == Trouble::Lost => return Err(failure.reason),
        Some(_) => {
            AnsiTransactionManager::rollback_transaction(&mut link.conn).map_err(lost)?;
            return Ok(Ran::Failed);
        }
        None if keep => AnsiTransactionManager::commit_transaction(&mut link.conn),
        None => AnsiTransactionManager::rollback_transaction(&mut link.conn),
    }
    .map_err(lost)?;
    Ok(Ran::Done)
}

fn unavailable(units: Vec<Box<dyn Unit>>, why: &str) -> Served {
    Served::all(units, || Err(DatabaseError::Unavailable(why.to_owned())))
}
