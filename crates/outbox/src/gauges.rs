//! How much waits to be published, for the metrics.

use std::time::Duration;

use database::{Database, DatabaseError};
use events::Clock;
use telemetry::{IntGauge, Metrics, MetricsError};
use tokio_util::sync::CancellationToken;

use crate::{backlog, parked};

/// How often it is looked at.
const PERIOD: Duration = Duration::from_secs(5);

/// What the numbers of one service are called; in one process all services share a registry.
#[derive(Debug, Clone, Copy)]
pub struct GaugeNames {
    /// Events that wait.
    pub waiting: &'static str,
    /// The age of the oldest one.
    pub oldest: &'static str,
    /// Messages that are parked.
    pub parked: &'static str,
}

/// The numbers of a service's outbox and of what it parked (DESIGN 10).
#[derive(Debug, Clone)]
pub struct BacklogGauges {
    waiting: IntGauge,
    oldest: IntGauge,
    parked: IntGauge,
}

impl BacklogGauges {
    /// Makes them.
    ///
    /// # Errors
    /// A name that breaks the rule or is taken.
    pub fn register(metrics: &Metrics, names: GaugeNames) -> Result<Self, MetricsError> {
        Ok(Self {
            waiting: metrics.gauge(
                names.waiting,
                "Events of this service that no consumer has confirmed yet.",
            )?,
            oldest: metrics.gauge(
                names.oldest,
                "How long ago the oldest unconfirmed event was made; 0 if there is none.",
            )?,
            parked: metrics.gauge(
                names.parked,
                "Messages that this service could not take in and keeps.",
            )?,
        })
    }

    /// Looks at the outbox until `cancel`.
    pub async fn run(self, database: Database, clock: Clock, cancel: CancellationToken) {
        loop {
            if let Err(error) = self.look(&database, &clock).await {
                tracing::debug!(%error, "the outbox could not be looked at");
            }
            let pause = tokio::time::sleep(PERIOD);
            if cancel.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    async fn look(&self, database: &Database, clock: &Clock) -> Result<(), DatabaseError> {
        let (backlog, parked) = database
            .read(|conn| {
                let backlog = backlog(conn)?;
                Ok::<_, DatabaseError>((backlog, parked::count(conn)?))
            })
            .await?;
        let age_us = backlog
            .oldest_occurred_at_us
            .map_or(0, |oldest_us| (clock.now().0 - oldest_us).max(0));
        self.waiting.set(backlog.waiting);
        self.oldest.set(age_us / 1_000_000);
        self.parked.set(parked);
        Ok(())
    }
}
