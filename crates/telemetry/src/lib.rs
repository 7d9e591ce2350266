//! How a Dealwire process tells what it is doing: one log format, one set of metrics, and traces
//! where somebody collects them.
//!
//! Logging and traces are set up exactly once per process by [`init`]. Metrics have no global registry: a
//! process makes one [`Metrics`], hands it to whatever measures something, and serves
//! [`Metrics::encode`] at `/metrics`. Names and labels are checked when a metric is made, so that a
//! typing error or a label without bounds shows at start, not on a dashboard.

mod chain;
mod log;
mod metrics;
pub mod traces;

pub use chain::Chain;
pub use log::{InitError, LogFormat, Telemetry, init};
pub use metrics::{
    DURATION_BUCKETS_SECONDS, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, METRICS_CONTENT_TYPE, Metrics, MetricsError,
};
