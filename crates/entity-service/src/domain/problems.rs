//! What is wrong with a request, found field by field.

use http_api::{ApiError, FieldError, Fields, code};

/// Collects the errors of a body, those that only the database can find among
/// them, so that the caller learns of all at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems(Vec<FieldError>);

impl Problems {
    /// Starts with what reading the body found.
    pub(crate) fn of(fields: Fields) -> Result<Self, ApiError> {
        match fields.finish() {
            Ok(()) => Ok(Self::default()),
            Err(ApiError::Unprocessable(errors)) => Ok(Self(errors)),
            Err(other) => Err(other),
        }
    }

    /// Adds an error of the field `key`.
    pub(crate) fn add(&mut self, key: &str, code: &'static str, message: impl Into<String>) {
        self.0
            .push(FieldError::new(format!("/{key}"), code, message));
    }

    /// Whether something is wrong with one of the fields.
    pub(crate) fn any_at(&self, keys: &[&str]) -> bool {
        self.0.iter().any(|error| {
            let key = error.pointer.strip_prefix('/');
            key.is_some_and(|key| keys.contains(&key))
        })
    }

    /// Adds that the id in `key` names no `what` of this account.
    pub(crate) fn not_found(&mut self, key: &str, what: &str, id: i64) {
        let message = format!("There is no {what} {id} in this account.");
        self.add(key, code::NOT_FOUND, message);
    }

    /// Refuses the request if anything was wrong.
    pub(crate) fn into_result(self) -> Result<(), ApiError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Unprocessable(self.0))
        }
    }
}
