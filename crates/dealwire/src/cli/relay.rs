//! `dealwire relay`: the way from the outbox to the broker.

use clap::{Args, Subcommand, ValueEnum};

use super::settings::PlaceArgs;
use crate::wiring;

/// The relay that publishes committed events.
#[derive(Debug, Subcommand)]
pub(super) enum RelayCommand {
    Rewind(RewindArgs),
}

/// Publishes every event after SEQ once more.
///
/// For use after the database of a service that takes them in was lost or set back
/// to a backup, or the broker's queues were. Events that a service still knows are
/// dropped there by their id: no callback is made twice, no lead converted twice.
/// Works beside running services.
#[derive(Debug, Args)]
pub(super) struct RewindArgs {
    /// The last event that needs no repeat; 0 repeats everything that is kept.
    #[arg(long, value_name = "SEQ")]
    to: i64,

    /// Whose events: the entity service's changes, or the intake service's leads.
    #[arg(long, value_enum, default_value_t = Publisher::EntityService)]
    service: Publisher,

    #[command(flatten)]
    place: PlaceArgs,
}

/// A service that publishes.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Publisher {
    EntityService,
    IntakeService,
}

impl RelayCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Self::Rewind(args) = self;
        super::runtime()?.block_on(async {
            let place = args.place.existing()?;
            let database = match args.service {
                Publisher::EntityService => wiring::open_entity_database(&place).await?,
                Publisher::IntakeService => wiring::open_intake_database(&place).await?,
            };
            let to = args.to;
            let stood_at = database.write(move |conn| outbox::rewind(conn, to)).await?;
            super::say(&format!(
                "rewound from {stood_at} to {to}: {} events are published once more",
                stood_at - to
            ));
            Ok(())
        })
    }
}
