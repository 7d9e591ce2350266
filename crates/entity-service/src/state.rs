//! What every handler needs.

use database::{Connection, Database};
use events::{AccountId, Cause, Clock, TokenId};
use http_api::{ApiError, Caller, CorrelationId, TokenSigner, TokenVerifier};
use idempotency::{Answer, Idempotency};
use outbox::Waker;

use telemetry::traces;
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use crate::store::author::Author;
use crate::store::error::StoreError;

/// Shared by all handlers of one service; clones are cheap.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) waker: Waker,
    pub(crate) token_signer: TokenSigner,
    pub(crate) token_verifier: TokenVerifier,
}

impl AppState {
    /// Who makes the change that a request asks for.
    pub(crate) fn author(&self, caller: &Caller, correlation_id: &CorrelationId) -> Author {
        Author::api(
            AccountId(caller.account_id),
            TokenId(caller.token_id.clone()),
            Cause {
                correlation_id: correlation_id.to_string(),
                traceparent: correlation_id.traceparent().into(),
            },
            self.clock.now(),
        )
    }

    /// Runs a unit that changes records; its events go out once it has committed.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        F: FnMut(&mut Connection<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let writing = self.database.write_together(work);
        let done = writing.instrument(self.write_span()).await?;
        self.waker.wake();
        Ok(done)
    }

    /// Runs a unit that adds a record, once per `Idempotency-Key`; its events go out once it has
    /// committed.
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
        let together = idempotency.together();
        let writing = together.run(&self.database, caller, body_sha256, work);
        let done = writing.instrument(self.write_span()).await?;
        self.waker.wake();
        Ok(done)
    }

    /// Waiting for the transaction, and its commit.
    fn write_span(&self) -> Span {
        traces::here(|| {
            info_span!(
                target: traces::TARGET,
                "write",
                otel.kind = "client",
                trace_id = Empty,
                db.system.name = self.database.backend().as_str(),
            )
        })
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
