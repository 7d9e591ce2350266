//! How much waits to be published, for the metrics.

use std::time::Duration;

use database::{Database, DatabaseError};
use events::Clock;
use telemetry::{IntGauge, Metrics, MetricsError};
use tokio_util::sync::CancellationToken;

/// How often it is looked at.
const PERIOD: Duration = Duration::from_secs(5);

/// The numbers of the outbox (DESIGN 10).
#[derive(Debug, Clone)]
pub(crate) struct BacklogGauges {
    waiting: IntGauge,
    oldest: IntGauge,
    parked: IntGauge,
}

impl BacklogGauges {
    pub(crate) fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        Ok(Self {
            waiting: metrics.gauge(
                "dealwire_outbox_waiting_events",
                "Events that no consumer has confirmed yet.",
            )?,
            oldest: metrics.gauge(
                "dealwire_outbox_oldest_age_seconds",
                "How long ago the oldest unconfirmed event was made; 0 if there is none.",
            )?,
            parked: metrics.gauge(
                "dealwire_entity_parked_messages",
                "Messages that the entity service could not take in and keeps.",
            )?,
        })
    }

    /// Looks at the outbox until `cancel`.
    pub(crate) async fn run(self, database: Database, clock: Clock, cancel: CancellationToken) {
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
                let backlog = outbox::backlog(conn)?;
                Ok::<_, DatabaseError>((backlog, outbox::parked::count(conn)?))
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
