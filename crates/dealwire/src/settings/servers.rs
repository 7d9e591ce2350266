//! Settings of services that run apart, on servers.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use database::DatabaseConfig;
use serde::Deserialize;

use super::{SecretText, SettingsError, files};

/// The broker between the services.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BrokerSettings {
    url: SecretText,
    url_file: PathBuf,
}

/// One role: where it listens and what it keeps its rows in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleSettings {
    pub(crate) listen: SocketAddr,
    database_url: SecretText,
    database_url_file: PathBuf,
    database_connections: NonZeroUsize,
}

/// Where the keys are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeySettings {
    token_private_file: PathBuf,
    token_public_file: PathBuf,
    master_file: PathBuf,
    #[serde(deserialize_with = "files")]
    other_master_files: Vec<PathBuf>,
}

impl BrokerSettings {
    /// The URL of the broker; `None` where none is set.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub(crate) fn url(&self) -> Result<Option<String>, SettingsError> {
        self.url.or_file(&self.url_file, "broker.url")
    }
}

impl RoleSettings {
    /// The PostgreSQL database of the role, whose section is called `section`;
    /// `None` where none is set.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub(crate) fn database(&self, section: &str) -> Result<Option<DatabaseConfig>, SettingsError> {
        let key = format!("{section}.database_url");
        let Some(url) = self.database_url.or_file(&self.database_url_file, &key)? else {
            return Ok(None);
        };
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return Err(SettingsError(format!(
                "{key} must be a URL that begins with postgres://"
            )));
        }
        Ok(Some(DatabaseConfig::Postgres {
            url,
            connections: self.database_connections.get(),
        }))
    }
}

impl KeySettings {
    /// The key that signs tokens, `usual` where none is named.
    pub(crate) fn token_private(&self, usual: PathBuf) -> PathBuf {
        or_usual(&self.token_private_file, usual)
    }

    /// The key that checks tokens, `usual` where none is named.
    pub(crate) fn token_public(&self, usual: PathBuf) -> PathBuf {
        or_usual(&self.token_public_file, usual)
    }

    /// The key that encrypts webhook secrets, `usual` where none is named.
    pub(crate) fn master(&self, usual: PathBuf) -> PathBuf {
        or_usual(&self.master_file, usual)
    }

    /// The keys that open webhook secrets besides, but encrypt none.
    pub(crate) fn other_masters(&self) -> &[PathBuf] {
        &self.other_master_files
    }
}

fn or_usual(named: &Path, usual: PathBuf) -> PathBuf {
    if named.as_os_str().is_empty() {
        usual
    } else {
        named.to_owned()
    }
}
