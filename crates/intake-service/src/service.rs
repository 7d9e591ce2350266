//! The service put together: what it needs, what it answers, what runs beside.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use broker::Broker;
use database::{Database, DatabaseError};
use events::Clock;
use http_api::{Readiness, TokenVerifier};
use outbox::erasure::{Erasures, PARKED, PUBLISHED, Place};
use outbox::queue::INTAKE_TOKENS;
use outbox::{BacklogGauges, GaugeNames, Relay, RelayConfig};
use revocation::Revocation;
use telemetry::{Metrics, MetricsError};
use tokio_util::sync::CancellationToken;

use crate::config::IntakeConfig;
use crate::conversions::Conversions;
use crate::erasing::Erasing;
use crate::limits::Limiter;
use crate::metrics::IntakeMetrics;
use crate::sources::SourceCache;
use crate::state::AppState;
use crate::taking::Taking;
use crate::{openapi, retention, routes};

/// Where bodies of events are kept here, and so people who asked to be forgotten are looked for.
static PLACES: [Place; 2] = [PUBLISHED, PARKED];

const GAUGES: GaugeNames = GaugeNames {
    waiting: "dealwire_intake_outbox_waiting_events",
    oldest: "dealwire_intake_outbox_oldest_age_seconds",
    parked: "dealwire_intake_parked_messages",
};

/// What the process gives to the service.
#[derive(Debug, Clone)]
pub struct Dependencies {
    /// Holds [`crate::MIGRATIONS`] and those of `outbox`, `idempotency` and `revocation`.
    pub database: Database,
    /// `outbox::topology` is declared on it.
    pub broker: Broker,
    /// Wall time.
    pub clock: Clock,
    /// Lets requests into this process; learns of revoked tokens here.
    pub token_verifier: TokenVerifier,
    /// Shows what happens here.
    pub metrics: Metrics,
}

/// Why the service cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its database cannot be read.
    #[error("the intake database cannot be read")]
    Database(#[from] DatabaseError),
    /// A metric is registered twice: the service is built twice in a process.
    #[error("the metrics of the intake service cannot be registered")]
    Metrics(#[from] MetricsError),
}

/// The intake service of one process.
#[derive(Debug)]
pub struct Service {
    state: AppState,
    relay: Relay,
    revocation: Revocation,
    backlog: BacklogGauges,
    conversions: Conversions,
}

impl Service {
    /// Puts the service together, on a tokio runtime. Nothing runs yet but the writers of leads,
    /// which end with the last handler; tokens that were revoked are refused from now on.
    ///
    /// # Errors
    /// [`BuildError`].
    pub async fn build(
        config: IntakeConfig,
        dependencies: Dependencies,
    ) -> Result<Self, BuildError> {
        let Dependencies {
            database,
            broker,
            clock,
            token_verifier,
            metrics,
        } = dependencies;
        let revocation = Revocation::start(
            database.clone(),
            broker.clone(),
            token_verifier,
            INTAKE_TOKENS,
        )
        .await?;
        let conversions = Conversions {
            database: database.clone(),
            broker: broker.clone(),
            clock: clock.clone(),
        };
        let relay = Relay::new(database.clone(), broker, RelayConfig::default());
        let backlog = BacklogGauges::register(&metrics, GAUGES)?;
        let metrics = IntakeMetrics::register(&metrics)?;
        let waker = relay.waker();
        let erasing = Erasing {
            database: database.clone(),
            waker: waker.clone(),
            erasures: Erasures::new(database.clone(), &PLACES),
        };
        let state = AppState {
            sources: SourceCache::new(database.clone()),
            limiter: Limiter::default(),
            taking: Taking::start(&database, &waker, &metrics),
            metrics,
            erasing,
            last_lead: Arc::default(),
            database,
            clock,
            waker,
            config: Arc::new(config),
        };
        Ok(Self {
            state,
            relay,
            revocation,
            backlog,
            conversions,
        })
    }

    /// Registers the inbound URLs, relative to the root; called once per HTTP worker.
    pub fn inbound_routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + Sync + 'static {
        let state = Data::new(self.state.clone());
        move |app| {
            app.app_data(state.clone());
            routes::register_inbound(app);
        }
    }

    /// Registers the resources, relative to `/api/v1`; called once per HTTP worker.
    pub fn routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + Sync + 'static {
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
        vec![Readiness::new("intake_database", move || {
            let database = database.clone();
            async move {
                database.check().await?;
                database.read(outbox::check).await
            }
        })]
    }

    /// Runs what goes on beside requests until cancelled.
    pub async fn run(self, cancel: CancellationToken) {
        let broker = self.conversions.broker.clone();
        tokio::join!(
            self.relay.run(cancel.clone()),
            outbox::redrive::run(self.state.database.clone(), broker, cancel.clone()),
            self.backlog.run(
                self.state.database.clone(),
                self.state.clock.clone(),
                cancel.clone(),
            ),
            self.revocation.run(cancel.clone()),
            self.conversions.run(cancel.clone()),
            self.state.erasing.erasures.clone().sweep(cancel.clone()),
            retention::run(&self.state, &cancel),
            idempotency::run_expiry(self.state.database.clone(), cancel.clone()),
            outbox::retention::run(
                self.state.database.clone(),
                self.state.config.keep_events,
                cancel.clone(),
            ),
        );
    }
}
