//! `dealwire migrate`: brings the databases' schema up to date.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use database::{Database, DatabaseConfig, Migrations};
use tokio::time::Instant;

use super::settings::PlaceArgs;
use crate::installation::Installation;
use crate::wiring;

/// How long to wait before a database that is away is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Brings the schema of the databases that the settings name up to date.
///
/// Services do the same when they start; this does it ahead of them, as a step of
/// an upgrade. An older program goes on working on a newer schema.
#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    /// How long to wait for a database that is not there yet.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,

    #[command(flatten)]
    place: PlaceArgs,
}

impl MigrateArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Installation::Servers(servers) = self.place.existing()? else {
            anyhow::bail!(
                "none of entity_service.database_url, intake_service.database_url and \
                 delivery_worker.database_url is set; a data folder is migrated when `dealwire up` starts"
            );
        };
        let until = Instant::now() + Duration::from_secs(self.wait);
        super::runtime()?.block_on(async {
            if let Ok(config) = servers.entity() {
                migrate("entity-service", config, wiring::entity_migrations, until).await?;
            }
            if let Ok(config) = servers.intake() {
                migrate("intake-service", config, wiring::intake_migrations, until).await?;
            }
            if let Ok(config) = servers.delivery() {
                migrate(
                    "delivery-worker",
                    config,
                    wiring::delivery_migrations,
                    until,
                )
                .await?;
            }
            Ok(())
        })
    }
}

async fn migrate(
    service: &str,
    config: &DatabaseConfig,
    migrations: fn() -> Vec<Migrations>,
    until: Instant,
) -> anyhow::Result<()> {
    let ran = loop {
        match Database::migrate(config, migrations()).await {
            Err(error) if error.is_unreachable() && Instant::now() < until => {
                tokio::time::sleep(PAUSE).await;
            }
            done => break done.with_context(|| service.to_owned())?,
        }
    };
    for name in &ran {
        super::say(&format!("{service}: {name}"));
    }
    super::say(&format!("{service}: {} migrations applied", ran.len()));
    Ok(())
}
