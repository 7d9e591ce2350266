//! The databases that are brought in line: they have to be there, with rows in them, and nobody
//! else on them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use database::{Database, DatabaseConfig, Migrations, back_up_sqlite};

use super::Restored;
use crate::installation::Installation;
use crate::keys::KEY_FILES;
use crate::wiring::{self, delivery_migrations, entity_migrations, intake_migrations};

/// What sessions of this command are called on a server.
pub(super) const SESSION: &str = "dealwire-recover";

/// All databases of an installation.
#[derive(Debug)]
pub(crate) struct Databases {
    pub(crate) entity: Database,
    /// Where there is one.
    pub(crate) intake: Option<Database>,
    pub(crate) delivery: Database,
}

/// Opens the databases, and brings their schema up to date unless nothing is to be changed.
///
/// # Errors
/// One that is not there or has never been used; a restored one that no setting names.
pub(crate) async fn open(
    place: &Installation,
    restored: &[Restored],
    dry_run: bool,
) -> anyhow::Result<Databases> {
    let (entity, intake, delivery) = match place {
        Installation::Folder(folder) => {
            let files = wiring::existing_files(folder).map_err(anyhow::Error::msg)?;
            let [entity, intake, delivery] = files;
            (entity, Some(intake), delivery)
        }
        Installation::Servers(servers) => (
            servers.entity()?.clone(),
            servers.intake().ok().cloned(),
            servers.delivery()?.clone(),
        ),
    };
    ensure!(
        intake.is_some() || !restored.contains(&Restored::IntakeService),
        "intake_service.database_url is not set, nor is its _file twin"
    );
    let intake = match intake {
        Some(config) => {
            let service = Restored::IntakeService;
            Some(open_one(service, config, intake_migrations, dry_run).await?)
        }
        None => None,
    };
    let (of_entity, of_delivery) = (Restored::EntityService, Restored::DeliveryWorker);
    Ok(Databases {
        entity: open_one(of_entity, entity, entity_migrations, dry_run).await?,
        intake,
        delivery: open_one(of_delivery, delivery, delivery_migrations, dry_run).await?,
    })
}

async fn open_one(
    service: Restored,
    config: DatabaseConfig,
    migrations: fn() -> Vec<Migrations>,
    dry_run: bool,
) -> anyhow::Result<Database> {
    let config = named(config);
    let database = Database::open(&config, Vec::new())
        .await
        .with_context(|| format!("the database of {service}"))?;
    ensure!(
        database.read(outbox::check).await.is_ok(),
        "the database of {service} is empty: restore its backup first"
    );
    if !dry_run {
        drop(database);
        return Ok(Database::open(&config, migrations()).await?);
    }
    let pending = database.pending_migrations(migrations).await?;
    ensure!(
        pending.is_empty(),
        "the database of {service} is of an older version, so it has to be migrated before anything \
         can be said of it; without --dry-run this is done"
    );
    Ok(database)
}

/// The same under this command's name, where the URL says no other.
pub(super) fn named(config: DatabaseConfig) -> DatabaseConfig {
    match config {
        DatabaseConfig::Postgres { url, connections } if !url.contains("application_name=") => {
            let separator = if url.contains('?') { '&' } else { '?' };
            DatabaseConfig::Postgres {
                url: format!("{url}{separator}application_name={SESSION}"),
                connections,
            }
        }
        other => other,
    }
}

/// Puts databases of restored services, and keys that are missing, from a backup into a data
/// folder. What SQLite wrote beside the files that were there goes with them.
///
/// # Errors
/// A backup that lacks one of them; files that cannot be written.
pub(crate) fn put_back(from: &Path, folder: &Path, restored: &[Restored]) -> anyhow::Result<()> {
    let sources = wiring::existing_files(from).map_err(anyhow::Error::msg)?;
    for service in restored {
        // They come in this order.
        let DatabaseConfig::Sqlite { path, .. } = &sources[*service as usize] else {
            bail!("{} is no data folder", from.display());
        };
        let length = path.metadata().map(|metadata| metadata.len())?;
        ensure!(length > 0, "{} is empty", path.display());
        let target = folder.join(path.file_name().context("a file has a name")?);
        let coming = beside(&target, ".coming");
        if coming.exists() {
            std::fs::remove_file(&coming)?;
        }
        back_up_sqlite(path, &coming)
            .with_context(|| format!("cannot copy {} into the data folder", path.display()))?;
        std::fs::set_permissions(&coming, Permissions::from_mode(0o600))?;
        for ending in ["-wal", "-shm"] {
            let left = beside(&target, ending);
            if left.exists() {
                std::fs::remove_file(&left)
                    .with_context(|| format!("cannot remove {}", left.display()))?;
            }
        }
        std::fs::rename(&coming, &target)
            .with_context(|| format!("cannot put {} in place", target.display()))?;
    }
    for name in KEY_FILES {
        let (source, target) = (from.join(name), folder.join(name));
        if source.exists() && !target.exists() {
            std::fs::copy(&source, &target)
                .with_context(|| format!("cannot copy {}", source.display()))?;
        }
    }
    Ok(())
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
