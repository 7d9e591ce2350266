//! `dealwire settings`, and the options that say where settings come from.

use std::path::PathBuf;

use clap::Args;

use crate::installation::Installation;
use crate::settings::{DEFAULTS, Settings, SettingsError};

/// Prints the settings with their defaults and meanings.
///
/// The output is a settings file to start from: `dealwire settings > dealwire.toml`.
#[derive(Debug, Args)]
pub(super) struct PrintSettingsArgs {}

impl PrintSettingsArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        super::say(DEFAULTS.trim_end());
        Ok(())
    }
}

/// Where the settings come from.
#[derive(Debug, Args)]
pub(super) struct SettingsArgs {
    /// The settings file (TOML); `dealwire settings` prints one to start from.
    #[arg(long, value_name = "FILE", env = "DEALWIRE_CONFIG")]
    config: Option<PathBuf>,
}

/// Where the settings come from, for subcommands that work on a data folder.
#[derive(Debug, Args)]
pub(super) struct FolderArgs {
    #[command(flatten)]
    settings: SettingsArgs,

    /// The data folder [default: the one in the settings, ./dealwire-data].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Where an installation is, for subcommands that work on a data folder as well
/// as on the databases of services that run apart.
#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    #[command(flatten)]
    settings: SettingsArgs,

    /// The data folder [default: the databases that the settings name, else
    /// their data folder, ./dealwire-data].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl SettingsArgs {
    pub(super) fn load(&self) -> Result<Settings, SettingsError> {
        Settings::load(self.config.as_deref())
    }
}

impl FolderArgs {
    /// The settings, with the data folder that the command line names.
    pub(super) fn load(&self) -> Result<Settings, SettingsError> {
        load_with_folder(&self.settings, self.data_dir.as_ref())
    }
}

impl PlaceArgs {
    /// The settings, with the data folder that the command line names.
    pub(super) fn load(&self) -> Result<Settings, SettingsError> {
        load_with_folder(&self.settings, self.data_dir.as_ref())
    }

    /// The installation: the folder on the command line, else what the settings
    /// say. A folder has to be there already.
    pub(super) fn existing(&self) -> anyhow::Result<Installation> {
        let place = self.named()?;
        place.existing_folder()?;
        Ok(place)
    }

    /// The same, whether it is there or not.
    pub(super) fn named(&self) -> anyhow::Result<Installation> {
        Ok(match &self.data_dir {
            Some(folder) => Installation::Folder(folder.clone()),
            None => Installation::of(&self.load()?)?,
        })
    }
}

fn load_with_folder(
    settings: &SettingsArgs,
    data_dir: Option<&PathBuf>,
) -> Result<Settings, SettingsError> {
    let mut settings = settings.load()?;
    if let Some(data_dir) = data_dir {
        settings.data_dir.clone_from(data_dir);
    }
    Ok(settings)
}
