//! `dealwire parked`: events that a service could not take in.

mod redrive;

use clap::{Args, Subcommand};
use database::{Database, DatabaseError};
use events::Timestamp;
use outbox::parked::{self, ParkedRow};

use redrive::RedriveArgs;

use super::settings::PlaceArgs;
use crate::wiring;

/// How many rows one read takes.
const PAGE: i64 = 200;

/// Events that could not be decoded or stored. They are kept whole.
#[derive(Debug, Subcommand)]
pub(super) enum ParkedCommand {
    List(ListParkedArgs),
    Redrive(RedriveArgs),
}

/// Lists parked events: one line each, oldest first, with the reason.
///
/// Works beside running services.
#[derive(Debug, Args)]
pub(super) struct ListParkedArgs {
    #[command(flatten)]
    place: PlaceArgs,
}

impl ParkedCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List(args) => args.run(),
            Self::Redrive(args) => args.run(),
        }
    }
}

impl ListParkedArgs {
    fn run(self) -> anyhow::Result<()> {
        super::runtime()?.block_on(async {
            let mut count = 0;
            for (service, database) in databases(&self.place).await? {
                count += list(service, &database).await?;
            }
            super::say(&format!("{count} parked"));
            Ok(())
        })
    }
}

/// The services' databases, those that there are.
async fn databases(place: &PlaceArgs) -> anyhow::Result<Vec<(&'static str, Database)>> {
    let open = wiring::open_to_look(&place.existing()?).await?;
    let services = [
        ("entity-service", Some(open.entity)),
        ("intake-service", open.intake),
        ("delivery-worker", Some(open.delivery)),
    ];
    Ok(services
        .into_iter()
        .filter_map(|(service, database)| Some((service, database?)))
        .collect())
}

async fn list(service: &str, database: &Database) -> Result<usize, DatabaseError> {
    let (mut after_id, mut count) = (0, 0);
    loop {
        let rows = database
            .read(move |conn| parked::list(conn, after_id, PAGE))
            .await?;
        let Some(last) = rows.last() else {
            return Ok(count);
        };
        after_id = last.id;
        count += rows.len();
        for row in rows {
            super::say(&line(service, &row));
        }
    }
}

fn line(service: &str, row: &ParkedRow) -> String {
    let seq = row
        .seq
        .map_or_else(|| "-".to_owned(), |seq| seq.to_string());
    format!(
        "{service} #{} {} queue={} type={} seq={seq} id={} bytes={} reason: {}",
        row.id,
        Timestamp(row.parked_at_us).to_rfc3339(),
        row.queue,
        row.message_type,
        row.message_id,
        row.body.len(),
        row.reason
    )
}
