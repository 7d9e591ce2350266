//! `dealwire recover`: going on after a backup was restored.

use std::path::PathBuf;

use clap::Args;
use events::Clock;

use super::settings::PlaceArgs;
use crate::data_folder::DataFolder;
use crate::installation::Installation;
use crate::recovery::{Recovery, Restored, open, put_back};

/// Brings databases that were restored from backups in line with those that were not.
///
/// Run it once after restoring, with all services stopped; the backups may be of different
/// moments. Ids and event numbers go on beyond all that any service knows, revisions of records
/// too; tokens that another service remembers as revoked stay so; events that a restored service
/// does not have are published to it once more. Says first what was lost with the backups, as far
/// as others know it. Then start the services, and `dealwire verify` says whether everything has
/// arrived.
#[derive(Debug, Args)]
pub(super) struct RecoverArgs {
    /// A service whose database was restored; may be repeated.
    #[arg(long, value_enum, required = true, value_name = "SERVICE")]
    restored: Vec<Restored>,

    /// The backup of a data folder (`dealwire backup`): puts the databases of the restored
    /// services, and keys that are missing, from there into the data folder first.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,

    /// How many ids and event numbers to leave out beyond the highest that a service knows. More
    /// than were given out since the backups were made: receivers may know them.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000,
        value_parser = clap::value_parser!(i64).range(0..=1_000_000_000_000))]
    ahead: i64,

    /// Says what would be done, and changes nothing.
    #[arg(long, conflicts_with = "from")]
    dry_run: bool,

    #[command(flatten)]
    place: PlaceArgs,
}

impl RecoverArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        super::runtime()?.block_on(async {
            let place = self.place.existing()?;
            let mut restored = self.restored.clone();
            restored.sort_unstable();
            restored.dedup();
            let folder = place.existing_folder()?;
            // It is kept from `dealwire up` meanwhile.
            let _held = folder.map(DataFolder::open).transpose()?;
            match (folder, &self.from) {
                (Some(folder), Some(from)) => put_back(from, folder, &restored)?,
                (None, Some(_)) => anyhow::bail!(
                    "--from is for a data folder; databases on servers are restored with their \
                     servers' own programs"
                ),
                (_, None) => {}
            }
            let databases = open(&place, &restored, self.dry_run).await?;
            let recovery = Recovery {
                entity: databases.entity,
                intake: databases.intake,
                delivery: databases.delivery,
                restored,
                ahead: self.ahead,
            };
            if matches!(place, Installation::Servers(_)) {
                recovery.check_stopped().await?;
            }
            let plan = recovery.plan().await?;
            // Before anything is changed: what is lost can be told only once.
            super::say(&plan.to_string());
            if self.dry_run {
                super::say("nothing was changed (--dry-run)");
                return Ok(());
            }
            recovery.carry_out(&plan, Clock::System.now()).await?;
            super::say(
                "done; start the services, then `dealwire verify` says whether everything has \
                 arrived. Make a new backup before anything else: the old one would give the same \
                 ids once more",
            );
            Ok(())
        })
    }
}
