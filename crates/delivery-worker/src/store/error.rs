//! Why a unit of work that a request asked for was not done.

use database::DatabaseError;
use http_api::ApiError;

use crate::secret::CryptoError;

/// What a handler's unit of work fails with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The request cannot be done as it stands; the caller learns why.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A secret could not be made or sealed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal,
            StoreError::Database(DatabaseError::NotFound) => Self::NotFound,
            // A conflict is over by the time the caller repeats.
            StoreError::Database(error) if error.is_retryable() => Self::unavailable(error),
            StoreError::Database(error) => Self::internal(error),
            StoreError::Crypto(error) => Self::internal(error),
        }
    }
}
