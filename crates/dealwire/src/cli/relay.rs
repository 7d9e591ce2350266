//! `dealwire relay`: the way from the outbox to the broker.

use clap::{Args, Subcommand};

use super::settings::PlaceArgs;
use crate::wiring;

/// The relay that publishes committed events.
#[derive(Debug, Subcommand)]
pub(super) enum RelayCommand {
    Rewind(RewindArgs),
}

/// Publishes every event after SEQ once more.
///
/// For use after the delivery database was lost or set back to a backup.
/// Events that the delivery worker still knows are dropped there by their id,
/// so no callback is made twice for them. Works beside running services.
#[derive(Debug, Args)]
pub(super) struct RewindArgs {
    /// The last event that needs no repeat; 0 repeats everything that is kept.
    #[arg(long, value_name = "SEQ")]
    to: i64,

    #[command(flatten)]
    place: PlaceArgs,
}

impl RelayCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Self::Rewind(args) = self;
        super::runtime()?.block_on(async {
            let place = args.place.existing()?;
            let database = wiring::open_entity_database(&place).await?;
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
