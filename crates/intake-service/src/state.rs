//! What every handler needs.

use std::sync::Arc;

use database::{Connection, Database};
use events::Clock;
use http_api::{ApiError, Caller};
use idempotency::{Answer, Idempotency};
use outbox::Waker;

use crate::config::IntakeConfig;
use crate::store::error::StoreError;

/// Shared by all handlers of one service; clones are cheap.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) waker: Waker,
    pub(crate) config: Arc<IntakeConfig>,
}

impl AppState {
    /// Runs a unit that changes something; its events go out once it has committed.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        F: FnMut(&mut Connection<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let done = self.database.write(work).await?;
        self.waker.wake();
        Ok(done)
    }

    /// Runs a unit that adds something, once per `Idempotency-Key`.
    pub(crate) async fn create<F>(
        &self,
        idempotency: Idempotency,
        caller: &Caller,
        body_sha256: [u8; 32],
        work: F,
    ) -> Result<Answer, ApiError>
    where
        F: FnMut(&mut Connection<'_>) -> Result<Answer, StoreError> + Send + 'static,
    {
        let done = idempotency
            .run(&self.database, caller, body_sha256, work)
            .await?;
        self.waker.wake();
        Ok(done)
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
