//! `dealwire keys reseal`: the last step from one master key to another.

use clap::Args;
use database::Database;
use delivery_worker::{KeyRing, ResealError, Resealed, UnreadableKeys, reseal_some};
use events::Clock;

use crate::cli::settings::PlaceArgs;
use crate::cli::{runtime, say};
use crate::installation::Installation;
use crate::keys::Keys;
use crate::wiring;

/// Encrypts every webhook secret under the current master key.
///
/// For changing the master key. Works beside running workers, which all have to know both keys by
/// then: (1) make the new key and name its file in keys.other_master_files of every
/// delivery worker; restart them; (2) put the new key in the place of the old one, and
/// the old one into keys.other_master_files; restart them; (3) run this, with the settings
/// of (2); (4) take the old key out of the settings; restart, and destroy it. With
/// `dealwire up` there is one process, and (1) can be left out.
///
/// The exit status is 1 if a secret does not open; the output names its webhook.
#[derive(Debug, Args)]
pub(in crate::cli) struct ResealArgs {
    #[command(flatten)]
    place: PlaceArgs,
}

impl ResealArgs {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let settings = self.place.load()?;
        let place = self.place.existing()?;
        let keys = match &place {
            Installation::Folder(folder) => Keys::ring_of_folder(folder, &settings)?,
            Installation::Servers(_) => Keys::load_ring(&settings)?,
        };
        runtime()?.block_on(async {
            let database = wiring::open_delivery_database(&place).await?;
            let done = reseal_all(&database, keys).await?;
            for webhook in &done.unreadable {
                say(&line(webhook));
            }
            say(&format!(
                "{} sealed anew, {} under the current key already, {} unreadable",
                done.resealed,
                done.current,
                done.unreadable.len()
            ));
            anyhow::ensure!(
                done.unreadable.is_empty(),
                "not every secret opens: name the file of the missing key in \
                 keys.other_master_files and repeat, or give those webhooks another secret \
                 (POST …/secret/rotate)"
            );
            Ok(())
        })
    }
}

/// Some at a time, so that changes of webhooks wait for little.
async fn reseal_all(database: &Database, keys: KeyRing) -> Result<Resealed, ResealError> {
    let keys = std::sync::Arc::new(keys);
    let mut all = Resealed::default();
    let mut after_id = 0;
    loop {
        let (keys, now) = (keys.clone(), Clock::System.now());
        let some = database
            .write(move |conn| reseal_some(conn, &keys, after_id, now))
            .await?;
        all.resealed += some.resealed;
        all.current += some.current;
        all.unreadable.extend(some.unreadable);
        match some.next {
            Some(next) => after_id = next,
            None => return Ok(all),
        }
    }
}

fn line(webhook: &UnreadableKeys) -> String {
    let UnreadableKeys {
        account_id,
        webhook_id,
        kind,
        name,
        reason,
    } = webhook;
    format!("{kind} {webhook_id} {name:?} of account {account_id}: {reason}")
}
