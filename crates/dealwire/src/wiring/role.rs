//! One service as a process of its own, on PostgreSQL and RabbitMQ. It starts
//! whatever is missing, says so, and goes on by itself once it is there.

use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use broker::{Broker, RabbitMqConfig};
use database::{Database, DatabaseConfig};
use delivery_worker::KeyRing;
use entity_service::ensure_first_account;
use events::Clock;
use http_api::{
    HttpApi, HttpApiParts, Readiness, RouteTable, ServerConfig, TokenSigner, TokenVerifier,
};
use telemetry::Metrics;
use tokio_util::sync::CancellationToken;

use super::waiting::{WaitingRoom, until_there};
use super::{
    END_OF_SERVICES, FIRST_ACCOUNT_NAME, broker_readiness, delivery_config, delivery_migrations,
    entity_config, entity_migrations, intake_config, intake_migrations, openapi, verifier,
};
use crate::settings::Settings;

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
    settings: &Settings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let clock = Clock::System;
    let broker = Broker::rabbitmq(site.broker);
    let token_verifier = verifier(signer.public_pem(), &clock)?;
    let role = Role {
        listener: site.listener,
        broker: broker.clone(),
        verifier: token_verifier.clone(),
        database_name: "entity_database",
    };
    let config = entity_config(settings);
    let build = |metrics: Metrics| {
        let (clock, database, config) = (clock.clone(), site.database.clone(), config.clone());
        let token_signer = signer.clone();
        let (broker, token_verifier) = (broker.clone(), token_verifier.clone());
        async move {
            let database = Database::open(&database, entity_migrations()).await?;
            ensure_first_account(&database, &clock, FIRST_ACCOUNT_NAME).await?;
            let dependencies = entity_service::Dependencies {
                database,
                broker,
                clock,
                token_signer,
                token_verifier,
                metrics,
            };
            let service = entity_service::Service::build(config, dependencies).await?;
            Ok(Started {
                routes: Arc::new(service.routes()),
                root_routes: vec![],
                readiness: service.readiness(),
                run: Box::new(|cancel| Box::pin(service.run(cancel))),
            })
        }
    };
    role.run(build, stop).await
}

/// Runs the intake service until `stop`, however often its servers come and go.
pub(crate) async fn run_intake_service(
    site: Site,
    public_pem: &str,
    settings: &Settings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let clock = Clock::System;
    let config = intake_config(settings);
    let broker = Broker::rabbitmq(site.broker);
    let token_verifier = verifier(public_pem, &clock)?;
    let role = Role {
        listener: site.listener,
        broker: broker.clone(),
        verifier: token_verifier.clone(),
        database_name: "intake_database",
    };
    let build = |metrics: Metrics| {
        let (clock, database, config) = (clock.clone(), site.database.clone(), config.clone());
        let (broker, token_verifier) = (broker.clone(), token_verifier.clone());
        async move {
            let dependencies = intake_service::Dependencies {
                database: Database::open(&database, intake_migrations()).await?,
                broker,
                clock,
                token_verifier,
                metrics,
            };
            let service = intake_service::Service::build(config, dependencies).await?;
            Ok(Started {
                routes: Arc::new(service.routes()),
                root_routes: vec![Arc::new(service.inbound_routes())],
                readiness: service.readiness(),
                run: Box::new(|cancel| Box::pin(service.run(cancel))),
            })
        }
    };
    role.run(build, stop).await
}

