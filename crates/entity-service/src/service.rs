//! The service put together: what it needs, what it answers, what runs beside.

use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};
use broker::Broker;
use database::{Database, DatabaseError};
use events::Clock;
use http_api::{Readiness, TokenSigner, TokenVerifier};
use outbox::erasure::Erasures;
use outbox::queue::ENTITY_ERASURES;
use outbox::{BacklogGauges, GaugeNames, Relay, RelayConfig};
use telemetry::{Metrics, MetricsError};
use tokio_util::sync::CancellationToken;

use crate::config::{EntityConfig, RelaySwitch};
use crate::conversion::{Conversion, ConversionMetrics};
use crate::erasure::PLACES;
use crate::revocation::{Revocation, load_revoked};
use crate::state::AppState;
use crate::{openapi, routes};

const GAUGES: GaugeNames = GaugeNames {
    waiting: "dealwire_outbox_waiting_events",
    oldest: "dealwire_outbox_oldest_age_seconds",
    parked: "dealwire_entity_parked_messages",
};

/// What the process gives to the service.
#[derive(Debug, Clone)]
pub struct Dependencies {
    /// Holds [`crate::MIGRATIONS`] and those of `outbox` and `idempotency`.
    pub database: Database,
    /// `outbox::topology` is declared on it.
    pub broker: Broker,
    /// Wall time.
    pub clock: Clock,
    /// Signs the tokens that `POST /tokens` hands out.
    pub token_signer: TokenSigner,
    /// Lets requests into this process; learns of revoked tokens here.
    pub token_verifier: TokenVerifier,
    /// Shows what happens here.
    pub metrics: Metrics,
}

/// Why the service cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The revoked tokens cannot be read: serving without them would let them in.
    #[error("the entity database cannot be read")]
    Database(#[from] DatabaseError),
    /// A metric is registered twice: the service is built twice in a process.
    #[error("the metrics of the entity service cannot be registered")]
    Metrics(#[from] MetricsError),
}

/// The entity service of one process.
#[derive(Debug)]
pub struct Service {
    state: AppState,
    relay: Option<Relay>,
    revocation: Revocation,
    backlog: BacklogGauges,
    conversion: Conversion,
    erasures: Erasures,
    broker: Broker,
    keep_events: Duration,
}

impl Service {
    /// Puts the service together; nothing runs yet, but tokens that were revoked are refused from
    /// now on.
    ///
    /// # Errors
    /// [`BuildError`].
    pub async fn build(
        config: EntityConfig,
        dependencies: Dependencies,
    ) -> Result<Self, BuildError> {
        let Dependencies {
            database,
            broker,
            clock,
            token_signer,
            token_verifier,
            metrics,
        } = dependencies;
        let backlog = BacklogGauges::register(&metrics, GAUGES)?;
        load_revoked(&database, &token_verifier).await?;
        let revocation = Revocation::new(database.clone(), broker.clone(), token_verifier.clone());
        let relay = Relay::new(database.clone(), broker.clone(), RelayConfig::default());
        let conversion = Conversion {
            database: database.clone(),
            broker: broker.clone(),
            clock: clock.clone(),
            waker: relay.waker(),
            metrics: ConversionMetrics::register(&metrics)?,
        };
        let erasures = Erasures::new(database.clone(), PLACES);
        let state = AppState {
            database,
            clock,
            waker: relay.waker(),
            token_signer,
            token_verifier,
        };
        Ok(Self {
            state,
            relay: (config.relay == RelaySwitch::On).then_some(relay),
            revocation,
            backlog,
            conversion,
            erasures,
            broker,
            keep_events: config.keep_events,
        })
    }

    /// Registers the resources, relative to `/api/v1`; called once per HTTP worker.
    pub fn routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
        let state = Data::new(self.state.clone());
        move |app| {
            app.app_data(state.clone());
            routes::register(app);
        }
    }

    /// The OpenAPI document of the resources.
    pub fn openapi() -> utoipa::openapi::OpenApi {
        openapi::document()
    }

    /// What must be well for requests to be served.
    pub fn readiness(&self) -> Vec<Readiness> {
        let database = self.state.database.clone();
        vec![Readiness::new("entity_database", move || {
            let database = database.clone();
            async move {
                database.check().await?;
                database.read(outbox::check).await
            }
        })]
    }

    /// Runs what goes on beside requests until cancelled.
    pub async fn run(self, cancel: CancellationToken) {
        let relaying = async {
            match self.relay {
                Some(relay) => relay.run(cancel.clone()).await,
                None => cancel.cancelled().await,
            }
        };
        let database = self.state.database.clone();
        let watching = self
            .backlog
            .run(database.clone(), self.state.clock.clone(), cancel.clone());
        tokio::join!(
            relaying,
            watching,
            self.revocation.run(cancel.clone()),
            self.conversion.run(cancel.clone()),
            self.erasures
                .run(self.broker.clone(), ENTITY_ERASURES, cancel.clone()),
            outbox::redrive::run(database.clone(), self.broker, cancel.clone()),
            idempotency::run_expiry(database.clone(), cancel.clone()),
            outbox::retention::run(database, self.keep_events, cancel.clone()),
        );
    }
}
