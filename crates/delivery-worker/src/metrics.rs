//! The numbers of delivery (DESIGN 10).

use telemetry::{HistogramVec, IntCounter, IntCounterVec, IntGauge, Metrics, MetricsError};

use crate::send::SendOutcome;

/// From a few milliseconds to the longest pause of the schedule.
const LAG_BUCKETS_SECONDS: &[f64] = &[
    0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1_800.0,
    7_200.0, 86_400.0,
];

/// What is measured here.
#[derive(Debug, Clone)]
pub(crate) struct DeliveryMetrics {
    lag: HistogramVec,
    outcomes: IntCounterVec,
    oldest_due: IntGauge,
    in_flight: IntGauge,
    queued: IntGauge,
    lanes_open: IntGauge,
    events: IntCounterVec,
    parked: IntCounter,
    pending: IntGauge,
    parked_now: IntGauge,
    disabled: IntGauge,
    removed: IntCounterVec,
    passed_gaps: IntCounter,
    late: IntCounter,
}

impl DeliveryMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        Ok(Self {
            lag: metrics.histogram_vec(
                "dealwire_delivery_lag_seconds",
                "How late attempts start: after the change, or after a retry was due.",
                &["attempt"],
                LAG_BUCKETS_SECONDS,
            )?,
            outcomes: metrics.counter_vec(
                "dealwire_delivery_attempts_total",
                "Attempts made, by what came of them.",
                &["outcome"],
            )?,
            oldest_due: metrics.gauge(
                "dealwire_delivery_oldest_due_seconds",
                "How long the oldest delivery has been due that nothing holds up.",
            )?,
            in_flight: metrics.gauge(
                "dealwire_delivery_in_flight_requests",
                "Requests to receivers under way.",
            )?,
            queued: metrics.gauge(
                "dealwire_delivery_queued_deliveries",
                "Claimed deliveries that wait for a slot of their webhook.",
            )?,
            lanes_open: metrics.gauge(
                "dealwire_delivery_lanes_open",
                "Webhooks whose circuit breaker is open or half open; each worker shows all.",
            )?,
            events: metrics.counter_vec(
                "dealwire_delivery_events_total",
                "Events taken in; repeated ones were known already.",
                &["kind"],
            )?,
            parked: metrics.counter(
                "dealwire_delivery_parked_total",
                "Messages that could not be taken in and were parked.",
            )?,
            pending: metrics.gauge(
                "dealwire_delivery_pending_deliveries",
                "Deliveries that are neither delivered nor given up, those held up included.",
            )?,
            parked_now: metrics.gauge(
                "dealwire_delivery_parked_messages",
                "Messages that are parked at the moment.",
            )?,
            disabled: metrics.gauge(
                "dealwire_delivery_disabled_webhooks",
                "Webhooks and triggers that Dealwire has disabled; what waits for them stays.",
            )?,
            removed: metrics.counter_vec(
                "dealwire_delivery_removed_total",
                "What was old and went: deliveries, events, and partitions of bodies.",
                &["kind"],
            )?,
            passed_gaps: metrics.counter(
                "dealwire_delivery_passed_gaps_total",
                "Gaps in the revisions of a record that deliveries in order did not wait for any longer.",
            )?,
            late: metrics.counter(
                "dealwire_delivery_late_total",
                "Deliveries in order that were skipped, because a newer revision had been delivered when they came.",
            )?,
        })
    }

    pub(crate) fn count_passed_gap(&self) {
        self.passed_gaps.inc();
    }

    pub(crate) fn count_late(&self, number: usize) {
        self.late.inc_by(u64::try_from(number).unwrap_or(u64::MAX));
    }

    pub(crate) fn observe_lag(&self, is_first: bool, seconds: f64) {
        let attempt = if is_first { "first" } else { "retry" };
        self.lag.with_label_values(&[attempt]).observe(seconds);
    }

    pub(crate) fn count_outcome(&self, outcome: &SendOutcome) {
        let class = match outcome {
            SendOutcome::Failed(failure) => failure.kind.as_str(),
            SendOutcome::Answered(answer) => match answer.status {
                200..300 => "2xx",
                300..400 => "3xx",
                400..500 => "4xx",
                _ => "5xx",
            },
        };
        self.outcomes.with_label_values(&[class]).inc();
    }

    pub(crate) fn show_open_breakers(&self, lanes: usize) {
        self.lanes_open
            .set(i64::try_from(lanes).unwrap_or(i64::MAX));
    }

    pub(crate) fn show_load(&self, oldest_due_us: i64, in_flight: usize, queued: usize) {
        self.oldest_due.set(oldest_due_us / 1_000_000);
        self.in_flight
            .set(i64::try_from(in_flight).unwrap_or(i64::MAX));
        self.queued.set(i64::try_from(queued).unwrap_or(i64::MAX));
    }

    pub(crate) fn show_backlog(&self, pending: i64, parked: i64, disabled: i64) {
        self.pending.set(pending);
        self.parked_now.set(parked);
        self.disabled.set(disabled);
    }

    pub(crate) fn count_events(&self, new: usize, repeated: usize) {
        let count = |kind: &str, number: usize| {
            let number = u64::try_from(number).unwrap_or(u64::MAX);
            self.events.with_label_values(&[kind]).inc_by(number);
        };
        count("new", new);
        count("repeated", repeated);
    }

    pub(crate) fn count_removed(&self, kind: &str, number: usize) {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        self.removed.with_label_values(&[kind]).inc_by(number);
    }

    pub(crate) fn count_parked(&self, number: usize) {
        self.parked
            .inc_by(u64::try_from(number).unwrap_or(u64::MAX));
    }
}
