//! `dealwire recover`: going on after a backup was restored.

use clap::Args;
use events::Clock;

use super::settings::PlaceArgs;
use crate::data_folder::DataFolder;
use crate::installation::Installation;
use crate::recovery::{Recovery, Restored};
use crate::wiring;

/// Brings databases that were restored from backups in line with those that were not.
///
/// Run it once after restoring, with all services stopped; the backups may be of different
/// moments. Ids, event numbers and revisions go on beyond all that anybody has seen, so that none
/// is given twice; tokens that were revoked stay so; events that a restored service does not have
/// are published to it once more. Says what was lost with the backups, as far as others know it.
/// Then start the services, and `dealwire verify` says whether everything has arrived.
#[derive(Debug, Args)]
pub(super) struct RecoverArgs {
    /// A service whose database was restored; may be repeated.
    #[arg(long, value_enum, required = true, value_name = "SERVICE")]
    restored: Vec<Restored>,

    /// How many ids and event numbers to leave out beyond the highest that a service knows. More
    /// than were given out since the backups were made: receivers may know them.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000,
        value_parser = clap::value_parser!(i64).range(0..=1_000_000_000_000))]
    ahead: i64,

    /// Says what would be done, and changes nothing.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    place: PlaceArgs,
}

impl RecoverArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        super::runtime()?.block_on(async {
            let place = self.place.existing()?;
            // A folder is kept from `dealwire up` meanwhile.
            let _held = match &place {
                Installation::Folder(folder) => Some(DataFolder::open(folder)?),
                Installation::Servers(_) => None,
            };
            let intake = match &place {
                Installation::Servers(servers) if servers.intake().is_err() => None,
                _ => Some(wiring::open_intake_database(&place).await?),
            };
            let mut restored = self.restored.clone();
            restored.dedup();
            anyhow::ensure!(
                intake.is_some() || !restored.contains(&Restored::IntakeService),
                "intake_service.database_url is not set, nor is its _file twin"
            );
            let recovery = Recovery {
                entity: wiring::open_entity_database(&place).await?,
                intake,
                delivery: wiring::open_delivery_database(&place).await?,
                restored,
                ahead: self.ahead,
            };
            recovery
                .check_stopped(matches!(place, Installation::Folder(_)))
                .await?;
            let plan = recovery.plan().await?;
            if self.dry_run {
                super::say(&format!("{plan}\nnothing was changed (--dry-run)"));
                return Ok(());
            }
            recovery.carry_out(&plan, Clock::System.now()).await?;
            super::say(&format!(
                "{plan}\ndone; start the services, then `dealwire verify` says whether everything \
                 has arrived"
            ));
            Ok(())
        })
    }
}
