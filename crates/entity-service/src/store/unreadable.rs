//! A row that this program cannot have written.

use database::DatabaseError;
use diesel::result::Error;

/// The error for a stored value that means nothing here. The schema's checks
/// keep such values out, so a person has to look at it.
pub(crate) fn unreadable(column: &str, value: &str) -> DatabaseError {
    let reason = format!("{column} holds {value:?}, which means nothing here");
    DatabaseError::Refused(Error::DeserializationError(reason.into()))
}
