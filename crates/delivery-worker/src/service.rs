//! The service put together: what it needs, what it answers, what runs beside.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use broker::Broker;
use database::{Database, DatabaseError};
use events::Clock;
use http_api::{Readiness, TokenVerifier};
use outbox::erasure::Erasures;
use outbox::queue::{DELIVERY_ERASURES, DELIVERY_TOKENS};
use revocation::Revocation;
use telemetry::{Metrics, MetricsError};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::config::DeliveryConfig;
use crate::engine::Engine;
use crate::erasure::PLACES;
use crate::metrics::DeliveryMetrics;
use crate::secret::KeyRing;
use crate::send::{Sender, SenderError};
use crate::state::AppState;
use crate::{openapi, routes};

/// What the process gives to the service.
#[derive(Debug, Clone)]
pub struct Dependencies {
    /// Holds [`crate::MIGRATIONS`] and those of `outbox`, `idempotency` and `revocation`.
    pub database: Database,
    /// `outbox::topology` is declared on it.
    pub broker: Broker,
    /// Wall time.
    pub clock: Clock,
    /// Opens and seals webhook secrets.
    pub keys: Arc<KeyRing>,
    /// Lets requests into this process; learns of revoked tokens here.
    pub token_verifier: TokenVerifier,
    /// Shows what happens here.
    pub metrics: Metrics,
}

/// Why the service cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its database cannot be read.
    #[error("the delivery database cannot be read")]
    Database(#[from] DatabaseError),
    /// The settings for sending are wrong.
    #[error("callbacks cannot be sent with these settings")]
    Sender(#[from] SenderError),
    /// A metric is registered twice: the service is built twice in a process.
    #[error("the metrics of delivery cannot be registered")]
    Metrics(#[from] MetricsError),
}

/// The delivery worker of one process.
#[derive(Debug)]
pub struct Service {
    state: AppState,
    broker: Broker,
    revocation: Revocation,
    erasures: Erasures,
}

impl Service {
    /// Puts the service together; nothing runs yet, but tokens that were
    /// revoked are refused from now on.
    ///
    /// # Errors
    /// [`BuildError`].
    pub async fn build(
        config: DeliveryConfig,
        dependencies: Dependencies,
    ) -> Result<Self, BuildError> {
        let Dependencies {
            database,
            broker,
            clock,
            keys,
            token_verifier,
            metrics,
        } = dependencies;
        let sender = Sender::new(config.send.clone())?;
        let metrics = DeliveryMetrics::register(&metrics)?;
        let revocation = Revocation::start(
            database.clone(),
            broker.clone(),
            token_verifier,
            DELIVERY_TOKENS,
        )
        .await?;
        let engine = Engine::new(
            config,
            database.clone(),
            clock.clone(),
            sender.clone(),
            Arc::clone(&keys),
            metrics,
        );
        engine.load().await?;
        let erasures = Erasures::new(database.clone(), PLACES);
        let state = AppState {
            database,
            clock,
            sender,
            keys,
            engine: Arc::new(engine),
            runtime: Handle::current(),
        };
        Ok(Self {
            state,
            broker,
            revocation,
            erasures,
        })
    }

    /// Registers the resources, relative to `/api/v1`; called once per HTTP
    /// worker.
    pub fn routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + Sync + 'static {
        let state = self.state.clone();
        move |app| {
            app.app_data(Data::new(state.clone()));
            routes::register(app);
        }
    }

    /// The OpenAPI document of the resources.
    pub fn openapi() -> utoipa::openapi::OpenApi {
        openapi::document()
    }

    /// What `/readyz` has to ask of the service itself.
    pub fn readiness(&self) -> Vec<Readiness> {
        let database = self.state.database.clone();
        vec![Readiness::new("delivery_database", move || {
            let database = database.clone();
            async move {
                database.check().await?;
                database.read(outbox::check).await
            }
        })]
    }

    /// Takes events in and delivers them until cancelled; then finishes what
    /// is under way, for 5 s at most, and gives the rest back.
    pub async fn run(self, cancel: CancellationToken) {
        let revocation = self.revocation.run(cancel.clone());
        let expiring = idempotency::run_expiry(self.state.database.clone(), cancel.clone());
        let erasing = self
            .erasures
            .run(self.broker.clone(), DELIVERY_ERASURES, cancel.clone());
        let redriving =
            outbox::redrive::run(self.state.database, self.broker.clone(), cancel.clone());
        let delivering = self.state.engine.run(self.broker, cancel.clone());
        tokio::join!(revocation, expiring, erasing, redriving, delivering);
    }
}
