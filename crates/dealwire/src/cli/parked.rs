//! `dealwire parked`: events that a service could not take in.

use clap::{Args, Subcommand};
use database::{Database, DatabaseError};
use events::Timestamp;
use outbox::parked::{self, ParkedRow};

use super::settings::PlaceArgs;
use crate::wiring;

/// How many rows one read takes.
const PAGE: i64 = 200;

/// Events that could not be decoded or stored. They are kept whole.
#[derive(Debug, Subcommand)]
pub(super) enum ParkedCommand {
    List(ListParkedArgs),
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
        let Self::List(args) = self;
        super::runtime()?.block_on(async {
            let place = args.place.existing()?;
            let open = wiring::open_to_look(&place).await?;
            let services = [
                ("entity-service", Some(open.entity)),
                ("intake-service", open.intake),
                ("delivery-worker", Some(open.delivery)),
            ];
            let mut count = 0;
            for (service, database) in services {
                let Some(database) = database else { continue };
                count += list(service, &database).await?;
            }
            super::say(&format!("{count} parked"));
            Ok(())
        })
    }
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
