//! How many requests were answered, how, and how fast.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use telemetry::{DURATION_BUCKETS_SECONDS, HistogramVec, IntCounterVec, Metrics, MetricsError};

#[derive(Debug, Clone)]
pub(super) struct RequestMetrics {
    requests: IntCounterVec,
    duration: HistogramVec,
}

impl RequestMetrics {
    pub(super) fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        Ok(Self {
            requests: metrics.counter_vec(
                "dealwire_http_requests_total",
                "Requests answered, by class of status.",
                &["method", "route", "status"],
            )?,
            duration: metrics.histogram_vec(
                "dealwire_http_request_seconds",
                "Time from the head of a request to its answer.",
                &["method", "route"],
                DURATION_BUCKETS_SECONDS,
            )?,
        })
    }

    /// `route` is the pattern of the resource, never the path: labels stay bounded.
    pub(super) fn record(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let method = method_label(method);
        self.requests
            .with_label_values(&[method, route, status_class(status)])
            .inc();
        self.duration
            .with_label_values(&[method, route])
            .observe(took.as_secs_f64());
    }
}

/// A client may send any word as a method.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}
