//! What is found and done, as an operator reads it.

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
                Restored::IntakeService => writeln!(
                    f,
                    "intake-service    its events go on after number {}, its ids {} further than \
                     any that is known; sources are those of the backup",
                    self.intake_through, self.ahead
                )?,
                Restored::DeliveryWorker => writeln!(
                    f,
                    "delivery-worker   its ids go on {} further; webhooks, triggers and pauses are \
                     those of the backup",
                    self.ahead
                )?,
            }
        }
        write_rewind(f, Restored::EntityService, self.rewinds.entity)?;
        write_rewind(f, Restored::IntakeService, self.rewinds.intake)?;
        self.write_lost(f)
    }
}

fn write_rewind(f: &mut fmt::Formatter<'_>, publisher: Restored, to: Option<i64>) -> fmt::Result {
    match to {
        Some(to) => writeln!(
            f,
            "{publisher:<18}publishes its events after number {to} once more; what is known is \
             dropped",
        ),
        None => Ok(()),
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
        match self.revisions_ahead {
            0 => writeln!(
                f,
                "                  {} records go on with revisions that nobody has seen",
                self.lost.older.len() + self.lost.returned.len()
            )?,
            by => writeln!(
                f,
                "                  the revisions of all orders, tasks and clients go on {by} \
                 higher"
            )?,
        }
        writeln!(
            f,
            "                  {} revoked tokens are known; one that no service remembers is valid \
             again",
            self.tokens.len()
        )
    }

    fn write_lost(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_lost_changes(f)?;
        if self.lost_leads > 0 {
            writeln!(
                f,
                "\nLOST WITH THE BACKUP of intake-service: {} leads, whose clients and orders are \
                 there",
                self.lost_leads
            )?;
        }
        for account in &self.accounts {
            writeln!(
                f,
                "\nACCOUNT {account} is known by webhooks or sources and not by entity-service: it \
                 was opened after the backup was made"
            )?;
        }
        for (service, people) in &self.erasures.forgotten {
            writeln!(
                f,
                "\nERASE AGAIN: {} people who were erased after the backup of {service} was made are \
                 in it. Who they are is forgotten everywhere else; ask those who had them erased. \
                 DELETE /api/v1/clients/ID and POST /api/v1/leads/erase do it.",
                people.len()
            )?;
            for person in people.iter().take(NAMED) {
                writeln!(
                    f,
                    "    of account {}, erased at {}",
                    person.account_id,
                    Timestamp(person.requested_at_us).to_rfc3339()
                )?;
            }
            write_rest(f, people.len())?;
        }
        Ok(())
    }

    fn write_lost_changes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = &self.lost;
        if let Some((first, last)) = lost.between_us {
            let all: u64 = lost.changes.values().sum();
            writeln!(
                f,
                "\nLOST WITH THE BACKUP of entity-service, and known to delivery workers: {all} \
                 changes from {} to {}",
                Timestamp(first).to_rfc3339(),
                Timestamp(last).to_rfc3339(),
            )?;
            for (kind, count) in &lost.changes {
                writeln!(f, "  {count} {kind}")?;
            }
            writeln!(
                f,
                "  What records were then is in the bodies of their deliveries: GET \
                 /api/v1/deliveries. Receivers are told nothing of this."
            )?;
        }
        write_records(f, "are older than receivers know them", &lost.older)?;
        write_records(f, "were deleted and are there again", &lost.returned)?;
        write_records(f, "are not there any more", &lost.missing)
    }
}

fn write_records(f: &mut fmt::Formatter<'_>, what: &str, records: &[KnownRecord]) -> fmt::Result {
    if records.is_empty() {
        return Ok(());
    }
    writeln!(f, "  {} records {what}:", records.len())?;
    for record in records.iter().take(NAMED) {
        writeln!(
            f,
            "    {} {} of account {}, known at revision {}",
            record.component, record.id, record.account_id, record.revision
        )?;
    }
    write_rest(f, records.len())
}

fn write_rest(f: &mut fmt::Formatter<'_>, count: usize) -> fmt::Result {
    match count.checked_sub(NAMED) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(f, "    and {more} more"),
    }
}
