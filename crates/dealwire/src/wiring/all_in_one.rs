//! `dealwire up`: every service in one process.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use broker::{Broker, InProcessLimits};
use database::Database;
use events::Clock;
use http_api::{HttpApi, HttpApiParts, ServerConfig};
use telemetry::Metrics;
use tokio_util::sync::CancellationToken;

use super::{
    END_OF_SERVICES, broker_readiness, delivery_config, entity_config, intake_config, openapi,
    verifier,
};
use crate::keys::Keys;
use crate::settings::Settings;

/// All services in one process, on files and the in-process broker.
pub(crate) struct AllInOne {
    api: HttpApi,
    entity: entity_service::Service,
    intake: intake_service::Service,
    delivery: delivery_worker::Service,
    broker: Broker,
}

/// A database for each service.
#[derive(Debug)]
pub(crate) struct AllDatabases {
    pub(crate) entity: Database,
    pub(crate) intake: Database,
    pub(crate) delivery: Database,
}

impl AllInOne {
    /// Puts everything together; nothing runs yet.
    pub(crate) async fn build(
        databases: AllDatabases,
        keys: &Keys,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        let broker = Broker::in_process(InProcessLimits::default());
        broker.declare(&outbox::topology()).await?;
        let clock = Clock::System;
        let metrics = Metrics::new();
        let token_verifier = verifier(keys.signer.public_pem(), &clock)?;
        let entity = entity_service::Service::build(
            entity_config(settings),
            entity_service::Dependencies {
                database: databases.entity,
                broker: broker.clone(),
                clock: clock.clone(),
                token_signer: keys.signer.clone(),
                token_verifier: token_verifier.clone(),
                metrics: metrics.clone(),
            },
        )
        .await
        .context("the entity service cannot start")?;
        let intake = intake_service::Service::build(
            intake_config(settings),
            intake_service::Dependencies {
                database: databases.intake,
                broker: broker.clone(),
                clock: clock.clone(),
                token_verifier: token_verifier.clone(),
                metrics: metrics.clone(),
            },
        )
        .await
        .context("the intake service cannot start")?;
        let delivery = delivery_worker::Service::build(
            // The data folder's lock keeps everybody else out.
            delivery_config(settings, true)?,
            delivery_worker::Dependencies {
                database: databases.delivery,
                broker: broker.clone(),
                clock,
                keys: Arc::new(keys.ring(settings)?),
                token_verifier: token_verifier.clone(),
                metrics: metrics.clone(),
            },
        )
        .await
        .context("the delivery worker cannot start")?;
        let api = HttpApi::new(HttpApiParts {
            verifier: token_verifier,
            routes: vec![
                Arc::new(entity.routes()),
                Arc::new(intake.routes()),
                Arc::new(delivery.routes()),
            ],
            root_routes: vec![Arc::new(intake.inbound_routes())],
            openapi,
            readiness: [
                entity.readiness(),
                intake.readiness(),
                delivery.readiness(),
                vec![broker_readiness(&broker, &Arc::new(AtomicBool::new(true)))],
            ]
            .concat(),
            metrics,
        })?;
        Ok(Self {
            api,
            entity,
            intake,
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
        let intake = tokio::spawn(self.intake.run(services.clone()));
        let delivery = tokio::spawn(self.delivery.run(services.clone()));
        let config = ServerConfig::default();
        let served = http_api::serve(vec![listener], config, self.api, cancel).await;
        services.cancel();
        let ending = async {
            let (entity, intake, delivery) = tokio::join!(entity, intake, delivery);
            entity?;
            intake?;
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
