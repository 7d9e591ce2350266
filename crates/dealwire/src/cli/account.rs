//! `dealwire account`: the customers of an installation.

use clap::{Args, Subcommand};
use entity_service::create_account;
use events::Clock;

use super::settings::PlaceArgs;
use crate::wiring;

/// The accounts of an installation; each sees only its own records.
#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    Create(CreateAccountArgs),
}

/// Opens an account, with a pipeline, statuses and task types to start with.
///
/// Prints its id. Works beside running services.
#[derive(Debug, Args)]
pub(super) struct CreateAccountArgs {
    /// What people know it by.
    #[arg(long, value_parser = name)]
    name: String,

    #[command(flatten)]
    place: PlaceArgs,
}

impl AccountCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Self::Create(args) = self;
        super::runtime()?.block_on(async {
            let place = args.place.existing()?;
            let database = wiring::open_entity_database(&place).await?;
            let id = create_account(&database, &Clock::System, &args.name).await?;
            super::say(&id.to_string());
            Ok(())
        })
    }
}

/// A name of 1 to 255 characters.
pub(super) fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let length = name.chars().count();
    if (1..=255).contains(&length) && !name.contains('\0') {
        Ok(name.to_owned())
    } else {
        Err("a name has 1 to 255 characters".to_owned())
    }
}
