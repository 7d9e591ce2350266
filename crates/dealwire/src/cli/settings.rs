//! `dealwire settings`, and the options that say where settings come from.

use std::path::PathBuf;

use clap::Args;

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

impl SettingsArgs {
    pub(super) fn load(&self) -> Result<Settings, SettingsError> {
        Settings::load(self.config.as_deref())
    }
}

impl FolderArgs {
    /// The data folder of an installation that was started before.
    pub(super) fn existing(&self) -> anyhow::Result<PathBuf> {
        let folder = self.load()?.data_dir;
        anyhow::ensure!(
            folder.is_dir(),
            "there is no data folder {}; `dealwire up` makes it, --data-dir names another",
            folder.display()
        );
        Ok(folder)
    }

    /// The settings, with the data folder that the command line names.
    pub(super) fn load(&self) -> Result<Settings, SettingsError> {
        let mut settings = self.settings.load()?;
        if let Some(data_dir) = &self.data_dir {
            settings.data_dir.clone_from(data_dir);
        }
        Ok(settings)
    }
}
