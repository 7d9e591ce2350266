//! Why a unit of work of this service was not done.

use database::DatabaseError;
use http_api::ApiError;

/// What a handler's unit of work fails with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The request cannot be done as it stands; the caller learns why.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal,
            StoreError::Database(DatabaseError::NotFound) => Self::NotFound,
            // Everything is checked before it is written, so another request was in between.
            StoreError::Database(
                DatabaseError::ForeignKeyViolation(_) | DatabaseError::UniqueViolation(_),
            ) => Self::Conflict {
                detail: "Another request has just changed what this one refers to; repeat it."
                    .to_owned(),
            },
            // A conflict is over by the time the caller repeats.
            StoreError::Database(error) if error.is_retryable() => Self::unavailable(error),
            StoreError::Database(error) => Self::internal(error),
        }
    }
}
