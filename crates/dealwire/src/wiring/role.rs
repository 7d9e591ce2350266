//! One service as a process of its own, on PostgreSQL and RabbitMQ. It starts
//! whatever is missing, says so, and goes on by itself once it is there.

use std::net::TcpListener;
use std::sync::Arc;

use anyhow::Context as _;
use broker::{Broker, RabbitMqConfig};
use database::{Database, DatabaseConfig};
use delivery_worker::{KeyRing, MasterKey};
use entity_service::{EntityConfig, ensure_first_account};
use events::Clock;
use http_api::{HttpApi, HttpApiParts, RouteTable, ServerConfig, TokenSigner};
use telemetry::Metrics;
use tokio_util::sync::CancellationToken;

use super::waiting::{WaitingRoom, until_there};
use super::{
    END_OF_SERVICES, FIRST_ACCOUNT_NAME, broker_readiness, delivery_config, delivery_migrations,
    entity_migrations, verifier,
};
use crate::settings::DeliverySettings;

/// Where a service runs: its address and its servers.
#[derive(Debug)]
pub(crate) struct Site {
    /// The address of its part of the API.
    pub(crate) listener: TcpListener,
    /// Its own database.
    pub(crate) database: DatabaseConfig,
    /// The broker between the services.
    pub(crate) broker: RabbitMqConfig,
}

/// Runs the entity service until `stop`, however often its servers come and go.
pub(crate) async fn run_entity_service(
    site: Site,
    signer: TokenSigner,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let clock = Clock::System;
    let token_verifier = verifier(signer.public_pem(), &clock)?;
    let openapi = entity_service::Service::openapi();
    let waiting = WaitingRoom::open(
        &site.listener,
        token_verifier.clone(),
        openapi.clone(),
        "entity_database",
    )?;
    let broker = Broker::rabbitmq(site.broker);
    let build = || async {
        let database = Database::open(&site.database, entity_migrations()).await?;
        ensure_first_account(&database, &clock, FIRST_ACCOUNT_NAME).await?;
        let metrics = Metrics::new();
        let dependencies = entity_service::Dependencies {
            database,
            broker: broker.clone(),
            clock: clock.clone(),
            token_signer: signer.clone(),
            token_verifier: token_verifier.clone(),
            metrics: metrics.clone(),
        };
        let service = entity_service::Service::build(EntityConfig::default(), dependencies).await?;
        anyhow::Ok((service, metrics))
    };
    let Some((service, metrics)) =
        until_there("the entity database", &stop, || one_line(build())).await
    else {
        return Ok(());
    };
    let api = HttpApi::new(HttpApiParts {
        verifier: token_verifier,
        routes: vec![Arc::new(service.routes()) as RouteTable],
        openapi,
        readiness: [service.readiness(), vec![broker_readiness(&broker)]].concat(),
        metrics,
    })?;
    let services = CancellationToken::new();
    let running = service.run(services.clone());
    serve(site.listener, waiting, api, broker, running, services, stop).await
}

/// Runs a delivery worker until `stop`, however often its servers come and go.
pub(crate) async fn run_delivery_worker(
    site: Site,
    public_pem: &str,
    master: &MasterKey,
    settings: &DeliverySettings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let clock = Clock::System;
    let token_verifier = verifier(public_pem, &clock)?;
    let openapi = delivery_worker::Service::openapi();
    let keys = Arc::new(KeyRing::new(master, &[])?);
    // Other workers use the same database.
    let config = delivery_config(settings, false);
    let waiting = WaitingRoom::open(
        &site.listener,
        token_verifier.clone(),
        openapi.clone(),
        "delivery_database",
    )?;
    let broker = Broker::rabbitmq(site.broker);
    let build = || async {
        let database = Database::open(&site.database, delivery_migrations()).await?;
        let metrics = Metrics::new();
        let dependencies = delivery_worker::Dependencies {
            database,
            broker: broker.clone(),
            clock: clock.clone(),
            keys: Arc::clone(&keys),
            token_verifier: token_verifier.clone(),
            metrics: metrics.clone(),
        };
        let service = delivery_worker::Service::build(config.clone(), dependencies).await?;
        anyhow::Ok((service, metrics))
    };
    let Some((service, metrics)) =
        until_there("the delivery database", &stop, || one_line(build())).await
    else {
        return Ok(());
    };
    let api = HttpApi::new(HttpApiParts {
        verifier: token_verifier,
        routes: vec![Arc::new(service.routes()) as RouteTable],
        openapi,
        readiness: [service.readiness(), vec![broker_readiness(&broker)]].concat(),
        metrics,
    })?;
    let services = CancellationToken::new();
    let running = service.run(services.clone());
    serve(site.listener, waiting, api, broker, running, services, stop).await
}

/// An error with its causes, as a log line shows it.
async fn one_line<T>(attempt: impl Future<Output = anyhow::Result<T>>) -> Result<T, String> {
    attempt.await.map_err(|error| format!("{error:#}"))
}

/// Answers until `stop`; requests end first, then who works for them, then the
/// connection to the broker.
async fn serve(
    listener: TcpListener,
    waiting: WaitingRoom,
    api: HttpApi,
    broker: Broker,
    running: impl Future<Output = ()> + Send + 'static,
    services: CancellationToken,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let declaring = declare(broker.clone(), services.clone());
    let running = tokio::spawn(async move { tokio::join!(biased; declaring, running) });
    waiting.close().await;
    tracing::info!("the service has started");
    let served = http_api::serve(vec![listener], ServerConfig::default(), api, stop).await;
    services.cancel();
    match tokio::time::timeout(END_OF_SERVICES, running).await {
        Ok(ended) => drop(ended.context("the service failed")?),
        // Nothing is lost: what was not written down is done again.
        Err(_elapsed) => tracing::warn!("the service did not end in time and is cut short"),
    }
    broker.close().await;
    Ok(served?)
}

/// Makes queues and bindings exist as soon as there is a broker. From the first
/// call on the broker knows which they are, and the service may ask for them.
async fn declare(broker: Broker, stop: CancellationToken) {
    let topology = outbox::topology();
    until_there("queues that fit", &stop, || {
        one_line(async {
            loop {
                match broker.declare(&topology).await {
                    // The broker's own line tells why; trying waits by itself.
                    Err(error) if error.is_retryable() => {}
                    declared => break Ok(declared?),
                }
            }
        })
    })
    .await;
}
