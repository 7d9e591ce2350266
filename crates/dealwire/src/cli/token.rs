//! `dealwire token`: who may call the API.

use std::time::Duration;

use clap::{Args, Subcommand};
use entity_service::{TokenRequest, issue_token};
use events::{AccountId, Clock};
use http_api::Scope;

use super::account::name;
use super::settings::PlaceArgs;
use crate::keys::Keys;
use crate::wiring;

/// API tokens.
#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    Create(CreateTokenArgs),
}

/// Issues an API token and prints it; it is kept nowhere.
///
/// Works beside running services. `GET /api/v1/tokens` lists what was
/// issued, `DELETE /api/v1/tokens/{id}` revokes.
#[derive(Debug, Args)]
pub(super) struct CreateTokenArgs {
    /// The account that the token acts for.
    #[arg(long, value_name = "ID")]
    account: i64,

    /// What it may do: records, leads, webhooks or admin, with :read or :write
    /// (which includes reading); give it again for further ones.
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<Scope>,

    /// For how long, such as 90d, 12h or 30m [default: until it is revoked].
    #[arg(long, value_name = "TIME", value_parser = time_span)]
    expires_in: Option<Duration>,

    /// What people know it by.
    #[arg(long, default_value = "command line", value_parser = name)]
    name: String,

    #[command(flatten)]
    place: PlaceArgs,
}

impl TokenCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Self::Create(args) = self;
        super::runtime()?.block_on(args.create())
    }
}

impl CreateTokenArgs {
    async fn create(self) -> anyhow::Result<()> {
        let place = self.place.existing()?;
        let signer = Keys::load_signer(&self.place.load()?)?;
        let database = wiring::open_entity_database(&place).await?;
        let clock = Clock::System;
        let request = TokenRequest {
            account_id: AccountId(self.account),
            name: self.name,
            scopes: self.scopes.into_iter().collect(),
            expires_at: self.expires_in.map(|span| clock.now().after(span)),
        };
        let issued = issue_token(&database, &clock, &signer, request).await?;
        super::say(&issued.token);
        Ok(())
    }
}

/// Whole days, hours, minutes or seconds.
fn time_span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time span such as 90d, 12h, 30m or 45s");
    let (number, unit) = text
        .char_indices()
        .last()
        .map(|(at, _)| text.split_at(at))
        .ok_or_else(wrong)?;
    let seconds_per_unit: u64 = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_not_a_number| wrong())?;
    match number.checked_mul(seconds_per_unit) {
        Some(seconds @ 1..=3_153_600_000) => Ok(Duration::from_secs(seconds)),
        _ => Err("a token lasts from 1 second to 100 years".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_name_their_unit() {
        assert_eq!(time_span("90d").unwrap().as_secs(), 7_776_000);
        assert_eq!(time_span("12h").unwrap().as_secs(), 43_200);
        assert_eq!(time_span("1s").unwrap().as_secs(), 1);
        for wrong in [
            "",
            "d",
            "90",
            "-1d",
            "1w",
            "0s",
            "99999999999999999999d",
            "40000d",
            "5д",
        ] {
            assert!(time_span(wrong).is_err(), "{wrong}");
        }
    }
}
