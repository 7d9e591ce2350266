//! The service put together: what it needs, what it answers, what runs beside.

use actix_web::web::{Data, ServiceConfig};
use broker::Broker;
use database::{Database, DatabaseError};
use events::Clock;
use http_api::{Readiness, TokenSigner, TokenVerifier};
use outbox::{Relay, RelayConfig};
use tokio_util::sync::CancellationToken;

use crate::config::{EntityConfig, RelaySwitch};
use crate::revocation::{Revocation, load_revoked};
use crate::state::AppState;
use crate::{openapi, routes};

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
}

/// The entity service of one process.
#[derive(Debug)]
pub struct Service {
    state: AppState,
    relay: Option<Relay>,
    revocation: Revocation,
}

impl Service {
    /// Puts the service together; nothing runs yet, but tokens that were revoked are refused from
    /// now on.
    ///
    /// # Errors
    /// The revoked tokens cannot be read: serving without them would let them in.
    pub async fn build(
        config: EntityConfig,
        dependencies: Dependencies,
    ) -> Result<Self, DatabaseError> {
        let Dependencies {
            database,
            broker,
            clock,
            token_signer,
            token_verifier,
        } = dependencies;
        load_revoked(&database, &token_verifier).await?;
        let revocation = Revocation::new(database.clone(), broker.clone(), token_verifier.clone());
        let relay = Relay::new(database.clone(), broker, RelayConfig::default());
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
            async move { database.check().await }
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
        tokio::join!(
            relaying,
            self.revocation.run(cancel.clone()),
            idempotency::run_expiry(database, cancel.clone()),
        );
    }
}
