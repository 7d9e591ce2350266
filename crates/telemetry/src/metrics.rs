//! The numbers of one process, in the Prometheus text format.

use std::fmt;
use std::sync::Arc;

use prometheus::core::Collector;
use prometheus::{Encoder, HistogramOpts, Opts, Registry, TextEncoder};

pub use prometheus::{
    Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    TEXT_FORMAT as METRICS_CONTENT_TYPE,
};

/// Buckets for durations from half a millisecond to a minute, in seconds.
pub const DURATION_BUCKETS_SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

/// Label names that carry one value per record, address or token: they would grow without bound.
const UNBOUNDED_LABELS: &[&str] = &[
    "id", "url", "host", "path", "token", "key", "email", "phone",
];

/// Why a metric could not be made or shown.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The name does not follow `dealwire_<noun>_<unit>[_total]`.
    #[error("metric name {name:?} is not allowed: {reason}")]
    Name {
        /// The name as given.
        name: String,
        /// Which part of the rule it breaks.
        reason: &'static str,
    },
    /// The label would take a value per record.
    #[error("metric {name:?} must not have the label {label:?}: its values have no bound")]
    UnboundedLabel {
        /// The metric.
        name: String,
        /// The label.
        label: String,
    },
    /// The registry refused it; most often the name is taken.
    #[error("metric {name:?} cannot be registered")]
    Register {
        /// The metric.
        name: String,
        /// What the registry says.
        source: prometheus::Error,
    },
    /// The text could not be written.
    #[error("metrics cannot be encoded")]
    Encode(#[from] prometheus::Error),
    /// The encoder wrote something that is not text.
    #[error("encoded metrics are not UTF-8")]
    NotText(#[from] std::string::FromUtf8Error),
}

/// The registry of one process; clones share it.
#[derive(Clone, Default)]
pub struct Metrics {
    registry: Arc<Registry>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// A counter; its name ends in `_total`.
    ///
    /// # Errors
    /// A name that breaks the rule or is taken.
    pub fn counter(&self, name: &str, help: &str) -> Result<IntCounter, MetricsError> {
        check(name, Kind::Counter, &[])?;
        self.register(name, IntCounter::new(name, help))
    }

    /// A counter per combination of labels; its name ends in `_total`.
    ///
    /// # Errors
    /// As [`Metrics::counter`]; a label without bounds.
    pub fn counter_vec(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, MetricsError> {
        check(name, Kind::Counter, labels)?;
        self.register(name, IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// A value that goes up and down.
    ///
    /// # Errors
    /// A name that breaks the rule or is taken.
    pub fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, MetricsError> {
        check(name, Kind::Gauge, &[])?;
        self.register(name, IntGauge::new(name, help))
    }

    /// A value that goes up and down, per combination of labels.
    ///
    /// # Errors
    /// As [`Metrics::gauge`]; a label without bounds.
    pub fn gauge_vec(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, MetricsError> {
        check(name, Kind::Gauge, labels)?;
        self.register(name, IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// A distribution; its name ends in its unit. `buckets` are upper bounds, rising.
    ///
    /// # Errors
    /// A name that breaks the rule or is taken; buckets that do not rise.
    pub fn histogram(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
    ) -> Result<Histogram, MetricsError> {
        check(name, Kind::Histogram, &[])?;
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.register(name, Histogram::with_opts(options))
    }

    /// A distribution per combination of labels.
    ///
    /// # Errors
    /// As [`Metrics::histogram`]; a label without bounds.
    pub fn histogram_vec(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<HistogramVec, MetricsError> {
        check(name, Kind::Histogram, labels)?;
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.register(name, HistogramVec::new(options, labels))
    }

    /// Everything registered, in the text format of `/metrics` ([`METRICS_CONTENT_TYPE`]).
    ///
    /// # Errors
    /// Never on metrics made here; the encoder's own failure otherwise.
    pub fn encode(&self) -> Result<String, MetricsError> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8(text)?)
    }

    fn register<C: Collector + Clone + 'static>(
        &self,
        name: &str,
        made: prometheus::Result<C>,
    ) -> Result<C, MetricsError> {
        made.and_then(|metric| {
            self.registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        })
        .map_err(|source| MetricsError::Register {
            name: name.to_owned(),
            source,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

fn check(name: &str, kind: Kind, labels: &[&str]) -> Result<(), MetricsError> {
    if let Some(reason) = broken_rule(name, kind) {
        return Err(MetricsError::Name {
            name: name.to_owned(),
            reason,
        });
    }
    match labels
        .iter()
        .find(|label| UNBOUNDED_LABELS.contains(label) || label.ends_with("_id"))
    {
        Some(label) => Err(MetricsError::UnboundedLabel {
            name: name.to_owned(),
            label: (*label).to_owned(),
        }),
        None => Ok(()),
    }
}

fn broken_rule(name: &str, kind: Kind) -> Option<&'static str> {
    let parts: Vec<&str> = name.split('_').collect();
    let spelled_well = |part: &&str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let total = name.ends_with("_total");
    if parts.first() != Some(&"dealwire") {
        Some("it must begin with dealwire_")
    } else if !parts.iter().all(spelled_well) {
        Some("it must be lower case words parted by single underscores")
    } else if parts.len() < 3 + usize::from(total) {
        Some("it must say what is counted and in which unit")
    } else if (kind == Kind::Counter) != total {
        Some("a counter, and nothing else, ends in _total")
    } else if kind == Kind::Histogram && name.ends_with("_ms") {
        Some("durations are in seconds")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_shown() {
        let metrics = Metrics::new();
        let counter = metrics
            .counter_vec(
                "dealwire_http_requests_total",
                "Requests answered.",
                &["method"],
            )
            .unwrap();
        counter.with_label_values(&["GET"]).inc_by(3);
        metrics
            .gauge("dealwire_lanes_open", "Lanes with work.")
            .unwrap()
            .set(7);
        metrics
            .histogram("dealwire_delivery_lag_seconds", "Lag.", &[0.1, 1.0])
            .unwrap()
            .observe(0.5);
        let text = metrics.encode().unwrap();
        for line in [
            "dealwire_http_requests_total{method=\"GET\"} 3",
            "dealwire_lanes_open 7",
            "dealwire_delivery_lag_seconds_bucket{le=\"0.1\"} 0",
            "dealwire_delivery_lag_seconds_bucket{le=\"1\"} 1",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
        }
    }

    #[test]
    fn two_registries_do_not_see_each_other() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.gauge("dealwire_lanes_open", "x").unwrap().set(1);
        assert!(!other.encode().unwrap().contains("dealwire_lanes_open"));
        assert!(matches!(
            one.gauge("dealwire_lanes_open", "x"),
            Err(MetricsError::Register { .. })
        ));
    }

    #[test]
    fn names_outside_the_rule_are_refused() {
        let metrics = Metrics::new();
        for name in [
            "http_requests_total",
            "dealwire_Http_requests_total",
            "dealwire__requests_total",
            "dealwire_requests_total",
            "dealwire_http_requests",
        ] {
            assert!(
                matches!(metrics.counter(name, "x"), Err(MetricsError::Name { .. })),
                "{name}"
            );
        }
        assert!(metrics.gauge("dealwire_lanes_total", "x").is_err());
        assert!(metrics.histogram("dealwire_lag_ms", "x", &[1.0]).is_err());
    }

    #[test]
    fn labels_with_a_value_per_record_are_refused() {
        let metrics = Metrics::new();
        for label in ["id", "account_id", "url"] {
            assert!(
                matches!(
                    metrics.counter_vec("dealwire_http_requests_total", "x", &[label]),
                    Err(MetricsError::UnboundedLabel { .. })
                ),
                "{label}"
            );
        }
    }
}
