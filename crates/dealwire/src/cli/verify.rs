//! `dealwire verify`: whether anything was lost on the way.

use std::time::Duration;

use broker::{Broker, RabbitMqConfig};
use clap::Args;

use super::settings::PlaceArgs;
use crate::installation::Installation;
use crate::verify::{Between, Verification};
use crate::wiring;

/// Checks that no event was lost and that every matching webhook has its delivery.
///
/// Compares the entity service's outbox with what the delivery workers have
/// taken in and made of it, up to the newest event, and follows each lead to its
/// order. Events on their way and parked ones are named; what waits or is missing is
/// listed by webhook and hour. What went because it was old is no loss. Works beside
/// running services in short reads and changes nothing. The exit status is 0 if
/// nothing is lost, 1 if something is lost, does not add up or cannot be compared;
/// the output says what, and what to do.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// How long to wait for events that are still on their way. A delivery worker that
    /// hangs holds some for as long as RabbitMQ counts it as alive: 15 seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u64,

    /// Lists every hour of every webhook, not only those in which something waits or is missing.
    #[arg(long)]
    all: bool,

    /// Answers in JSON, for programs.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    place: PlaceArgs,
}

impl VerifyArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        super::runtime()?.block_on(async {
            let place = self.place.existing()?;
            let between = match &place {
                Installation::Folder(_) => Between::InProcess,
                Installation::Servers(_) => self.broker()?,
            };
            let open = wiring::open_to_look(&place).await?;
            let verification = Verification {
                entity: open.entity,
                intake: open.intake,
                delivery: open.delivery,
                between,
                all_hours: self.all,
            };
            let report = verification.run(Duration::from_secs(self.wait)).await?;
            match self.json {
                true => super::say(&format!("{:#}", report.to_json())),
                false => super::say(&report.to_string()),
            }
            anyhow::ensure!(
                report.is_sound(),
                "something is lost or does not add up; the report says what"
            );
            Ok(())
        })
    }

    fn broker(&self) -> anyhow::Result<Between> {
        let Some(url) = self.place.load()?.broker.url()? else {
            return Ok(Between::Unnamed);
        };
        let config = RabbitMqConfig::parse(&url, "dealwire verify")?;
        Ok(Between::Broker(Broker::rabbitmq(config)))
    }
}
