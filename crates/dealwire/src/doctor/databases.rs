//! Whether the databases answer, take writes, have the schema of this program and the same time
//! as this machine.

use std::path::Path;
use std::time::Duration;

use database::{Database, DatabaseConfig, DatabaseError, Migrations, OpenError};
use events::Clock;

use super::{Finding, Patient};
use crate::installation::{Installation, Servers};
use crate::wiring::{self, delivery_migrations, entity_migrations, intake_migrations};

/// How far clocks may be apart. Tokens, signatures and leases allow for a minute and more; a
/// clock that is off by this much is not kept right by anybody.
const APART: Duration = Duration::from_secs(2);

/// How long a database may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

struct Service {
    name: &'static str,
    /// The setting that says where it is.
    setting: &'static str,
    migrations: fn() -> Vec<Migrations>,
}

const SERVICES: [Service; 3] = [
    Service {
        name: "entity database",
        setting: "entity_service.database_url",
        migrations: entity_migrations,
    },
    Service {
        name: "intake database",
        setting: "intake_service.database_url",
        migrations: intake_migrations,
    },
    Service {
        name: "worker database",
        setting: "delivery_worker.database_url",
        migrations: delivery_migrations,
    },
];

pub(super) async fn examine(patient: &Patient) -> Vec<Finding> {
    match &patient.installation {
        Installation::Folder(folder) => in_folder(folder).await,
        Installation::Servers(servers) => on_servers(servers).await,
    }
}

async fn in_folder(folder: &Path) -> Vec<Finding> {
    let files = match wiring::existing_files(folder) {
        Ok(files) => files,
        Err(reason) => {
            let remedy = "restore it from a backup (`dealwire recover --from`): `dealwire up` would \
                          begin with an empty one; --data-dir names another folder";
            return vec![Finding::wrong("data folder", reason, remedy)];
        }
    };
    let mut findings = Vec::new();
    for (service, config) in SERVICES.iter().zip(files) {
        findings.extend(examine_one(service, &config).await);
    }
    findings
}

async fn on_servers(servers: &Servers) -> Vec<Finding> {
    let configs = [servers.entity(), servers.intake(), servers.delivery()];
    let mut findings = Vec::new();
    for (service, config) in SERVICES.iter().zip(configs) {
        match config {
            Ok(config) => findings.extend(examine_one(service, config).await),
            // A process that runs one service has the settings of that one.
            Err(_not_set) => findings.push(Finding::well(
                service.name,
                format!("not looked at: {} is not set here", service.setting),
            )),
        }
    }
    findings
}

async fn examine_one(service: &Service, config: &DatabaseConfig) -> Vec<Finding> {
    let opened = tokio::time::timeout(PATIENCE, Database::open(config, Vec::new())).await;
    let database = match opened {
        Ok(Ok(database)) => database,
        Ok(Err(error)) => return vec![not_open(service, config, &error)],
        Err(_elapsed) => {
            let told = format!("does not answer within {PATIENCE:?}");
            return vec![Finding::wrong(
                service.name,
                told,
                remedy_of(service, config),
            )];
        }
    };
    if let Err(error) = database.check().await {
        let remedy = "make it take writes again: end the standby, or make room";
        return vec![Finding::wrong(
            service.name,
            format!("takes no writes: {error}"),
            remedy,
        )];
    }
    vec![
        schema(service, &database).await,
        clock(service, &database).await,
    ]
}

fn not_open(service: &Service, config: &DatabaseConfig, error: &OpenError) -> Finding {
    Finding::wrong(service.name, error.to_string(), remedy_of(service, config))
}

fn remedy_of(service: &Service, config: &DatabaseConfig) -> String {
    match config {
        DatabaseConfig::Sqlite { .. } => {
            "make room on the disk, let this user write there, or restore the file from a backup \
             (`dealwire recover --from`)"
                .to_owned()
        }
        DatabaseConfig::Postgres { .. } => format!(
            "start it, create the database, or correct {} (or its _file twin)",
            service.setting
        ),
    }
}

async fn schema(service: &Service, database: &Database) -> Finding {
    match database.pending_migrations(service.migrations).await {
        Ok(pending) if pending.is_empty() => {
            Finding::well(service.name, "answers, takes writes, schema is up to date")
        }
        Ok(pending) => Finding::wrong(
            service.name,
            format!("the schema lacks {}", pending.join(", ")),
            "run `dealwire migrate`, or start the service: it does the same",
        ),
        Err(error) => unreadable(service, &error),
    }
}

async fn clock(service: &Service, database: &Database) -> Finding {
    let before_us = Clock::System.now().0;
    let theirs_us = match database.read(|conn| conn.now_us()).await {
        Ok(theirs_us) => theirs_us,
        Err(error) => return unreadable(service, &error),
    };
    let ours_us = before_us.midpoint(Clock::System.now().0);
    compare_clocks(service.name, theirs_us - ours_us)
}

/// `ahead_us` says how far the database's clock is ahead of this machine's.
fn compare_clocks(name: &str, ahead_us: i64) -> Finding {
    let what = format!("{name} clock");
    let apart = Duration::from_micros(ahead_us.unsigned_abs());
    let direction = if ahead_us < 0 { "behind" } else { "ahead of" };
    let told = format!("{:.3} s {direction} this machine's", apart.as_secs_f64());
    if apart <= APART {
        return Finding::well(what, told);
    }
    Finding::wrong(
        what,
        told,
        "keep the clocks of both machines right (NTP); signatures carry this machine's time",
    )
}

fn unreadable(service: &Service, error: &DatabaseError) -> Finding {
    Finding::wrong(
        service.name,
        error.to_string(),
        "see the database's own log; the role may lack rights on its tables",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_wrong_from_two_seconds_on() {
        for (ahead_us, is_well, told) in [
            (1_500_000, true, "1.500 s ahead of"),
            (-1_999_999, true, "2.000 s behind"),
            (2_000_001, false, "2.000 s ahead of"),
            (-90_000_000, false, "90.000 s behind"),
        ] {
            let finding = compare_clocks("a database", ahead_us);
            assert_eq!(finding.is_well(), is_well, "{ahead_us}");
            assert!(finding.to_string().contains(told), "{finding}");
        }
    }
}
