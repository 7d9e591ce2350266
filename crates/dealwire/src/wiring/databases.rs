//! The services' databases: files in a data folder, or PostgreSQL.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use database::{Database, DatabaseConfig, Migrations};

use crate::installation::Installation;

/// The entity service's file in the data folder.
const ENTITY_FILE: &str = "entity.db";

/// The delivery worker's file in the data folder.
const DELIVERY_FILE: &str = "delivery.db";

/// Threads that read one SQLite file.
const READERS: usize = 2;

/// Whether rows were ever kept in this data folder.
pub(crate) fn has_data(folder: &Path) -> bool {
    [ENTITY_FILE, DELIVERY_FILE].iter().any(|name| {
        let file = folder.join(name);
        file.metadata().is_ok_and(|metadata| metadata.len() > 0)
    })
}

/// What the entity service's database holds.
pub(crate) fn entity_migrations() -> Vec<Migrations> {
    with_shared(entity_service::MIGRATIONS)
}

/// What the delivery workers' database holds.
pub(crate) fn delivery_migrations() -> Vec<Migrations> {
    with_shared(delivery_worker::MIGRATIONS)
}

fn with_shared(own: Migrations) -> Vec<Migrations> {
    vec![outbox::MIGRATIONS, idempotency::MIGRATIONS, own]
}

/// Opens the entity service's database and brings its schema up to date.
pub(crate) async fn open_entity_database(place: &Installation) -> anyhow::Result<Database> {
    Ok(Database::open(&entity_config(place)?, entity_migrations()).await?)
}

/// Opens the delivery workers' database and brings its schema up to date.
pub(crate) async fn open_delivery_database(place: &Installation) -> anyhow::Result<Database> {
    Ok(Database::open(&delivery_config(place)?, delivery_migrations()).await?)
}

/// Opens both databases as they are: the entity service's, the delivery workers'.
pub(crate) async fn open_to_look(place: &Installation) -> anyhow::Result<(Database, Database)> {
    if let Installation::Folder(folder) = place {
        for name in [ENTITY_FILE, DELIVERY_FILE] {
            let file = folder.join(name);
            anyhow::ensure!(file.exists(), "there is no {}", file.display());
        }
    }
    let entity = Database::open(&entity_config(place)?, vec![]).await?;
    let delivery = Database::open(&delivery_config(place)?, vec![]).await?;
    Ok((entity, delivery))
}

fn entity_config(place: &Installation) -> anyhow::Result<DatabaseConfig> {
    match place {
        Installation::Folder(folder) => file(folder.join(ENTITY_FILE)),
        Installation::Servers(servers) => servers.entity().cloned(),
    }
}

fn delivery_config(place: &Installation) -> anyhow::Result<DatabaseConfig> {
    match place {
        Installation::Folder(folder) => file(folder.join(DELIVERY_FILE)),
        Installation::Servers(servers) => servers.delivery().cloned(),
    }
}

/// A file of the data folder, made for the owner alone; its log takes over the
/// rights.
fn file(path: PathBuf) -> anyhow::Result<DatabaseConfig> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    Ok(DatabaseConfig::Sqlite {
        path,
        readers: READERS,
    })
}
