//! What every handler needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use database::{Connection, Database};
use events::{Clock, LeadId};
use http_api::{ApiError, Caller};
use idempotency::{Answer, Idempotency};
use outbox::Waker;

use crate::config::IntakeConfig;
use crate::erasing::Erasing;
use crate::limits::Limiter;
use crate::metrics::IntakeMetrics;
use crate::sources::SourceCache;
use crate::store::error::StoreError;
use crate::taking::Taking;

/// Shared by all handlers of one service; clones are cheap.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) waker: Waker,
    pub(crate) config: Arc<IntakeConfig>,
    /// The sources by token; tell it of every change ([`SourceCache::forget`]).
    pub(crate) sources: SourceCache,
    pub(crate) limiter: Limiter,
    pub(crate) taking: Taking,
    pub(crate) metrics: IntakeMetrics,
    pub(crate) erasing: Erasing,
    /// The newest lead that this process made.
    pub(crate) last_lead: Arc<AtomicI64>,
}

impl AppState {
    /// Remembers that this lead was made.
    pub(crate) fn note_lead(&self, id: LeadId) {
        self.last_lead.fetch_max(id.0, Ordering::Relaxed);
    }

    /// An id that a lead could have that is made now; each call answers another.
    pub(crate) fn plausible_lead_id(&self) -> LeadId {
        LeadId(self.last_lead.fetch_add(1, Ordering::Relaxed) + 1)
    }

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
