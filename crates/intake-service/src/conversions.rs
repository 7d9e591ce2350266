//! What became of leads: clients and orders that the entity service made, noted on the leads.

mod batch;

use broker::{Broker, IncomingMessage};
use database::{Database, DatabaseError};
use events::Clock;
use outbox::queue::INTAKE_CONVERSIONS;
use outbox::{QueueConsumer, TakeIn};
use tokio_util::sync::CancellationToken;

/// The task that takes conversions in.
#[derive(Debug, Clone)]
pub(crate) struct Conversions {
    pub(crate) database: Database,
    pub(crate) broker: Broker,
    pub(crate) clock: Clock,
}

impl Conversions {
    /// Takes conversions in until cancelled.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        let consumer = QueueConsumer {
            broker: self.broker.clone(),
            database: self.database.clone(),
            queue: INTAKE_CONVERSIONS,
            outage: "conversions cannot be noted on leads; they are kept",
        };
        consumer.run(self, cancel).await;
    }
}

impl TakeIn for Conversions {
    async fn take_in(&self, messages: &[IncomingMessage]) -> Result<(), DatabaseError> {
        batch::take_in(&self.database, messages, self.clock.now()).await
    }
}
