//! How a Dealwire process tells what it is doing: one log format and one set of metrics.
//!
//! Logging is set up exactly once per process by [`init`]. Metrics have no global registry: a
//! process makes one [`Metrics`], hands it to whatever measures something, and serves
//! [`Metrics::encode`] at `/metrics`. Names and labels are checked when a metric is made, so that a
//! typing error or a label without bounds shows at start, not on a dashboard.

mod chain;
mod log;
mod metrics;

pub use chain::Chain;
pub use log::{InitError, LogFormat, init};
pub use metrics::{
    DURATION_BUCKETS_SECONDS, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, METRICS_CONTENT_TYPE, Metrics, MetricsError,
};
