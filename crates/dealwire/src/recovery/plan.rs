//! What has to be done, found out without changing anything.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use database::DatabaseError;
use outbox::recovery::{last_number, list_unnumbered};
use revocation::RevokedToken;

use super::erasures::Erasures;
use super::lost::Lost;
use super::rewinds::Rewinds;
use super::{Recovery, Restored};

/// What [`Recovery::carry_out`] does.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) restored: Vec<Restored>,
    pub(super) ahead: i64,
    /// The highest ids of the entity service's records that anybody knows, by the kind of record.
    pub(super) ids: BTreeMap<String, i64>,
    /// The highest id of a lead that anybody knows.
    pub(super) lead: i64,
    /// Up to where the entity service's events give no more numbers.
    pub(super) entity_through: i64,
    /// The same of the intake service.
    pub(super) intake_through: i64,
    /// All revoked tokens that anybody remembers.
    pub(super) tokens: Vec<RevokedToken>,
    /// What the entity service no longer knows and the workers do.
    pub(super) lost: Lost,
    /// Leads that became orders and that the intake service no longer has.
    pub(super) lost_leads: i64,
    /// People who are there again.
    pub(super) erasures: Erasures,
    /// Accounts that others know and the entity service does not.
    pub(super) accounts: Vec<i64>,
    /// How much higher the revisions of all records go on.
    pub(super) revisions_ahead: i64,
    pub(super) rewinds: Rewinds,
}

impl Recovery {
    /// Finds out what has to be done.
    ///
    /// # Errors
    /// When a database that is not named as restored is behind what others know; database
    /// failures.
    pub(crate) async fn plan(&self) -> anyhow::Result<Plan> {
        let ids = self.highest_ids().await?;
        let lead = self
            .entity
            .read(entity_service::recovery::highest_lead)
            .await?;
        let entity_last = self.entity.read(last_number).await?;
        let known_seq = self
            .delivery
            .read(delivery_worker::recovery::highest_seq)
            .await?;
        self.check_named(&ids, lead, (entity_last, known_seq))
            .await?;

        let unnumbered = self.entity.read(list_unnumbered).await?;
        let lost = match self.is_restored(Restored::EntityService) {
            true => Lost::read(self, entity_last, &unnumbered).await?,
            false => Lost::default(),
        };
        let (intake_last, lost_leads) = self.read_intake(lead).await?;
        Ok(Plan {
            restored: self.restored.clone(),
            ahead: self.ahead,
            ids,
            lead,
            entity_through: entity_last.max(known_seq) + self.ahead,
            intake_through: intake_last + self.ahead,
            tokens: self.revoked_tokens().await?,
            lost,
            lost_leads,
            erasures: Erasures::find(self).await?,
            accounts: self.missing_accounts().await?,
            revisions_ahead: self.revisions_ahead(),
            rewinds: Rewinds::find(self).await?,
        })
    }

    async fn highest_ids(&self) -> Result<BTreeMap<String, i64>, DatabaseError> {
        let mut known = self
            .delivery
            .read(delivery_worker::recovery::highest_ids)
            .await?;
        if let Some(intake) = &self.intake {
            known.extend(intake.read(intake_service::recovery::highest_ids).await?);
        }
        let mut highest = BTreeMap::new();
        for (kind, id) in known {
            let last: &mut i64 = highest.entry(kind).or_default();
            *last = id.max(*last);
        }
        Ok(highest)
    }

    /// Refuses where something was restored that the operator did not name: it would be left to
    /// give out ids for a second time.
    async fn check_named(
        &self,
        ids: &BTreeMap<String, i64>,
        lead: i64,
        (entity_last, known_seq): (i64, i64),
    ) -> anyhow::Result<()> {
        if !self.is_restored(Restored::EntityService) {
            ensure!(
                known_seq <= entity_last,
                "the entity service's events end at {entity_last} and delivery workers know \
                 {known_seq}: its database was set back too; add --restored entity-service"
            );
            for (kind, known) in ids {
                let name = kind.clone();
                let last = self
                    .entity
                    .read(move |conn| entity_service::recovery::last_id(conn, &name))
                    .await?;
                ensure!(
                    last.is_none_or(|last| *known <= last),
                    "other services know {kind} {known}, which the entity service does not: its \
                     database was set back too; add --restored entity-service"
                );
            }
        }
        if let Some(intake) = &self.intake
            && !self.is_restored(Restored::IntakeService)
        {
            let last = intake.read(intake_service::recovery::last_lead_id).await?;
            ensure!(
                lead <= last,
                "the entity service knows lead {lead}, which the intake service does not: its \
                 database was set back too; add --restored intake-service"
            );
        }
        Ok(())
    }

    /// The intake service's last number, and what it does not know any more.
    async fn read_intake(&self, lead: i64) -> Result<(i64, i64), DatabaseError> {
        let Some(intake) = &self.intake else {
            return Ok((0, 0));
        };
        let last = intake.read(last_number).await?;
        if !self.is_restored(Restored::IntakeService) {
            return Ok((last, 0));
        }
        let last_lead = intake.read(intake_service::recovery::last_lead_id).await?;
        let lost_leads = match lead > last_lead {
            true => {
                self.entity
                    .read(move |conn| entity_service::recovery::count_leads_after(conn, last_lead))
                    .await?
            }
            false => 0,
        };
        Ok((last, lost_leads))
    }

    async fn missing_accounts(&self) -> Result<Vec<i64>, DatabaseError> {
        let mut known: BTreeSet<i64> = self
            .delivery
            .read(delivery_worker::recovery::list_accounts)
            .await?
            .into_iter()
            .collect();
        if let Some(intake) = &self.intake {
            known.extend(intake.read(intake_service::recovery::list_accounts).await?);
        }
        let known: Vec<i64> = known.into_iter().collect();
        self.entity
            .read(move |conn| entity_service::recovery::list_missing_accounts(conn, &known))
            .await
    }

    async fn revoked_tokens(&self) -> Result<Vec<RevokedToken>, DatabaseError> {
        let own = self
            .entity
            .read(entity_service::recovery::list_revoked)
            .await?;
        let own = own
            .into_iter()
            .map(|(account_id, token_id, revoked_at_us)| RevokedToken {
                token_id,
                account_id,
                revoked_at_us,
            });
        let mut all: Vec<RevokedToken> = own.collect();
        let mut known: BTreeSet<String> = all.iter().map(|it| it.token_id.clone()).collect();
        for database in self.intake.iter().chain([&self.delivery]) {
            let others = database.read(revocation::list_all).await?;
            all.extend(
                others
                    .into_iter()
                    .filter(|it| known.insert(it.token_id.clone())),
            );
        }
        Ok(all)
    }
}
