//! What can go wrong, by what the caller can do about it.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Why a unit of work was not done.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The database cannot be reached or cannot write now (down, disk full,
    /// read-only, locked). The same unit may work later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Another transaction was in the way; the same unit may work at once.
    #[error("the transaction gave way to another: {0}")]
    Conflict(#[source] DieselError),
    /// A row with this key is there already.
    #[error("a unique key is taken: {0}")]
    UniqueViolation(#[source] DieselError),
    /// A row that this one refers to is not there, or is still referred to.
    #[error("a reference does not hold: {0}")]
    ForeignKeyViolation(#[source] DieselError),
    /// The row asked for is not there.
    #[error("the row is not there")]
    NotFound,
    /// The database refuses this statement or these values; trying again will
    /// not help.
    #[error("the database refused: {0}")]
    Refused(#[source] DieselError),
    /// The unit of work panicked; its changes were rolled back.
    #[error("the unit of work panicked: {0}")]
    Panicked(String),
}

impl DatabaseError {
    /// Whether the trouble lies with the database and not with this unit.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether the same unit may succeed if it is tried again.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Conflict(_))
    }

    /// Whether a unique key was taken.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::UniqueViolation(_))
    }
}

/// What engines say, in their words, when they cannot work at the moment.
/// Neither driver hands out the code behind these.
const UNAVAILABLE_MESSAGES: [&str; 21] = [
    "database or disk is full",
    "disk I/O error",
    "attempt to write a readonly database",
    "unable to open database file",
    "database is locked",
    "database table is locked",
    "file is not a database",
    "database disk image is malformed",
    "No space left on device",
    "server closed the connection",
    "terminating connection",
    "the database system is",
    "too many clients",
    "too many connections",
    "remaining connection slots",
    "no connection to the server",
    "could not connect",
    "connection to server",
    "could not receive data from server",
    "could not send data to server",
    "SSL SYSCALL error",
];

/// How PostgreSQL begins to say that its disk or its memory lets it down. A disk that is
/// all but full takes a part of a page, which is no error of the system's.
const UNAVAILABLE_BEGINNINGS: [&str; 8] = [
    "could not extend file",
    "could not write",
    "could not fsync",
    "could not read block",
    "could not open file",
    "could not create file",
    "out of memory",
    "out of shared memory",
];

/// Whether an engine says that it cannot work at the moment.
pub(crate) fn is_outage(message: &str) -> bool {
    UNAVAILABLE_MESSAGES
        .iter()
        .any(|known| message.contains(known))
        || UNAVAILABLE_BEGINNINGS
            .iter()
            .any(|known| message.starts_with(known))
}

/// Whether tables or rights are not those that this program was written for. The same unit works once
/// somebody has mended them; nothing is wrong with its rows.
fn is_foreign_schema(message: &str) -> bool {
    let lacks = |what: &str| message.contains(what) && message.contains("does not exist");
    message.contains("no such table")
        || message.contains("no such column")
        || message.contains("permission denied for")
        || lacks("relation \"")
        || lacks("column ")
}

/// A driver's message as one line of a log takes it.
pub(crate) fn one_line(message: &str) -> String {
    let lines: Vec<String> = message
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("; ")
}

/// What a failed statement means for the connection that it ran on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The server cannot work at the moment; another connection may find one that can.
    Lost,
    /// Another transaction was in the way.
    Conflict,
    /// The statement or its values.
    Other,
}

pub(crate) fn trouble(error: &DieselError) -> Trouble {
    let DieselError::DatabaseError(kind, information) = error else {
        return match error {
            DieselError::BrokenTransactionManager => Trouble::Lost,
            DieselError::RollbackErrorOnCommit { commit_error, .. } => trouble(commit_error),
            _ => Trouble::Other,
        };
    };
    let message = information.message();
    match kind {
        DatabaseErrorKind::SerializationFailure => Trouble::Conflict,
        DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::ReadOnlyTransaction => Trouble::Lost,
        DatabaseErrorKind::Unknown if message.contains("deadlock detected") => Trouble::Conflict,
        DatabaseErrorKind::Unknown if is_outage(message) => Trouble::Lost,
        _ => Trouble::Other,
    }
}

impl From<DieselError> for DatabaseError {
    fn from(error: DieselError) -> Self {
        match trouble(&error) {
            Trouble::Lost => return Self::Unavailable(one_line(&error.to_string())),
            Trouble::Conflict => return Self::Conflict(error),
            Trouble::Other => {}
        }
        match &error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                Self::UniqueViolation(error)
            }
            DieselError::DatabaseError(
                DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation,
                _,
            ) => Self::ForeignKeyViolation(error),
            DieselError::DatabaseError(DatabaseErrorKind::Unknown, information)
                if is_foreign_schema(information.message()) =>
            {
                let what = one_line(information.message());
                Self::Unavailable(format!("its tables are not as expected: {what}"))
            }
            _ => Self::Refused(error),
        }
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be reached.
    #[error("cannot open the database {target}: {reason}")]
    Connect {
        /// The file, or the server without its password.
        target: String,
        /// What the driver said.
        reason: String,
    },
    /// A migration failed.
    #[error("cannot migrate the database {target}: {reason}")]
    Migrate {
        /// The file, or the server without its password.
        target: String,
        /// What the database said.
        reason: String,
    },
    /// The database's threads could not be started.
    #[error("cannot start a database thread")]
    Thread(#[from] std::io::Error),
}

impl OpenError {
    /// Whether the database may only be away: the same call may work later.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Connect { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_disk_or_memory_is_out_and_a_bad_value_is_not() {
        for outage in [
            "could not extend file \"base/1/2\": No space left on device",
            "could not extend file \"base/1/2\": wrote only 4096 of 8192 bytes at block 8",
            "could not write to file \"base/pgsql_tmp/1.0\"",
            "out of shared memory",
        ] {
            assert!(is_outage(outage), "{outage}");
        }
        for refusal in [
            "invalid input syntax for type bigint: \"could not write\"",
            "value too long for type character varying(3)",
        ] {
            assert!(!is_outage(refusal), "{refusal}");
        }
    }
}
