//! What the operator's subcommands work on: a data folder, or the databases of
//! services that run apart.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use database::DatabaseConfig;

use crate::settings::{Settings, SettingsError};

/// An installation of Dealwire.
#[derive(Debug, Clone)]
pub(crate) enum Installation {
    /// All of it in one folder, for `dealwire up`.
    Folder(PathBuf),
    /// A PostgreSQL database for each service.
    Servers(Servers),
}

/// The databases that the settings name.
#[derive(Debug, Clone)]
pub(crate) struct Servers {
    entity: Option<DatabaseConfig>,
    intake: Option<DatabaseConfig>,
    delivery: Option<DatabaseConfig>,
}

impl Installation {
    /// The installation that the settings describe: its servers where any
    /// database is named, else the data folder.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub(crate) fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let entity = settings.entity_service.database("entity_service")?;
        let intake = settings.intake_service.database("intake_service")?;
        let delivery = settings.delivery_worker.database("delivery_worker")?;
        let services = [
            ("entity_service", url(entity.as_ref())),
            ("intake_service", url(intake.as_ref())),
            ("delivery_worker", url(delivery.as_ref())),
        ];
        let named = services.map(|(name, url)| url.map(|url| (name, url)));
        let named: Vec<_> = named.into_iter().flatten().collect();
        if named.is_empty() {
            return Ok(Self::Folder(settings.data_dir.clone()));
        }
        for (place, (one, url)) in named.iter().enumerate() {
            let same = named[..place].iter().find(|(_, before)| before == url);
            if let Some((other, _)) = same {
                return Err(SettingsError(format!(
                    "{other}.database_url and {one}.database_url name the same database; each \
                     service needs its own"
                )));
            }
        }
        Ok(Self::Servers(Servers {
            entity,
            intake,
            delivery,
        }))
    }

    /// The data folder, which has to be there already; `None` for servers.
    ///
    /// # Errors
    /// When `dealwire up` never made it.
    pub(crate) fn existing_folder(&self) -> anyhow::Result<Option<&Path>> {
        let Self::Folder(folder) = self else {
            return Ok(None);
        };
        anyhow::ensure!(
            folder.is_dir(),
            "there is no data folder {}; `dealwire up` makes it, --data-dir names another, \
             and entity_service.database_url names the database of services that run apart",
            folder.display()
        );
        Ok(Some(folder))
    }
}

impl Servers {
    /// The entity service's database.
    ///
    /// # Errors
    /// When the settings name none.
    pub(crate) fn entity(&self) -> anyhow::Result<&DatabaseConfig> {
        self.entity
            .as_ref()
            .context("entity_service.database_url is not set, nor is its _file twin")
    }

    /// The intake service's database.
    ///
    /// # Errors
    /// When the settings name none.
    pub(crate) fn intake(&self) -> anyhow::Result<&DatabaseConfig> {
        self.intake
            .as_ref()
            .context("intake_service.database_url is not set, nor is its _file twin")
    }

    /// The delivery workers' database.
    ///
    /// # Errors
    /// When the settings name none.
    pub(crate) fn delivery(&self) -> anyhow::Result<&DatabaseConfig> {
        self.delivery
            .as_ref()
            .context("delivery_worker.database_url is not set, nor is its _file twin")
    }
}

fn url(config: Option<&DatabaseConfig>) -> Option<&str> {
    match config {
        Some(DatabaseConfig::Postgres { url, .. }) => Some(url),
        _ => None,
    }
}
