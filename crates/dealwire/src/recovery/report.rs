//! What was found and done, as an operator reads it.

use std::fmt;

use entity_service::recovery::KnownRecord;
use events::Timestamp;

use super::{Plan, Restored};

/// How many records of a kind are named.
const NAMED: usize = 50;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for service in &self.restored {
            match service {
                Restored::EntityService => self.write_entity(f)?,
                Restored::IntakeService => self.write_intake(f)?,
                Restored::DeliveryWorker => writeln!(
                    f,
                    "delivery-worker   its ids go on {} further; webhooks, sources' triggers and \
                     pauses are those of the backup",
                    self.ahead
                )?,
            }
        }
        self.write_rewind(f, Restored::EntityService, self.rewinds.entity)?;
        self.write_rewind(f, Restored::IntakeService, self.rewinds.intake)?;
        self.write_lost(f)
    }
}

impl Plan {
    fn write_entity(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "entity-service    its events go on after number {}, its ids {} further than any that \
             is known",
            self.entity_through, self.ahead
        )?;
        writeln!(
            f,
            "                  {} records go on with revisions that nobody has seen",
            self.lost.older.len()
        )?;
        writeln!(
            f,
            "                  {} revoked tokens are remembered by all services",
            self.tokens.len()
        )
    }

    fn write_intake(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "intake-service    its events go on after number {}, its ids {} further than any that \
             is known",
            self.intake_through, self.ahead
        )
    }

    fn write_rewind(
        &self,
        f: &mut fmt::Formatter<'_>,
        publisher: Restored,
        to: Option<i64>,
    ) -> fmt::Result {
        match to {
            Some(to) => writeln!(
                f,
                "{publisher:<18}publishes its events after number {to} once more; what is known \
                 is dropped",
            ),
            None => Ok(()),
        }
    }

    fn write_lost(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((first, last)) = self.lost.between_us {
            let all: u64 = self.lost.changes.values().sum();
            writeln!(
                f,
                "\nLOST WITH THE BACKUP of entity-service, and known to delivery workers: {all} \
                 changes from {} to {}",
                Timestamp(first).to_rfc3339(),
                Timestamp(last).to_rfc3339(),
            )?;
            for (kind, count) in &self.lost.changes {
                writeln!(f, "  {count} {kind}")?;
            }
            write_records(f, "older than receivers know them", &self.lost.older)?;
            write_records(f, "not there any more", &self.lost.missing)?;
            writeln!(
                f,
                "  What they were is in the bodies of their deliveries: GET /api/v1/deliveries."
            )?;
        }
        if self.lost_leads > 0 {
            writeln!(
                f,
                "\nLOST WITH THE BACKUP of intake-service: {} leads, whose clients and orders are \
                 there",
                self.lost_leads
            )?;
        }
        if self.erasures > 0 {
            writeln!(
                f,
                "\nERASE AGAIN: {} people who were erased after the backup of intake-service was \
                 made are in it: DELETE /api/v1/leads/ID",
                self.erasures
            )?;
        }
        Ok(())
    }
}

fn write_records(f: &mut fmt::Formatter<'_>, what: &str, records: &[KnownRecord]) -> fmt::Result {
    if records.is_empty() {
        return Ok(());
    }
    writeln!(f, "  {} records are {what}:", records.len())?;
    for record in records.iter().take(NAMED) {
        writeln!(
            f,
            "    {} {} of account {}, known at revision {}",
            record.component, record.id, record.account_id, record.revision
        )?;
    }
    if records.len() > NAMED {
        writeln!(f, "    and {} more", records.len() - NAMED)?;
    }
    Ok(())
}
