//! Units of work as handlers run them.

use database::Connection;
use http_api::ApiError;

use crate::state::AppState;
use crate::store::error::StoreError;

impl AppState {
    /// Runs a unit that changes something.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        F: FnMut(&mut Connection<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        Ok(self.database.write(work).await?)
    }

    /// Runs a unit that only reads.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        F: FnMut(&mut Connection<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        Ok(self.database.read(work).await?)
    }
}
