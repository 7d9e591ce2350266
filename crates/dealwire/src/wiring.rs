//! The one place that knows how the services are run: which databases, which
//! broker, which keys they get.

use std::fs::OpenOptions;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use broker::{Broker, InProcessLimits};
use database::{Database, DatabaseConfig, Migrations};
use delivery_worker::{AddressPolicy, DeliveryConfig, KeyRing, SendConfig};
use entity_service::EntityConfig;
use events::Clock;
use http_api::{HttpApi, HttpApiParts, ServerConfig, TokenVerifier};
use telemetry::Metrics;
use tokio_util::sync::CancellationToken;

use crate::keys::Keys;
use crate::settings::DeliverySettings;

/// The entity service's file in the data folder.
const ENTITY_FILE: &str = "entity.db";

/// The delivery worker's file in the data folder.
const DELIVERY_FILE: &str = "delivery.db";

/// How long the services may take to finish what is in flight, with a disk that
/// no longer takes anything as the worst case.
const END_OF_SERVICES: Duration = Duration::from_secs(8);

/// Threads that read one SQLite file.
const READERS: usize = 2;

/// Whether rows were ever kept in this data folder.
pub(crate) fn has_data(folder: &Path) -> bool {
    [ENTITY_FILE, DELIVERY_FILE].iter().any(|name| {
        let file = folder.join(name);
        file.metadata().is_ok_and(|metadata| metadata.len() > 0)
    })
}

/// Opens the entity service's database in a data folder.
pub(crate) async fn open_entity_database(folder: &Path) -> anyhow::Result<Database> {
    let own = entity_service::MIGRATIONS;
    open(folder, ENTITY_FILE, own).await
}

/// Opens the delivery worker's database in a data folder.
pub(crate) async fn open_delivery_database(folder: &Path) -> anyhow::Result<Database> {
    let own = delivery_worker::MIGRATIONS;
    open(folder, DELIVERY_FILE, own).await
}

async fn open(folder: &Path, file: &str, own: Migrations) -> anyhow::Result<Database> {
    let path = folder.join(file);
    // Made here for the owner alone; its log takes over the rights.
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    let config = DatabaseConfig::Sqlite {
        path,
        readers: READERS,
    };
    let migrations = vec![outbox::MIGRATIONS, idempotency::MIGRATIONS, own];
    Ok(Database::open(&config, migrations).await?)
}

/// All services in one process, on files and the in-process broker.
pub(crate) struct AllInOne {
    api: HttpApi,
    entity: entity_service::Service,
    delivery: delivery_worker::Service,
    broker: Broker,
}

impl AllInOne {
    /// Puts everything together; nothing runs yet.
    pub(crate) async fn build(
        entity_database: Database,
        delivery_database: Database,
        keys: &Keys,
        settings: &DeliverySettings,
    ) -> anyhow::Result<Self> {
        let broker = Broker::in_process(InProcessLimits::default());
        broker.declare(&outbox::topology()).await?;
        let clock = Clock::System;
        let metrics = Metrics::new();
        let token_verifier = verifier(keys, &clock)?;
        let entity = entity_service::Service::build(
            EntityConfig::default(),
            entity_service::Dependencies {
                database: entity_database,
                broker: broker.clone(),
                clock: clock.clone(),
                token_signer: keys.signer.clone(),
                token_verifier: token_verifier.clone(),
                metrics: metrics.clone(),
            },
        )
        .await
        .context("the entity service cannot start")?;
        let delivery = delivery_worker::Service::build(
            delivery_config(settings),
            delivery_worker::Dependencies {
                database: delivery_database,
                broker: broker.clone(),
                clock,
                keys: Arc::new(KeyRing::new(&keys.master, &[])?),
                token_verifier: token_verifier.clone(),
                metrics: metrics.clone(),
            },
        )
        .await
        .context("the delivery worker cannot start")?;
        let api = HttpApi::new(HttpApiParts {
            verifier: token_verifier,
            routes: vec![Arc::new(entity.routes()), Arc::new(delivery.routes())],
            openapi: openapi(),
            readiness: [entity.readiness(), delivery.readiness()].concat(),
            metrics,
        })?;
        Ok(Self {
            api,
            entity,
            delivery,
            broker,
        })
    }

    /// Answers on `listener` until cancelled, then finishes what is in flight.
    pub(crate) async fn run(
        self,
        listener: TcpListener,
        cancel: CancellationToken,
    ) -> anyhow::Result<()> {
        // Requests end first, then who works for them, then the broker between.
        let services = CancellationToken::new();
        let entity = tokio::spawn(self.entity.run(services.clone()));
        let delivery = tokio::spawn(self.delivery.run(services.clone()));
        let config = ServerConfig::default();
        let served = http_api::serve(vec![listener], config, self.api, cancel).await;
        services.cancel();
        let ending = async {
            let (entity, delivery) = tokio::join!(entity, delivery);
            entity?;
            delivery
        };
        match tokio::time::timeout(END_OF_SERVICES, ending).await {
            Ok(ended) => ended?,
            // Nothing is lost: what was not written down is done again.
            Err(_elapsed) => tracing::warn!("the services did not end in time and are cut short"),
        }
        self.broker.close().await;
        Ok(served?)
    }
}

fn verifier(keys: &Keys, clock: &Clock) -> anyhow::Result<TokenVerifier> {
    let clock = clock.clone();
    let pems = [keys.signer.public_pem()];
    Ok(TokenVerifier::new(&pems, Arc::new(move || clock.now().0))?)
}

fn delivery_config(settings: &DeliverySettings) -> DeliveryConfig {
    DeliveryConfig {
        send: SendConfig {
            policy: AddressPolicy {
                allow_networks: settings.allow_networks.clone(),
                https_only: settings.https_only,
            },
            ..SendConfig::default()
        },
        webhook_concurrency: usize::from(settings.concurrency.get()),
        // The data folder's lock keeps everybody else out.
        alone: true,
        ..DeliveryConfig::default()
    }
}

/// The API as a whole, whichever process answers which part.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    http_api::merge_documents(
        "Dealwire",
        env!("CARGO_PKG_VERSION"),
        [
            entity_service::Service::openapi(),
            delivery_worker::Service::openapi(),
        ],
    )
}
