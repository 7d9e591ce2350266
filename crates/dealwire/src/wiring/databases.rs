//! The services' databases: files in a data folder, or PostgreSQL.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use database::{Database, DatabaseConfig, Migrations};

use crate::installation::Installation;

/// The entity service's file in the data folder.
const ENTITY_FILE: &str = "entity.db";

/// The intake service's file in the data folder.
const INTAKE_FILE: &str = "intake.db";

/// The delivery worker's file in the data folder.
const DELIVERY_FILE: &str = "delivery.db";

/// Threads that read one SQLite file.
const READERS: usize = 2;

/// Whether rows were ever kept in this data folder.
pub(crate) fn has_data(folder: &Path) -> bool {
    [ENTITY_FILE, INTAKE_FILE, DELIVERY_FILE]
        .iter()
        .any(|name| {
            let file = folder.join(name);
            file.metadata().is_ok_and(|metadata| metadata.len() > 0)
        })
}

/// The files of a data folder, as databases, in the order entity, intake, delivery.
///
/// # Errors
/// Which one is not there, in words.
pub(crate) fn existing_files(folder: &Path) -> Result<[DatabaseConfig; 3], String> {
    let files = [ENTITY_FILE, INTAKE_FILE, DELIVERY_FILE].map(|name| folder.join(name));
    match files.iter().find(|file| !file.exists()) {
        Some(missing) => Err(format!("there is no {}", missing.display())),
        None => Ok(files.map(|path| DatabaseConfig::Sqlite {
            path,
            readers: READERS,
        })),
    }
}

/// What the entity service's database holds.
pub(crate) fn entity_migrations() -> Vec<Migrations> {
    with_shared(entity_service::MIGRATIONS)
}

/// What the intake service's database holds.
pub(crate) fn intake_migrations() -> Vec<Migrations> {
    let mut migrations = with_shared(intake_service::MIGRATIONS);
    migrations.push(revocation::MIGRATIONS);
    migrations
}

/// What the delivery workers' database holds.
pub(crate) fn delivery_migrations() -> Vec<Migrations> {
    let mut migrations = with_shared(delivery_worker::MIGRATIONS);
    migrations.push(revocation::MIGRATIONS);
    migrations
}

fn with_shared(own: Migrations) -> Vec<Migrations> {
    vec![outbox::MIGRATIONS, idempotency::MIGRATIONS, own]
}

/// Opens the entity service's database and brings its schema up to date.
pub(crate) async fn open_entity_database(place: &Installation) -> anyhow::Result<Database> {
    Ok(Database::open(&entity_config(place)?, entity_migrations()).await?)
}

/// Opens the intake service's database and brings its schema up to date.
pub(crate) async fn open_intake_database(place: &Installation) -> anyhow::Result<Database> {
    Ok(Database::open(&intake_config(place)?, intake_migrations()).await?)
}

/// Opens the delivery workers' database and brings its schema up to date.
pub(crate) async fn open_delivery_database(place: &Installation) -> anyhow::Result<Database> {
    Ok(Database::open(&delivery_config(place)?, delivery_migrations()).await?)
}

/// The databases of an installation, open for who only looks.
#[derive(Debug)]
pub(crate) struct OpenToLook {
    pub(crate) entity: Database,
    /// Where there is one: an installation without leads is none the worse.
    pub(crate) intake: Option<Database>,
    pub(crate) delivery: Database,
}

/// Opens the databases as they are.
pub(crate) async fn open_to_look(place: &Installation) -> anyhow::Result<OpenToLook> {
    if let Installation::Folder(folder) = place {
        for name in [ENTITY_FILE, DELIVERY_FILE] {
            let file = folder.join(name);
            anyhow::ensure!(file.exists(), "there is no {}", file.display());
        }
    }
    let entity = Database::open(&entity_config(place)?, vec![]).await?;
    let delivery = Database::open(&delivery_config(place)?, vec![]).await?;
    let intake = match place {
        Installation::Folder(folder) => folder.join(INTAKE_FILE).exists(),
        Installation::Servers(servers) => servers.intake().is_ok(),
    };
    let intake = match intake {
        true => Some(Database::open(&intake_config(place)?, vec![]).await?),
        false => None,
    };
    Ok(OpenToLook {
        entity,
        intake,
        delivery,
    })
}

fn entity_config(place: &Installation) -> anyhow::Result<DatabaseConfig> {
    match place {
        Installation::Folder(folder) => file(folder.join(ENTITY_FILE)),
        Installation::Servers(servers) => servers.entity().cloned(),
    }
}

fn intake_config(place: &Installation) -> anyhow::Result<DatabaseConfig> {
    match place {
        Installation::Folder(folder) => file(folder.join(INTAKE_FILE)),
        Installation::Servers(servers) => servers.intake().cloned(),
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
