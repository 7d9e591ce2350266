//! Going on after databases were restored from backups, perhaps of different moments: what
//! `dealwire recover` does while no service runs.
//!
//! A database that was set back would give out ids, event numbers and revisions for a second time
//! that other services, receivers and integrators still know; so they go on beyond all of them.
//! What it knew of others' events has to be published to it once more.

mod databases;
mod erasures;
mod lost;
mod plan;
mod report;
mod rewinds;
mod running;
#[cfg(test)]
mod tests;

use std::fmt;

use clap::ValueEnum;
use database::{Connection, Database, DatabaseError, identities};
use events::{AccountId, Timestamp, TokenId};
use outbox::recovery::skip_numbers;
use revocation::RevokedToken;

pub(crate) use databases::{open, put_back};
pub(crate) use plan::Plan;

/// Where nobody knows which revisions receivers have seen, records go on so much higher at most:
/// more often than that a record is hardly changed between two backups.
const MOST_REVISIONS: i64 = 1_000;

/// A service whose database was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
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
    /// Which of them were restored, each once.
    pub(crate) restored: Vec<Restored>,
    /// How many numbers and ids are left out beyond the highest that is known.
    pub(crate) ahead: i64,
}

impl Recovery {
    fn is_restored(&self, service: Restored) -> bool {
        self.restored.contains(&service)
    }

    /// All databases, by whose they are.
    fn databases(&self) -> impl Iterator<Item = (Restored, &Database)> {
        let intake = self.intake.as_ref().map(|it| (Restored::IntakeService, it));
        [(Restored::EntityService, &self.entity)]
            .into_iter()
            .chain(intake)
            .chain([(Restored::DeliveryWorker, &self.delivery)])
    }

    /// How much higher the revisions of all records go on: the workers are asked for what
    /// receivers have seen, unless they were set back too.
    fn revisions_ahead(&self) -> i64 {
        let nobody_knows =
            self.is_restored(Restored::EntityService) && self.is_restored(Restored::DeliveryWorker);
        if nobody_knows {
            self.ahead.min(MOST_REVISIONS)
        } else {
            0
        }
    }

    /// Carries a plan out. What a crash leaves half done, another run completes.
    ///
    /// # Errors
    /// Database failures.
    pub(crate) async fn carry_out(&self, plan: &Plan, now: Timestamp) -> anyhow::Result<()> {
        self.move_delivery_on(plan).await?;
        if let Some(intake) = &self.intake {
            let (tokens, lead, through) = (plan.tokens.clone(), plan.lead, plan.intake_through);
            let (ahead, restored) = (self.ahead, self.is_restored(Restored::IntakeService));
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
        if self.is_restored(Restored::EntityService) {
            self.move_entity_on(plan, now).await?;
        }
        plan.rewinds.carry_out(self).await
    }

    async fn move_delivery_on(&self, plan: &Plan) -> Result<(), DatabaseError> {
        let (tokens, older) = (plan.tokens.clone(), plan.lost.to_carry_on());
        let (ahead, restored) = (self.ahead, self.is_restored(Restored::DeliveryWorker));
        self.delivery
            .write(move |conn| {
                if restored {
                    raise_all(conn, ahead)?;
                }
                for it in &older {
                    delivery_worker::recovery::pass_over(
                        conn,
                        it.account_id,
                        &it.component,
                        it.id,
                        it.revision,
                    )?;
                }
                revocation::remember(conn, &tokens)
            })
            .await?;
        Ok(())
    }

    async fn move_entity_on(&self, plan: &Plan, now: Timestamp) -> anyhow::Result<()> {
        let (ids, through, ahead) = (plan.ids.clone(), plan.entity_through, self.ahead);
        let (records, tokens) = (plan.lost.to_carry_on(), plan.tokens.clone());
        let by = self.revisions_ahead();
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
                if by > 0 {
                    entity_service::recovery::raise_revisions(conn, by)?;
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

fn revoke(conn: &mut Connection<'_>, token: &RevokedToken) -> Result<bool, DatabaseError> {
    entity_service::recovery::revoke(
        conn,
        AccountId(token.account_id),
        &TokenId(token.token_id.clone()),
        Timestamp(token.revoked_at_us),
    )
}

/// Makes all ids of a database go on so far ahead; the numbers of events have rules of their own.
fn raise_all(conn: &mut Connection<'_>, ahead: i64) -> Result<(), DatabaseError> {
    for identity in identities::list(conn)? {
        if identity.table != "outbox_events" {
            identities::raise(conn, &identity.table, identity.last + ahead)?;
        }
    }
    Ok(())
}
