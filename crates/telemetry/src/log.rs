//! Logging: one line per event on standard error, for people or for machines.

use std::fmt;
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::str::FromStr;

use serde::Deserialize;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, fmt as lines};

use crate::traces::{self, Provider, TraceConfig, TracesError};

/// Silent unless the filter names it: the AMQP client logs at every attempt to connect what our own
/// lines say once, and whole messages when they come back.
const QUIET: &str = "lapin=off";

/// Lines name the trace that they belong to whatever the filter says.
const IN_SPANS: &str = "dealwire::trace=info";

/// What a log line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Time, level, source and message, in colors on a terminal.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl FromStr for LogFormat {
    type Err = InitError;

    fn from_str(name: &str) -> Result<Self, InitError> {
        match name {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(InitError::UnknownFormat(other.to_owned())),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The format is none of the known ones.
    #[error("unknown log format {0:?}: use \"text\" or \"json\"")]
    UnknownFormat(String),
    /// The filter is not a list of `target=level`.
    #[error("the log filter is not valid, it looks like \"info,delivery_worker=debug\"")]
    Filter(#[source] ParseError),
    /// Traces cannot be sent where they are to go.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// Logging was set up before in this process.
    #[error("logging is already set up")]
    AlreadySet(#[source] TryInitError),
}

/// What [`init`] has set up. Spans that were not sent yet are when it is dropped.
#[derive(Debug)]
#[must_use = "traces end with it"]
pub struct Telemetry {
    _provider: Option<Provider>,
}

/// Sets up logging to standard error, once per process, and sends panics there as well; with
/// `traces`, spans go to a collector.
///
/// `filter` is a list such as `info,delivery_worker=debug`.
///
/// # Errors
/// [`InitError::Filter`] if the filter cannot be read, [`InitError::Traces`] if the collector's
/// address is not usable, [`InitError::AlreadySet`] on a second call.
pub fn init(
    format: LogFormat,
    filter: &str,
    traces: Option<&TraceConfig>,
) -> Result<Telemetry, InitError> {
    let filter = EnvFilter::builder()
        .parse(format!("{QUIET},{IN_SPANS},{filter}"))
        .map_err(InitError::Filter)?;
    let lines = lines::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .boxed(),
    };
    let provider = traces.map(Provider::new).transpose()?;
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(provider.as_ref().map(Provider::layer))
        .try_init()
        .map_err(InitError::AlreadySet)?;
    if provider.is_some() {
        traces::turn_on();
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(Telemetry {
        _provider: provider,
    })
}

fn log_panic(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("a value that is not text");
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    tracing::error!(
        thread = thread.name().unwrap_or("unnamed"),
        location,
        "panicked: {message}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_read_by_its_name() {
        assert_eq!("text".parse::<LogFormat>().unwrap(), LogFormat::Text);
        assert_eq!("json".parse::<LogFormat>().unwrap(), LogFormat::Json);
        let error = "xml".parse::<LogFormat>().unwrap_err();
        assert!(error.to_string().contains("\"xml\""), "{error}");
    }

    #[test]
    fn a_bad_filter_is_refused_and_a_second_setup_too() {
        assert!(matches!(
            init(LogFormat::Text, "info,=nonsense==", None),
            Err(InitError::Filter(_))
        ));
        let _telemetry = init(LogFormat::Json, "off", None).unwrap();
        assert!(matches!(
            init(LogFormat::Text, "off", None),
            Err(InitError::AlreadySet(_))
        ));
    }
}
