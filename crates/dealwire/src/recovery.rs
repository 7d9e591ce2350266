//! Going on after databases were restored from backups, perhaps of different moments: what
//! `dealwire recover` does while no service runs.
//!
//! A database that was set back would give out ids, event numbers and revisions for a second time
//! that other services, receivers and integrators still know; so they go on beyond all of them.
//! What it knew of others' events has to be published to it once more.

mod lost;
mod plan;
mod report;
mod rewinds;
#[cfg(test)]
mod tests;

use std::fmt;

use anyhow::ensure;
use clap::ValueEnum;
use database::{Database, DatabaseError, identities};
use events::{AccountId, Timestamp, TokenId};
use outbox::recovery::skip_numbers;
use revocation::RevokedToken;

pub(crate) use plan::Plan;

/// A service whose database was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Restored {
    EntityService,
    IntakeService,
    DeliveryWorker,
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::EntityService => "entity-service",
            Self::IntakeService => "intake-service",
            Self::DeliveryWorker => "delivery-worker",
        })
    }
}

/// What is to be brought in line. No service may be running on it.
#[derive(Debug)]
pub(crate) struct Recovery {
    /// The entity service's database.
    pub(crate) entity: Database,
    /// The intake service's database, where there is one.
    pub(crate) intake: Option<Database>,
    /// The delivery workers' database.
    pub(crate) delivery: Database,
    /// Which of them were restored.
    pub(crate) restored: Vec<Restored>,
    /// How many numbers and ids are left out beyond the highest that is known.
    pub(crate) ahead: i64,
}

impl Recovery {
    fn is_restored(&self, service: Restored) -> bool {
        self.restored.contains(&service)
    }

    /// Refuses while a service may be running. Whoever has a data folder is alone on its
    /// databases, whatever leases a killed process left in them.
    ///
    /// # Errors
    /// Which one, and what to do; database failures.
    pub(crate) async fn check_stopped(&self, alone: bool) -> anyhow::Result<()> {
        if alone {
            return Ok(());
        }
        let mut running = Vec::new();
        if self.entity.read(outbox::recovery::is_led).await? {
            running.push("entity-service");
        }
        if let Some(intake) = &self.intake
            && intake.read(outbox::recovery::is_led).await?
        {
            running.push("intake-service");
        }
        if self
            .delivery
            .read(delivery_worker::recovery::is_delivering)
            .await?
        {
            running.push("delivery-worker");
        }
        ensure!(
            running.is_empty(),
            "{} may be running: stop all services first; one that was killed counts as running \
             for 10 seconds",
            running.join(", ")
        );
        Ok(())
    }

    /// Carries a plan out. What a crash leaves half done, another run completes.
    ///
    /// # Errors
    /// Database failures.
    pub(crate) async fn carry_out(&self, plan: &Plan, now: Timestamp) -> anyhow::Result<()> {
        if self.is_restored(Restored::EntityService) {
            self.move_entity_on(plan, now).await?;
        }
        let ahead = self.ahead;
        if let Some(intake) = &self.intake {
            let (tokens, lead, through) = (plan.tokens.clone(), plan.lead, plan.intake_through);
            let restored = self.is_restored(Restored::IntakeService);
            intake
                .write(move |conn| {
                    if restored {
                        intake_service::recovery::raise_lead_ids(conn, lead)?;
                        raise_all(conn, ahead)?;
                        skip_numbers(conn, through)?;
                    }
                    revocation::remember(conn, &tokens)
                })
                .await?;
        }
        let (tokens, restored) = (
            plan.tokens.clone(),
            self.is_restored(Restored::DeliveryWorker),
        );
        self.delivery
            .write(move |conn| {
                if restored {
                    raise_all(conn, ahead)?;
                }
                revocation::remember(conn, &tokens)
            })
            .await?;
        plan.rewinds.carry_out(self).await
    }

    async fn move_entity_on(&self, plan: &Plan, now: Timestamp) -> anyhow::Result<()> {
        let (ids, through, ahead) = (plan.ids.clone(), plan.entity_through, self.ahead);
        let (records, tokens) = (plan.lost.to_carry_on(), plan.tokens.clone());
        self.entity
            .write(move |conn| {
                for (kind, last) in &ids {
                    entity_service::recovery::raise_ids(conn, kind, *last)?;
                }
                raise_all(conn, ahead)?;
                // Before anything is told, which needs a number.
                skip_numbers(conn, through)?;
                for record in &records {
                    entity_service::recovery::carry_on(conn, record, now)?;
                }
                for token in &tokens {
                    revoke(conn, token)?;
                }
                Ok::<_, entity_service::AdminError>(())
            })
            .await?;
        Ok(())
    }
}

fn revoke(
    conn: &mut database::Connection<'_>,
    token: &RevokedToken,
) -> Result<bool, DatabaseError> {
    entity_service::recovery::revoke(
        conn,
        AccountId(token.account_id),
        &TokenId(token.token_id.clone()),
        Timestamp(token.revoked_at_us),
    )
}

/// Makes all ids of a database go on so far ahead; the numbers of events have rules of their own.
fn raise_all(conn: &mut database::Connection<'_>, ahead: i64) -> Result<(), DatabaseError> {
    for identity in identities::list(conn)? {
        if identity.table != "outbox_events" {
            identities::raise(conn, &identity.table, identity.last + ahead)?;
        }
    }
    Ok(())
}