/// Runs a delivery worker until `stop`, however often its servers come and go.
pub(crate) async fn run_delivery_worker(
    site: Site,
    public_pem: &str,
    keys: KeyRing,
    settings: &Settings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let clock = Clock::System;
    let keys = Arc::new(keys);
    // Other workers use the same database.
    let config = delivery_config(settings, false)?;
    let broker = Broker::rabbitmq(site.broker);
    let token_verifier = verifier(public_pem, &clock)?;
    let role = Role {
        listener: site.listener,
        broker: broker.clone(),
        verifier: token_verifier.clone(),
        database_name: "delivery_database",
    };
    let build = |metrics: Metrics| {
        let (clock, database, config) = (clock.clone(), site.database.clone(), config.clone());
        let (broker, token_verifier) = (broker.clone(), token_verifier.clone());
        let keys = Arc::clone(&keys);
        async move {
            let dependencies = delivery_worker::Dependencies {
                database: Database::open(&database, delivery_migrations()).await?,
                broker,
                clock,
                keys,
                token_verifier,
                metrics,
            };
            let service = delivery_worker::Service::build(config, dependencies).await?;
            Ok(Started {
                routes: Arc::new(service.routes()),
                root_routes: vec![],
                readiness: service.readiness(),
                run: Box::new(|cancel| Box::pin(service.run(cancel))),
            })
        }
    };
    Box::pin(role.run(build, stop)).await
}

/// What is the same for every service.
struct Role {
    listener: TcpListener,
    broker: Broker,
    verifier: TokenVerifier,
    /// What `/readyz` calls the database.
    database_name: &'static str,
}

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A service whose database is there.
struct Started {
    routes: RouteTable,
    root_routes: Vec<RouteTable>,
    readiness: Vec<Readiness>,
    run: Box<dyn FnOnce(CancellationToken) -> Running + Send>,
}

impl Role {
    /// Waits until `build` works, then answers until `stop`; requests end first,
    /// then who works for them, then the connection to the broker.
    async fn run<Build, Building>(self, build: Build, stop: CancellationToken) -> anyhow::Result<()>
    where
        Build: Fn(Metrics) -> Building,
        Building: Future<Output = anyhow::Result<Started>>,
    {
        let declared = Arc::new(AtomicBool::new(false));
        let broker_ready = broker_readiness(&self.broker, &declared);
        let declaring = tokio::spawn(declare(self.broker.clone(), declared, stop.clone()));
        let waiting = WaitingRoom::open(
            &self.listener,
            self.verifier.clone(),
            vec![Readiness::never(self.database_name), broker_ready.clone()],
        )?;
        let attempt = || {
            // Anew each time: what an attempt registered stays registered.
            let metrics = Metrics::new();
            one_line(async { Ok((build(metrics.clone()).await?, metrics)) })
        };
        let Some((service, metrics)) = until_there("the database", &stop, attempt).await else {
            return Ok(());
        };
        let api = HttpApi::new(HttpApiParts {
            verifier: self.verifier.clone(),
            routes: vec![service.routes],
            root_routes: service.root_routes,
            openapi,
            readiness: [service.readiness, vec![broker_ready]].concat(),
            metrics,
        })?;
        let services = CancellationToken::new();
        let running = tokio::spawn((service.run)(services.clone()));
        waiting.close().await;
        tracing::info!("the service has started");
        let listeners = vec![self.listener];
        let served = http_api::serve(listeners, ServerConfig::default(), api, stop).await;
        services.cancel();
        match tokio::time::timeout(END_OF_SERVICES, running).await {
            Ok(ended) => ended.context("the service failed")?,
            // Nothing is lost: what was not written down is done again.
            Err(_elapsed) => {
                tracing::warn!("the service did not end in time and is cut short");
            }
        }
        declaring.abort();
        self.broker.close().await;
        Ok(served?)
    }
}

/// An error with its causes, as a log line shows it.
async fn one_line<T>(attempt: impl Future<Output = anyhow::Result<T>>) -> Result<T, String> {
    attempt.await.map_err(|error| format!("{error:#}"))
}

/// Makes queues and bindings exist as soon as there is a broker. From the first
/// call on the broker knows which they are, and the service may ask for them.
async fn declare(broker: Broker, declared: Arc<AtomicBool>, stop: CancellationToken) {
    let topology = outbox::topology();
    let there = until_there("queues that fit", &stop, || {
        one_line(async {
            loop {
                match broker.declare(&topology).await {
                    // The broker's own line tells why; trying waits by itself.
                    Err(error) if error.is_retryable() => {}
                    done => break Ok(done?),
                }
            }
        })
    })
    .await;
    declared.store(there.is_some(), Ordering::Relaxed);
}
