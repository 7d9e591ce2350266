//! The one place that knows how the services are run: which databases, which
//! broker, which keys they get.

mod all_in_one;
mod databases;
mod role;
mod waiting;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use broker::Broker;
use delivery_worker::{AddressPolicy, BreakerConfig, DeliveryConfig, SendConfig};
use entity_service::EntityConfig;
use events::Clock;
use http_api::{Readiness, TokenVerifier};
use intake_service::IntakeConfig;

pub(crate) use all_in_one::{AllDatabases, AllInOne};
pub(crate) use databases::{
    delivery_migrations, entity_migrations, existing_files, has_data, intake_migrations,
    open_delivery_database, open_entity_database, open_intake_database, open_to_look,
};
pub(crate) use role::{Site, run_delivery_worker, run_entity_service, run_intake_service};

use crate::settings::{DeliverySettings, Settings};

/// What the account of an installation that has only one is called at first.
pub(crate) const FIRST_ACCOUNT_NAME: &str = "Моя компания";

/// How long the services may take to finish what is in flight, with a disk that
/// no longer takes anything as the worst case.
const END_OF_SERVICES: Duration = Duration::from_secs(8);

/// `declared` says whether the queues are there as they have to be.
fn broker_readiness(broker: &Broker, declared: &Arc<AtomicBool>) -> Readiness {
    let (broker, declared) = (broker.clone(), Arc::clone(declared));
    Readiness::new("broker", move || {
        let state = match broker.check() {
            Err(trouble) => Err(trouble.to_string()),
            Ok(()) if declared.load(Ordering::Relaxed) => Ok(()),
            Ok(()) => Err("the queues are not declared".to_owned()),
        };
        std::future::ready(state)
    })
}

fn verifier(public_pem: &str, clock: &Clock) -> anyhow::Result<TokenVerifier> {
    let clock = clock.clone();
    Ok(TokenVerifier::new(
        &[public_pem],
        Arc::new(move || clock.now().0),
    )?)
}

fn entity_config(settings: &Settings) -> EntityConfig {
    EntityConfig {
        keep_events: settings.retention.events(),
        ..EntityConfig::default()
    }
}

fn intake_config(settings: &Settings) -> IntakeConfig {
    IntakeConfig {
        public_url: settings.intake.public_url.clone(),
        trusted_proxies: settings.intake.trusted_proxies.clone(),
        keep_requests: settings.retention.requests(),
        keep_events: settings.retention.events(),
    }
}

/// `alone` says that no other process can be using the database.
fn delivery_config(settings: &Settings, alone: bool) -> anyhow::Result<DeliveryConfig> {
    let retention = settings.retention;
    let settings = &settings.delivery;
    Ok(DeliveryConfig {
        send: send_config(settings)?,
        webhook_concurrency: usize::from(settings.concurrency.get()),
        gap_wait: settings.gap_wait,
        breaker: BreakerConfig {
            failures: settings.breaker_failures,
            first_pause: settings.breaker_pause,
            longest_pause: settings.breaker_longest_pause,
        },
        keep_deliveries: retention.deliveries(),
        keep_events: retention.known_events(),
        alone,
        ..DeliveryConfig::default()
    })
}

/// How and to whom delivery workers send.
pub(crate) fn send_config(settings: &DeliverySettings) -> anyhow::Result<SendConfig> {
    Ok(SendConfig {
        policy: AddressPolicy {
            allow_networks: settings.allow_networks.clone(),
            https_only: settings.https_only,
        },
        extra_ca_pem: extra_authorities(settings)?,
        ..SendConfig::default()
    })
}

fn extra_authorities(settings: &DeliverySettings) -> anyhow::Result<Vec<String>> {
    let read = |file: &PathBuf| {
        std::fs::read_to_string(file).with_context(|| {
            let file = file.display();
            format!("cannot read {file}, which delivery.extra_ca_files names")
        })
    };
    settings.extra_ca_files.iter().map(read).collect()
}

/// The API as a whole, whichever process answers which part.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    http_api::merge_documents(
        "Dealwire",
        env!("CARGO_PKG_VERSION"),
        [
            entity_service::Service::openapi(),
            intake_service::Service::openapi(),
            delivery_worker::Service::openapi(),
        ],
    )
}
