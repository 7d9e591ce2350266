//! From where on events have to be published once more, since a service that takes them in was
//! set back to a time when it did not have them.

use std::time::Duration;

use database::{Database, DatabaseError};
use outbox::recovery::{last_published_before, last_taken_in};

use super::{Recovery, Restored};
use crate::verify::{Between, Verification};

/// Queues need not be equally far: this much of what was published before a service took its last
/// event in is published again as well. It drops what it knows.
const OVERLAP_US: i64 = 60 * 60 * 1_000_000;

/// The last number that needs no repeat, of each service that publishes; `None` where all is well.
#[derive(Debug, Default)]
pub(super) struct Rewinds {
    pub(super) entity: Option<i64>,
    pub(super) intake: Option<i64>,
}

impl Rewinds {
    pub(super) async fn find(of: &Recovery) -> anyhow::Result<Self> {
        let mut rewinds = Self::default();
        if of.is_restored(Restored::DeliveryWorker) {
            let last = of
                .delivery
                .read(delivery_worker::recovery::last_taken_in)
                .await?;
            rewinds.entity = earlier(rewinds.entity, before(&of.entity, last).await?);
            if let Some(intake) = &of.intake {
                rewinds.intake = earlier(rewinds.intake, before(intake, last).await?);
            }
        }
        if let Some(intake) = &of.intake {
            if of.is_restored(Restored::IntakeService) {
                let last = intake.read(last_taken_in).await?;
                rewinds.entity = earlier(rewinds.entity, before(&of.entity, last).await?);
            }
            if of.is_restored(Restored::EntityService) {
                let last = of.entity.read(last_taken_in).await?;
                rewinds.intake = earlier(rewinds.intake, before(intake, last).await?);
            }
        }
        rewinds.include_missing(of).await?;
        Ok(rewinds)
    }

    /// What is certainly missing, as `dealwire verify` sees it, may be older than that.
    async fn include_missing(&mut self, of: &Recovery) -> anyhow::Result<()> {
        let verification = Verification {
            entity: of.entity.clone(),
            intake: of.intake.clone(),
            delivery: of.delivery.clone(),
            // What queues hold may go as well: it is known when it comes again.
            between: Between::InProcess,
            all_hours: false,
        };
        let report = verification.run(Duration::ZERO).await?;
        let (entity, intake) = report.first_lost();
        self.entity = earlier(self.entity, entity.map(|seq| seq - 1));
        self.intake = earlier(self.intake, intake.map(|seq| seq - 1));
        Ok(())
    }

    pub(super) async fn carry_out(&self, of: &Recovery) -> anyhow::Result<()> {
        let intake = of.intake.as_ref().zip(self.intake);
        for (database, to) in self
            .entity
            .map(|to| (&of.entity, to))
            .into_iter()
            .chain(intake)
        {
            database.write(move |conn| outbox::rewind(conn, to)).await?;
        }
        Ok(())
    }
}

/// The last event that a service which took its last one in at `last_us` has for sure; `None` if
/// that is the last one that was published.
async fn before(publisher: &Database, last_us: Option<i64>) -> Result<Option<i64>, DatabaseError> {
    let moment_us = last_us.map_or(0, |last_us| last_us - OVERLAP_US);
    publisher
        .read(move |conn| {
            let to = last_published_before(conn, moment_us)?;
            let through = outbox::audit::extent(conn)?.published_through;
            Ok((to < through).then_some(to))
        })
        .await
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
