//! `dealwire entity-service`, `dealwire intake-service` and `dealwire delivery-worker`:
//! one service as a process of its own.

use std::net::{SocketAddr, TcpListener};

use anyhow::Context as _;
use broker::RabbitMqConfig;
use clap::Args;
use database::DatabaseConfig;
use telemetry::Telemetry;
use tokio_util::sync::CancellationToken;

use super::settings::FolderArgs;
use crate::installation::Installation;
use crate::keys::Keys;
use crate::settings::{RoleSettings, Settings};
use crate::signals;
use crate::wiring::{self, Site};

/// Runs the entity service: orders, tasks, clients, accounts and tokens.
///
/// Needs a PostgreSQL database of its own (entity_service.database_url), RabbitMQ
/// (broker.url) and the key that signs tokens. Waits for what is not there yet.
/// Any number of replicas may share the database; one of them publishes at a time.
#[derive(Debug, Args)]
pub(super) struct EntityServiceArgs {
    #[command(flatten)]
    role: RoleArgs,
}

/// Runs the intake service: sources, their inbound URLs, and the leads that come in.
///
/// Needs a PostgreSQL database of its own (intake_service.database_url), RabbitMQ
/// (broker.url) and the key that checks tokens. Waits for what is not there yet.
/// Any number of replicas may share the database.
#[derive(Debug, Args)]
pub(super) struct IntakeServiceArgs {
    #[command(flatten)]
    role: RoleArgs,
}

/// Runs a delivery worker: webhooks, and the callbacks to them.
///
/// Needs a PostgreSQL database of its own (delivery_worker.database_url), RabbitMQ
/// (broker.url), the key that checks tokens and the one that encrypts webhook
/// secrets. Waits for what is not there yet. Any number of workers may share the
/// database; they share the work.
#[derive(Debug, Args)]
pub(super) struct DeliveryWorkerArgs {
    #[command(flatten)]
    role: RoleArgs,
}

#[derive(Debug, Args)]
struct RoleArgs {
    #[command(flatten)]
    folder: FolderArgs,

    /// The address of its part of the API [default: the one in the settings];
    /// port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,
}

impl EntityServiceArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let (settings, _telemetry) = self.role.load("entity-service")?;
        let signer = Keys::load_signer(&settings)?;
        super::runtime()?.block_on(async {
            let (site, stop) = open(
                &settings,
                "entity_service",
                &settings.entity_service,
                self.role.http,
            )?;
            wiring::run_entity_service(site, signer, &settings, stop).await
        })
    }
}

impl IntakeServiceArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let (settings, _telemetry) = self.role.load("intake-service")?;
        let public_pem = Keys::load_public(&settings)?;
        super::runtime()?.block_on(async {
            let (site, stop) = open(
                &settings,
                "intake_service",
                &settings.intake_service,
                self.role.http,
            )?;
            wiring::run_intake_service(site, &public_pem, &settings, stop).await
        })
    }
}

impl DeliveryWorkerArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let (settings, _telemetry) = self.role.load("delivery-worker")?;
        let public_pem = Keys::load_public(&settings)?;
        let keys = Keys::load_ring(&settings)?;
        super::runtime()?.block_on(async {
            let (site, stop) = open(
                &settings,
                "delivery_worker",
                &settings.delivery_worker,
                self.role.http,
            )?;
            let running = wiring::run_delivery_worker(site, &public_pem, keys, &settings, stop);
            Box::pin(running).await
        })
    }
}

impl RoleArgs {
    fn load(&self, service: &str) -> anyhow::Result<(Settings, Telemetry)> {
        let settings = self.folder.load()?;
        let telemetry = settings.init_telemetry(service)?;
        Ok((settings, telemetry))
    }
}

/// Takes the address and says so.
fn open(
    settings: &Settings,
    section: &'static str,
    role: &RoleSettings,
    http: Option<SocketAddr>,
) -> anyhow::Result<(Site, CancellationToken)> {
    let name = section.replace('_', "-");
    // Refuses settings that contradict each other.
    Installation::of(settings)?;
    let database = database_of(role, section)?;
    let broker = broker_of(settings, &name)?;
    let stop = signals::stop_requested()?;
    let listen = http.unwrap_or(role.listen);
    let listener =
        TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    super::say(&format!(
        "dealwire {} {name} listens on http://{}",
        env!("CARGO_PKG_VERSION"),
        listener.local_addr()?
    ));
    let stopping = stop.clone();
    tokio::spawn(async move {
        stopping.cancelled().await;
        tracing::info!("stopping: what is in flight is finished first");
    });
    let site = Site {
        listener,
        database,
        broker,
    };
    Ok((site, stop))
}

fn database_of(role: &RoleSettings, section: &str) -> anyhow::Result<DatabaseConfig> {
    role.database(section)?.with_context(|| {
        format!(
            "{section}.database_url is not set: name the PostgreSQL database of this service, \
             in the settings file or as DEALWIRE__{}__DATABASE_URL",
            section.to_uppercase()
        )
    })
}

fn broker_of(settings: &Settings, name: &str) -> anyhow::Result<RabbitMqConfig> {
    let url = settings.broker.url()?.context(
        "broker.url is not set: name the RabbitMQ server, \
         in the settings file or as DEALWIRE__BROKER__URL",
    )?;
    RabbitMqConfig::parse(&url, &format!("dealwire {name}")).context("broker.url is not usable")
}
