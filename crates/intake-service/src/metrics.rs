//! The numbers of intake (DESIGN 10).

use std::time::Duration;

use telemetry::{
    DURATION_BUCKETS_SECONDS, Histogram, HistogramVec, IntCounter, IntCounterVec, Metrics,
    MetricsError,
};

/// Up to the most requests of one transaction.
const BATCH_BUCKETS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// What is measured here; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct IntakeMetrics {
    requests: IntCounterVec,
    duration: HistogramVec,
    batch: Histogram,
    expired: IntCounter,
}

impl IntakeMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        Ok(Self {
            requests: metrics.counter_vec(
                "dealwire_intake_requests_total",
                "Requests to inbound URLs, by what became of them.",
                &["outcome"],
            )?,
            duration: metrics.histogram_vec(
                "dealwire_intake_duration_seconds",
                "From the head of a request to an inbound URL to its answer.",
                &["outcome"],
                DURATION_BUCKETS_SECONDS,
            )?,
            batch: metrics.histogram(
                "dealwire_intake_batch_requests",
                "Requests that were written in one transaction.",
                BATCH_BUCKETS,
            )?,
            expired: metrics.counter(
                "dealwire_intake_expired_requests_total",
                "Requests that were deleted from the journal after their time.",
            )?,
        })
    }

    /// `outcome` is one of a closed set of names.
    pub(crate) fn count_request(&self, outcome: &'static str, took: Duration) {
        self.requests.with_label_values(&[outcome]).inc();
        self.duration
            .with_label_values(&[outcome])
            .observe(took.as_secs_f64());
    }

    pub(crate) fn observe_batch(&self, requests: usize) {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        self.batch.observe(f64::from(requests));
    }

    pub(crate) fn count_expired(&self, requests: usize) {
        self.expired
            .inc_by(u64::try_from(requests).unwrap_or(u64::MAX));
    }
}
