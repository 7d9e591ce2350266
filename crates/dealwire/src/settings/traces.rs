//! `[traces]`, and setting up all that tells of a process.

use serde::{Deserialize, Deserializer, de};
use telemetry::traces::TraceConfig;
use telemetry::{InitError, Telemetry};

use super::Settings;

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TraceSettings {
    #[serde(deserialize_with = "collector")]
    endpoint: Option<String>,
    #[serde(deserialize_with = "ratio")]
    sample_ratio: f64,
}

impl Settings {
    /// Sets up what tells of the process; for `service` as traces name it.
    ///
    /// # Errors
    /// [`InitError`] for a filter or an address that is none.
    pub(crate) fn init_telemetry(&self, service: &str) -> Result<Telemetry, InitError> {
        let traces = self.traces.endpoint.as_ref().map(|endpoint| TraceConfig {
            endpoint: endpoint.clone(),
            sample_ratio: self.traces.sample_ratio,
            service: service.to_owned(),
            version: env!("CARGO_PKG_VERSION"),
        });
        telemetry::init(self.log.format, &self.log.filter, traces.as_ref())
    }
}

fn collector<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn ratio<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let ratio = f64::deserialize(deserializer)?;
    if !(0.0..=1.0).contains(&ratio) {
        let why = format!("traces.sample_ratio is {ratio}; give a number from 0 to 1");
        return Err(de::Error::custom(why));
    }
    Ok(ratio)
}
