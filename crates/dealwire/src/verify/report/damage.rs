//! The parts of the text that are only there if something is wrong, each with what to do.

use std::fmt;

use super::{Report, count, write_entry, write_some};
use crate::verify::Queue;

impl Report {
    pub(super) fn write_lost(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

    pub(super) fn write_outbox_damage(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

    pub(super) fn write_delivery_damage(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
