//! What was found, as an operator reads it.

mod hours;
mod json;

use std::fmt;
use std::time::Duration;

use delivery_worker::audit::state_names;
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

    fn write_outbox(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.cutoff.last_seq;
        let oldest = self.cutoff.oldest_seq.unwrap_or(last);
        writeln!(
            f,
            "outbox      {} events, {oldest} to {last}; published through {}",
            self.events.kept, self.published_through
        )?;
        if self.unnumbered > 0 {
            writeln!(
                f,
                "            {} more are safe in the outbox and wait for the relay",
                self.unnumbered
            )?;
        }
        Ok(())
    }

    fn write_worker(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = &self.events;
        writeln!(
            f,
            "worker      wants {}: {} known, {} parked, {} in the queue, {} waiting to be \
             published, {} lost",
            events.wanted,
            events.known,
            events.parked.count,
            self.in_queue().len(),
            self.waiting().len(),
            self.unaccounted().len(),
        )?;
        if events.expired > 0 {
            writeln!(
                f,
                "            {} more were old and are deleted there",
                events.expired
            )?;
        }
        if self.deliveries.given_up > 0 {
            writeln!(
                f,
                "            {} more went with a backup of the entity service that was restored",
                self.deliveries.given_up
            )?;
        }
        if !events.parked.is_none() {
            writeln!(
                f,
                "            `dealwire parked list` says why events are parked:"
            )?;
            let (first, all) = (&events.parked.first, count(events.parked.count));
            write_some(f, first, all, write_entry)?;
        }
        Ok(())
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

    fn write_deliveries(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.deliveries;
        let states: Vec<String> = state_names()
            .map(|state| {
                let count = found.by_state.get(state).copied().unwrap_or(0);
                match state {
                    "pending" => format!("{count} pending ({} held)", found.held),
                    _ => format!("{count} {state}"),
                }
            })
            .collect();
        writeln!(
            f,
            "deliveries  {} matched, {} rows: {}",
            found.matched,
            found.rows,
            states.join(", ")
        )?;
        if found.expired > 0 {
            writeln!(
                f,
                "            {} more were old and are deleted",
                found.expired
            )?;
        }
        match found.oldest_due_age_us {
            Some(age_us @ 0..) => writeln!(
                f,
                "            the oldest one is due since {} s",
                age_us / 1_000_000
            )?,
            Some(age_us) => writeln!(
                f,
                "            the next one is due in {} s",
                -age_us / 1_000_000
            )?,
            None => {}
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = found.repeated as f64 * 100.0 / found.rows.max(1) as f64;
        writeln!(
            f,
            "repeats     {} deliveries were answered with 2xx more than once ({rate:.2} %)",
            found.repeated
        )?;
        self.write_replays(f)
    }

    fn write_replays(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = &self.deliveries.replays;
        if all.is_empty() {
            return Ok(());
        }
        let states: Vec<String> = state_names()
            .filter_map(|state| Some(format!("{} {state}", all.get(state)?)))
            .collect();
        let count: i64 = all.values().sum();
        writeln!(f, "replays     {count} besides: {}", states.join(", "))
    }

    /// How many rows were read.
    fn rows_read(&self) -> u64 {
        let found = &self.deliveries;
        let deliveries = found.rows + found.replays.values().sum::<i64>();
        self.events.kept + self.events.known + found.events + u64::try_from(deliveries).unwrap_or(0)
    }

    fn write_lost(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = self.unaccounted();
        let Some(first) = lost.first() else {
            return Ok(());
        };
        if self.queue == Queue::Unknown {
            writeln!(
                f,
                "\n{} events were published and are not with the delivery worker. The broker did not \
                 answer, so they may be in its queue:",
                lost.len()
            )?;
        } else {
            writeln!(
                f,
                "\nLOST: {} events were published and are unknown to the delivery worker:",
                lost.len()
            )?;
        }
        write_some(f, lost, lost.len(), write_entry)?;
        writeln!(
            f,
            "  `dealwire relay rewind --to {}` publishes them once more.",
            first.seq - 1
        )
    }

    fn write_outbox_damage(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (gaps, breaks) = (&self.events.gaps, &self.events.breaks);
        if !gaps.is_none() {
            writeln!(f, "\nGAPS: the outbox has no events with these numbers:")?;
            write_some(f, &gaps.first, count(gaps.count), |f, gap| {
                writeln!(f, "  {} to {}", gap.first, gap.last)
            })?;
            writeln!(
                f,
                "  Rows were removed from the entity service's database; restore it from a backup."
            )?;
        }
        if !breaks.is_none() {
            writeln!(f, "\nHISTORY: revisions do not follow each other:")?;
            write_some(f, &breaks.first, count(breaks.count), |f, found| {
                writeln!(
                    f,
                    "  seq {} {} of record {}: revision {}, expected {}",
                    found.entry.seq,
                    found.entry.event_type,
                    found.record_id,
                    found.revision,
                    found.expected
                )
            })?;
            let advice = if self.events.missing.is_empty() && self.events.parked.is_none() {
                "  Changes are missing in the outbox or stand in a wrong order."
            } else {
                "  Events that are lost, parked or on their way (above) may be what is missing."
            };
            writeln!(f, "{advice}")?;
        }
        Ok(())
    }

    fn write_delivery_damage(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.deliveries;
        if !found.miscounted.is_none() {
            writeln!(
                f,
                "\nDELIVERIES: events have not as many deliveries as webhooks matched:"
            )?;
            let (first, all) = (&found.miscounted.first, count(found.miscounted.count));
            write_some(f, first, all, |f, event| {
                write_numbered(f, event.seq, event.event_id)?;
                writeln!(f, ": {} matched, {} rows", event.matched, event.rows)
            })?;
        }
        if !found.orphans.is_none() {
            writeln!(
                f,
                "\nDELIVERIES: there are deliveries of events that the worker does not have:"
            )?;
            let (first, all) = (&found.orphans.first, count(found.orphans.count));
            write_some(f, first, all, |f, id| writeln!(f, "  {id}"))?;
        }
        if !found.miscounted.is_none() || !found.orphans.is_none() {
            writeln!(
                f,
                "  Rows were removed from the delivery database; restore it from a backup, then \
                 `dealwire relay rewind`."
            )?;
        }
        if !found.strangers.is_none() {
            writeln!(
                f,
                "\nSTRANGERS: the worker knows events that the outbox does not have under their \
                 number:"
            )?;
            let (first, all) = (&found.strangers.first, count(found.strangers.count));
            write_some(f, first, all, |f, event| {
                write_numbered(f, event.seq, event.event_id)?;
                writeln!(f)
            })?;
            writeln!(
                f,
                "  That is so after the entity service's database was set back to a backup: \
                 receivers were told of changes that it no longer has. `dealwire recover` brings \
                 the services in line."
            )?;
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

fn write_numbered(
    f: &mut fmt::Formatter<'_>,
    seq: Option<i64>,
    id: impl fmt::Display,
) -> fmt::Result {
    match seq {
        Some(seq) => write!(f, "  seq {seq} {id}"),
        None => write!(f, "  {id}"),
    }
}

fn count(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
