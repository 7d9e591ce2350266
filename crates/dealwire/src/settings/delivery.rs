//! `[delivery]`.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};

use super::{SettingsError, files, networks};

/// Callbacks in flight to one webhook, at most.
const MAX_CONCURRENCY: u16 = 64;
const MAX_GAP_WAIT_SECONDS: u32 = 24 * 60 * 60;
const MAX_BREAKER_FAILURES: u32 = 1_000_000;
const MAX_BREAKER_PAUSE_SECONDS: u32 = 60 * 60;

/// Who may be called back, and how hard.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliverySettings {
    #[serde(deserialize_with = "networks")]
    pub(crate) allow_networks: Vec<IpNet>,
    pub(crate) https_only: bool,
    #[serde(deserialize_with = "files")]
    pub(crate) extra_ca_files: Vec<PathBuf>,
    #[serde(deserialize_with = "concurrency")]
    pub(crate) concurrency: NonZeroU16,
    #[serde(rename = "gap_wait_seconds", deserialize_with = "gap_wait")]
    pub(crate) gap_wait: Duration,
    #[serde(deserialize_with = "breaker_failures")]
    pub(crate) breaker_failures: u32,
    #[serde(rename = "breaker_pause_seconds", deserialize_with = "breaker_pause")]
    pub(crate) breaker_pause: Duration,
    #[serde(
        rename = "breaker_longest_pause_seconds",
        deserialize_with = "breaker_longest_pause"
    )]
    pub(crate) breaker_longest_pause: Duration,
}

impl DeliverySettings {
    /// What can only be said of several of them together.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let (pause, longest) = (self.breaker_pause, self.breaker_longest_pause);
        if pause <= longest {
            return Ok(());
        }
        Err(SettingsError(format!(
            "delivery.breaker_pause_seconds is {}, which is over \
             delivery.breaker_longest_pause_seconds, {}; raise that too",
            pause.as_secs(),
            longest.as_secs()
        )))
    }
}

/// What a webhook may set for itself, too.
fn concurrency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NonZeroU16, D::Error> {
    let number = NonZeroU16::deserialize(deserializer)?;
    if number.get() > MAX_CONCURRENCY {
        let why = format!("{number} is over the most that a webhook may have, {MAX_CONCURRENCY}");
        return Err(de::Error::custom(why));
    }
    Ok(number)
}

/// Up to a day: nothing behind a gap moves on meanwhile.
fn gap_wait<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = u32::deserialize(deserializer)?;
    if seconds > MAX_GAP_WAIT_SECONDS {
        let why = format!(
            "delivery.gap_wait_seconds is {seconds}; give a number from 0 to {MAX_GAP_WAIT_SECONDS}"
        );
        return Err(de::Error::custom(why));
    }
    Ok(Duration::from_secs(seconds.into()))
}

fn breaker_failures<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    from_one(
        deserializer,
        "delivery.breaker_failures",
        MAX_BREAKER_FAILURES,
    )
}

fn breaker_pause<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let key = "delivery.breaker_pause_seconds";
    let seconds = from_one(deserializer, key, MAX_BREAKER_PAUSE_SECONDS)?;
    Ok(Duration::from_secs(seconds.into()))
}

fn breaker_longest_pause<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let key = "delivery.breaker_longest_pause_seconds";
    let seconds = from_one(deserializer, key, MAX_BREAKER_PAUSE_SECONDS)?;
    Ok(Duration::from_secs(seconds.into()))
}

/// A number from 1 to `most`.
fn from_one<'de, D: Deserializer<'de>>(
    deserializer: D,
    key: &str,
    most: u32,
) -> Result<u32, D::Error> {
    let number = u32::deserialize(deserializer)?;
    if !(1..=most).contains(&number) {
        let why = format!("{key} is {number}; give a number from 1 to {most}");
        return Err(de::Error::custom(why));
    }
    Ok(number)
}
