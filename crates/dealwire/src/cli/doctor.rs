//! `dealwire doctor`: what is wrong with an installation, and what to do about it.

use clap::Args;

use super::settings::PlaceArgs;
use crate::doctor::{self, Patient};

/// Checks settings, keys, databases, broker, queues, clocks and name servers.
///
/// One line each, and under what is wrong what to do. Run it where the services run, with their
/// settings. It changes nothing, but that it declares queues which are missing, as each service
/// does. The exit status is 1 if something is wrong.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// A receiver's URL: looks its name up and judges its addresses as a delivery worker does;
    /// nothing is sent. May be repeated. Networks that only `dealwire up --allow-network` opens are
    /// not known here; `delivery.allow_networks` in the settings are.
    #[arg(long, value_name = "URL")]
    url: Vec<String>,

    #[command(flatten)]
    place: PlaceArgs,
}

impl DoctorArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let settings = self.place.load()?;
        let installation = self.place.named()?;
        let patient = Patient {
            settings,
            installation,
            urls: self.url,
        };
        super::runtime()?.block_on(async {
            let (mut checked, mut wrong) = (0, 0);
            for finding in doctor::examine(&patient).await {
                checked += 1;
                wrong += usize::from(!finding.is_well());
                super::say(&finding.to_string());
            }
            anyhow::ensure!(
                wrong == 0,
                "{wrong} of {checked} checks found something wrong"
            );
            super::say("all is well");
            Ok(())
        })
    }
}
