//! What was found, as an operator reads it.

mod counts;
mod damage;
mod hours;
mod json;

use std::fmt;
use std::time::Duration;

use outbox::audit::{Extent, OutboxEntry};

use super::Queue;
use super::deliveries::DeliveryFindings;
use super::events::{EventFindings, NAMED};
use super::leads::LeadFindings;

/// The outcome of a verification; its text is for people.
#[derive(Debug)]
pub(crate) struct Report {
    /// Up to where events were compared.
    pub(crate) cutoff: Extent,
    /// Committed events that the relay has not numbered; they are safe in the outbox.
    pub(crate) unnumbered: i64,
    /// How far everything is published, once the waiting was over.
    pub(crate) published_through: i64,
    /// What the worker's queue holds.
    pub(crate) queue: Queue,
    /// Leads on their way, where there is an intake service.
    pub(crate) leads: Option<LeadFindings>,
    /// The outbox against the worker.
    pub(crate) events: EventFindings,
    /// The worker's events against their deliveries.
    pub(crate) deliveries: DeliveryFindings,
    /// How long it took, waiting included.
    pub(crate) took: Duration,
}

impl Report {
    /// Whether nothing is lost and everything adds up.
    pub(crate) fn is_sound(&self) -> bool {
        self.leads.as_ref().is_none_or(LeadFindings::is_sound)
            && self.unaccounted().is_empty()
            && self.events.gaps.is_none()
            && self.events.breaks.is_none()
            && self.deliveries.miscounted.is_none()
            && self.deliveries.orphans.is_none()
            && self.deliveries.strangers.is_none()
    }

    /// The first event of the entity service and of the intake service that was published and that
    /// somebody does not have.
    pub(crate) fn first_lost(&self) -> (Option<i64>, Option<i64>) {
        let first = |entries: &[OutboxEntry]| entries.iter().map(|entry| entry.seq).min();
        let (requests, answers) = match &self.leads {
            Some(leads) => (first(&leads.requests.lost), first(&leads.answers.lost)),
            None => (None, None),
        };
        let changes = first(self.unaccounted());
        (changes.into_iter().chain(answers).min(), requests)
    }

    /// Events that are not in the worker's hands and that the outbox will publish yet.
    pub(crate) fn waiting(&self) -> &[OutboxEntry] {
        self.missing().1
    }

    /// Published events that nobody has: lost, unless the queue could not be asked.
    pub(crate) fn unaccounted(&self) -> &[OutboxEntry] {
        match self.queue {
            Queue::Holds(1..) => &[],
            _ => self.missing().0,
        }
    }

    /// Published events that are still in the worker's queue.
    pub(crate) fn in_queue(&self) -> &[OutboxEntry] {
        match self.queue {
            Queue::Holds(1..) => self.missing().0,
            _ => &[],
        }
    }

    /// What the worker does not have: the published ones, and those to come.
    fn missing(&self) -> (&[OutboxEntry], &[OutboxEntry]) {
        let missing = &self.events.missing;
        missing.split_at(missing.partition_point(|entry| entry.seq <= self.published_through))
    }

    /// What is on its way and where; the databases have all of it.
    fn write_in_transit(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (where_to, entries) in [
            ("in the worker's queue", self.in_queue()),
            ("to be published", self.waiting()),
        ] {
            if !entries.is_empty() {
                writeln!(f, "\nIN TRANSIT: {} events are {where_to}:", entries.len())?;
                write_some(f, entries, entries.len(), write_entry)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(leads) = &self.leads {
            write!(f, "{leads}")?;
        }
        self.write_outbox(f)?;
        self.write_worker(f)?;
        self.write_deliveries(f)?;
        writeln!(
            f,
            "read        {} rows in {:.1} s",
            self.rows_read(),
            self.took.as_secs_f64()
        )?;
        hours::write(f, &self.deliveries.hours)?;
        self.write_in_transit(f)?;
        self.write_lost(f)?;
        self.write_outbox_damage(f)?;
        self.write_delivery_damage(f)?;
        if self.is_sound() {
            write!(f, "\nNothing is lost.")?;
        }
        Ok(())
    }
}

/// Some of a kind with `write` each, and how many more there are.
pub(super) fn write_some<T>(
    f: &mut fmt::Formatter<'_>,
    first: &[T],
    all: usize,
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    let named = &first[..first.len().min(NAMED)];
    for one in named {
        write(f, one)?;
    }
    match all - named.len() {
        0 => Ok(()),
        more => writeln!(f, "  … and {more} more"),
    }
}

pub(super) fn write_entry(f: &mut fmt::Formatter<'_>, entry: &OutboxEntry) -> fmt::Result {
    writeln!(
        f,
        "  seq {} {} {}",
        entry.seq, entry.event_type, entry.event_id
    )
}

fn count(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
