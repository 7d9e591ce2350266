//! Leads become clients and orders (DESIGN 7).
//!
//! The intake service asks for a conversion with `lead.conversion_requested`.
//! Here the client is found by phone or email, or added; the order is added; and
//! `lead.converted` tells of both, all in one transaction. However often a lead
//! is asked for, by whichever event, it becomes one order: `lead_conversions`
//! remembers what each one became, for ever.

mod account;
mod added;
mod batch;
mod known;
mod lead;
mod marks;
mod metrics;
mod unit;
mod wanted;

use broker::{Broker, IncomingMessage};
use database::{Database, DatabaseError};
use events::Clock;
use outbox::queue::ENTITY_LEADS;
use outbox::{QueueConsumer, TakeIn, Waker};
use tokio_util::sync::CancellationToken;

pub(crate) use metrics::ConversionMetrics;

/// The task that converts leads.
#[derive(Debug, Clone)]
pub(crate) struct Conversion {
    pub(crate) database: Database,
    pub(crate) broker: Broker,
    pub(crate) clock: Clock,
    /// Of the relay that carries the events out.
    pub(crate) waker: Waker,
    pub(crate) metrics: ConversionMetrics,
}

impl Conversion {
    /// Converts until cancelled.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        let consumer = QueueConsumer {
            broker: self.broker.clone(),
            database: self.database.clone(),
            queue: ENTITY_LEADS,
            outage: "leads cannot be converted; they are kept until they can",
        };
        consumer.run(self, cancel).await;
    }
}

impl TakeIn for Conversion {
    async fn take_in(&self, messages: &[IncomingMessage]) -> Result<(), DatabaseError> {
        self.convert(messages).await
    }
}
