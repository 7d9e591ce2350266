//! Whether anything was lost between the services (DESIGN 1): every event up to
//! a cutoff is known to the delivery worker, and each event has as many
//! deliveries as webhooks matched.
//!
//! Reads beside running services: narrow rows, in batches, each of one moment.

mod deliveries;
mod events;
mod leads;
mod report;
#[cfg(test)]
mod tests;

use std::time::Duration;

use broker::Broker;
use database::{Database, DatabaseError};
use outbox::audit::{self, Extent};
use outbox::queue::DELIVERY_EVENTS;
use tokio::time::Instant;

use delivery_worker::audit::{HourKey, hour_of};

use deliveries::DeliveryFindings;
use events::EventFindings;
use leads::LeadFindings;
pub(crate) use report::Report;

/// How often what is on its way is looked at again.
const PAUSE: Duration = Duration::from_millis(250);

/// How many rows one read takes.
const BATCH: i64 = 10_000;

/// What is compared.
#[derive(Debug)]
pub(crate) struct Verification {
    /// The entity service's database.
    pub(crate) entity: Database,
    /// The intake service's database, where there is one.
    pub(crate) intake: Option<Database>,
    /// The delivery workers' database.
    pub(crate) delivery: Database,
    /// What is between them.
    pub(crate) between: Between,
    /// Whether hours are listed in which nothing waits or is missing.
    pub(crate) all_hours: bool,
}

/// The way from the outbox to the workers.
#[derive(Debug)]
pub(crate) enum Between {
    /// A broker that holds nothing without its publisher: what is confirmed is taken in.
    InProcess,
    /// A broker whose queues hold confirmed messages.
    Broker(Broker),
    /// Such a broker, which no setting names.
    Unnamed,
}

/// How much waits in the worker's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Nothing that is confirmed.
    Empty,
    /// So many messages.
    Holds(u64),
    /// The broker did not answer.
    Unknown,
}

impl Verification {
    /// Compares; waits at most `wait` for events that are on their way.
    pub(crate) async fn run(&self, wait: Duration) -> anyhow::Result<Report> {
        let began = Instant::now();
        let deadline = began + wait;
        // First, for what leads become are events as well.
        let leads = match &self.intake {
            Some(intake) => Some(LeadFindings::read(self, intake, deadline).await?),
            None => None,
        };
        let (cutoff, unnumbered) = self.cutoff(deadline).await?;
        let mut events = EventFindings::read(self, &cutoff).await?;
        while !events.missing.is_empty() && Instant::now() < deadline {
            events.wait_for_missing(self, deadline).await?;
            // Histories were read with holes in them.
            events = EventFindings::read(self, &cutoff).await?;
        }
        let published_through = self.entity.read(audit::extent).await?.published_through;
        let queue = if events.missing.is_empty() {
            Queue::Empty
        } else {
            self.queue(DELIVERY_EVENTS).await
        };
        let mut deliveries = DeliveryFindings::read(self, &cutoff, self.all_hours).await?;
        for entry in &events.missing {
            let hour = HourKey {
                hour: hour_of(entry.event_id),
                webhook_id: None,
            };
            if entry.seq <= published_through && !matches!(queue, Queue::Holds(1..)) {
                deliveries.hours.entry(hour).or_default().missing += 1;
            }
        }
        Ok(Report {
            took: began.elapsed(),
            cutoff,
            unnumbered,
            published_through,
            queue,
            leads,
            events,
            deliveries,
        })
    }

    /// Up to where events are compared: all that are committed now. Waits until the
    /// relay has numbered them; answers how many it has not.
    async fn cutoff(&self, deadline: Instant) -> Result<(Extent, i64), DatabaseError> {
        let extent = self.entity.read(audit::extent).await?;
        let Some(position) = extent.unnumbered_to else {
            return Ok((extent, 0));
        };
        loop {
            let unnumbered = self
                .entity
                .read(move |conn| audit::count_unnumbered(conn, position))
                .await?;
            if unnumbered == 0 || Instant::now() >= deadline {
                return Ok((self.entity.read(audit::extent).await?, unnumbered));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// How much a queue holds.
    async fn queue(&self, name: &str) -> Queue {
        let broker = match &self.between {
            Between::InProcess => return Queue::Empty,
            Between::Unnamed => return Queue::Unknown,
            Between::Broker(broker) => broker,
        };
        let depths = async {
            broker.declare(&outbox::topology()).await.ok()?;
            broker.queue_depths().await.ok()
        };
        let Some(depths) = depths.await else {
            return Queue::Unknown;
        };
        let depth = depths.iter().find(|depth| depth.queue == name);
        depth.map_or(Queue::Unknown, |depth| Queue::Holds(depth.messages))
    }
}
