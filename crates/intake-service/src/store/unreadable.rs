//! Rows that this program cannot make sense of.

use database::DatabaseError;
use diesel::result::Error;

/// A row holds what no version of this program writes, or what only a newer one does.
pub(crate) fn unreadable(what: impl Into<String>) -> DatabaseError {
    DatabaseError::Refused(Error::DeserializationError(what.into().into()))
}
