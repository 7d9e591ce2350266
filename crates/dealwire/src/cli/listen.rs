//! `dealwire listen`: a receiver that shows what arrives.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use hyper::StatusCode;

use crate::listen::{ListenOptions, Listener, Secret, Show};
use crate::signals;

/// Receives callbacks, shows what arrives and checks the signatures.
///
/// Point a webhook at this address to see what an integration will get. Every
/// path and method is taken. A callback whose webhook-id has come before is
/// marked as a repeat, which is what a receiver should look for.
#[derive(Debug, Args)]
pub(super) struct ListenArgs {
    /// The address to receive on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    http: SocketAddr,

    /// A webhook's signing secret; give it again for further webhooks.
    #[arg(long = "secret", value_name = "whsec_…")]
    secrets: Vec<Secret>,

    /// The status to answer with.
    #[arg(long, value_name = "N", default_value = "200", value_parser = final_status)]
    status: StatusCode,

    /// How long to wait before answering, in milliseconds.
    #[arg(long, value_name = "N", default_value_t = 0)]
    delay_ms: u64,

    /// Only count: one line for each second in which something arrived.
    #[arg(long)]
    quiet: bool,
}

impl ListenArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        super::runtime()?.block_on(self.listen())
    }

    async fn listen(self) -> anyhow::Result<()> {
        let options = ListenOptions {
            secrets: self.secrets.into_iter().collect(),
            status: self.status,
            delay: Duration::from_millis(self.delay_ms),
            show: if self.quiet {
                Show::PerSecond
            } else {
                Show::Each
            },
            colour: wants_colour(),
        };
        let stop = signals::stop_requested()?;
        let listener = Listener::bind(self.http, options)
            .await
            .with_context(|| format!("cannot receive on {}", self.http))?;
        super::say(&format!("listening on http://{}", listener.address()?));
        let summary = listener.run(std::io::stdout(), stop).await?;
        super::say(&summary.to_string());
        Ok(())
    }
}

/// Whether standard output is a terminal whose owner has not opted out of colour.
pub(super) fn wants_colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

fn final_status(text: &str) -> Result<StatusCode, String> {
    match text.parse::<u16>() {
        Ok(code @ 200..=599) => StatusCode::from_u16(code).map_err(|error| error.to_string()),
        _ => Err("a status is a number from 200 to 599".to_owned()),
    }
}
