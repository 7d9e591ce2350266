//! The worker's events against their deliveries, and against the outbox.

use std::collections::{BTreeMap, HashMap};

use database::DatabaseError;
use delivery_worker::audit::{
    EventKey, HourCounts, HourKey, TalliedEvent, list_held_webhooks, tally,
};
use events::EventId;
use outbox::audit::{Extent, list_ids_by_seq};
use outbox::recovery::{Skipped, list_skipped};

use super::events::Damage;
use super::{BATCH, Verification};

/// What the worker made of its events.
#[derive(Debug, Default)]
pub(crate) struct DeliveryFindings {
    /// Deliveries that events were given.
    pub(crate) matched: i64,
    /// Deliveries that there are.
    pub(crate) rows: i64,
    /// Those that are gone because they were old.
    pub(crate) expired: i64,
    /// By state.
    pub(crate) by_state: HashMap<String, i64>,
    /// Those that replays made, by state; in none of the other numbers.
    pub(crate) replays: HashMap<String, i64>,
    /// By hour and webhook; of those in which nothing waits or is missing only if all were asked for.
    pub(crate) hours: BTreeMap<HourKey, HourCounts>,
    /// How many events were read.
    pub(crate) events: u64,
    /// Pending ones of webhooks that are paused or disabled.
    pub(crate) held: i64,
    /// How long ago the oldest pending one was due, microseconds; below 0: not due yet.
    pub(crate) oldest_due_age_us: Option<i64>,
    /// Those that were answered with 2xx more than once.
    pub(crate) repeated: i64,
    /// Events that have more or fewer deliveries than they were given.
    pub(crate) miscounted: Damage<TalliedEvent>,
    /// Deliveries' events that are not there.
    pub(crate) orphans: Damage<EventId>,
    /// Events that are in no outbox under their number.
    pub(crate) strangers: Damage<TalliedEvent>,
    /// Events that went with a backup of the entity service, as `dealwire recover` said.
    pub(crate) given_up: u64,
}

impl DeliveryFindings {
    /// Walks along the worker's events.
    pub(super) async fn read(
        of: &Verification,
        cutoff: &Extent,
        all_hours: bool,
    ) -> Result<Self, DatabaseError> {
        let mut findings = Self::default();
        let skipped = of.entity.read(list_skipped).await?;
        let mut oldest_due_at_us: Option<i64> = None;
        let mut from = Some(EventKey::first());
        while let Some(key) = from {
            let part = of
                .delivery
                .read(move |conn| {
                    let held = list_held_webhooks(conn)?;
                    tally(conn, &key, &held, BATCH)
                })
                .await?;
            from = part.next;
            for (state, count) in part.deliveries.by_state {
                findings.rows += count;
                *findings.by_state.entry(state).or_default() += count;
            }
            for (state, count) in part.deliveries.replays_by_state {
                *findings.replays.entry(state).or_default() += count;
            }
            for (hour, counts) in part.deliveries.hours {
                findings.hours.entry(hour).or_default().add(&counts);
            }
            if let Some(next) = &from
                && !all_hours
            {
                // Nothing is added any more to hours that are over.
                let reached = next.hour();
                findings
                    .hours
                    .retain(|key, counts| key.hour >= reached || counts.is_remarkable());
            }
            findings.held += part.deliveries.held;
            findings.repeated += part.deliveries.repeated;
            oldest_due_at_us = [oldest_due_at_us, part.deliveries.oldest_due_at_us]
                .into_iter()
                .flatten()
                .min();
            for id in part.orphans {
                findings.orphans.add(id);
            }
            for event in &part.events {
                findings.matched += event.matched;
                findings.events += 1;
                findings.expired += event.expired;
                if event.matched != event.rows + event.expired {
                    findings.miscounted.add(event.clone());
                }
            }
            findings.compare(of, cutoff, &skipped, part.events).await?;
        }
        if !all_hours {
            findings.hours.retain(|_, counts| counts.is_remarkable());
        }
        if let Some(due_at_us) = oldest_due_at_us {
            let now_us = of.delivery.read(|conn| conn.now_us()).await?;
            findings.oldest_due_age_us = Some(now_us - due_at_us);
        }
        Ok(findings)
    }

    /// Looks for events in the outbox by their number. What it no longer keeps, what came after
    /// the cutoff, and what was given up with a backup (`dealwire recover`) is not looked for.
    async fn compare(
        &mut self,
        of: &Verification,
        cutoff: &Extent,
        skipped: &[Skipped],
        events: Vec<TalliedEvent>,
    ) -> Result<(), DatabaseError> {
        let Some(oldest_seq) = cutoff.oldest_seq else {
            return Ok(());
        };
        let compared = oldest_seq..=cutoff.last_seq;
        let seqs: Vec<i64> = events
            .iter()
            .filter_map(|event| event.seq)
            .filter(|seq| compared.contains(seq))
            .collect();
        if seqs.is_empty() {
            return Ok(());
        }
        let ids = of
            .entity
            .read(move |conn| list_ids_by_seq(conn, &seqs))
            .await?;
        for event in events {
            if let Some(seq) = event.seq
                && compared.contains(&seq)
                && ids.get(&seq) != Some(&event.event_id)
            {
                match skipped.iter().any(|it| (it.first..=it.last).contains(&seq)) {
                    true => self.given_up += 1,
                    false => self.strangers.add(event),
                }
            }
        }
        Ok(())
    }
}
