//! The lines of the text that say how many there are of everything.

use std::fmt;

use delivery_worker::audit::state_names;

use super::{Report, count, write_entry, write_some};

impl Report {
    pub(super) fn write_outbox(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

    pub(super) fn write_worker(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

    pub(super) fn write_deliveries(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    pub(super) fn rows_read(&self) -> u64 {
        let found = &self.deliveries;
        let deliveries = found.rows + found.replays.values().sum::<i64>();
        self.events.kept + self.events.known + found.events + u64::try_from(deliveries).unwrap_or(0)
    }
}
