//! How many leads were converted, and how.

use telemetry::{IntCounterVec, Metrics, MetricsError};

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// An order of a new client.
    ClientAdded,
    /// An order of a client that was there.
    ClientMatched,
    /// The lead was converted before: the same answer again.
    Repeated,
    /// The same event came twice.
    Redelivered,
    /// It says nothing of anybody any more: nothing is made of it.
    Erased,
    /// It could not be taken in.
    Parked,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::ClientAdded => "client_added",
            Self::ClientMatched => "client_matched",
            Self::Repeated => "repeated",
            Self::Redelivered => "redelivered",
            Self::Erased => "erased",
            Self::Parked => "parked",
        }
    }
}

/// The numbers of conversion (DESIGN 10).
#[derive(Debug, Clone)]
pub(crate) struct ConversionMetrics {
    conversions: IntCounterVec,
}

impl ConversionMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        Ok(Self {
            conversions: metrics.counter_vec(
                "dealwire_lead_conversions_total",
                "Requests to convert a lead, by what became of them.",
                &["outcome"],
            )?,
        })
    }

    pub(super) fn count(&self, outcome: Outcome) {
        self.conversions
            .with_label_values(&[outcome.as_str()])
            .inc();
    }
}
