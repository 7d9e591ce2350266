//! The outbox against what the delivery worker has taken in.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use database::DatabaseError;
use delivery_worker::audit::{Horizons, KnownEvent, list_known};
use events::EventId;
use outbox::audit::{Extent, OutboxEntry, list_entries, list_parked};
use outbox::queue::DELIVERY_EVENTS;
use outbox::recovery::{Skipped, list_skipped};
use tokio::time::Instant;

use super::{BATCH, PAUSE, Verification};

/// How many of a kind of damage are named.
pub(super) const NAMED: usize = 20;

/// What the outbox and the worker say of events up to a cutoff.
#[derive(Debug, Default)]
pub(crate) struct EventFindings {
    /// Events in the outbox.
    pub(crate) kept: u64,
    /// Those that the worker's queue wants.
    pub(crate) wanted: u64,
    /// Those that the worker has taken in.
    pub(crate) known: u64,
    /// Those that it had and deleted, since they were old.
    pub(crate) expired: u64,
    /// Those that it could not take in and keeps.
    pub(crate) parked: Damage<OutboxEntry>,
    /// Those that it neither has nor keeps, in order.
    pub(crate) missing: Vec<OutboxEntry>,
    /// Numbers that no event has.
    pub(crate) gaps: Damage<Gap>,
    /// Records whose revisions do not follow each other.
    pub(crate) breaks: Damage<Break>,
    /// Numbers that were left out on purpose, after a backup was restored.
    skipped: Vec<Skipped>,
}

/// Numbers that are missing: from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// An event whose revision is not the one that its record is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Break {
    pub(crate) entry: OutboxEntry,
    pub(crate) record_id: i64,
    pub(crate) expected: i64,
    pub(crate) revision: i64,
}

/// How often something was found, and the first ones of it.
#[derive(Debug)]
pub(crate) struct Damage<T> {
    pub(crate) count: u64,
    pub(crate) first: Vec<T>,
}

impl<T> Default for Damage<T> {
    fn default() -> Self {
        Self {
            count: 0,
            first: Vec::new(),
        }
    }
}

impl<T> Damage<T> {
    pub(super) fn add(&mut self, found: T) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(found);
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.count == 0
    }
}

impl EventFindings {
    /// Walks along the sequence up to the cutoff.
    pub(super) async fn read(of: &Verification, cutoff: &Extent) -> anyhow::Result<Self> {
        let topology = outbox::topology();
        let queue = topology
            .queues
            .iter()
            .find(|queue| queue.name == DELIVERY_EVENTS)
            .context("the topology has no queue of the delivery worker")?;
        let skipped = of.entity.read(list_skipped).await?;
        let mut findings = Self {
            skipped: joined(skipped),
            ..Self::default()
        };
        // What lies before the oldest was published and is no longer kept.
        let oldest = cutoff.oldest_seq.unwrap_or(cutoff.last_seq + 1);
        let mut histories = Histories::new(oldest == 1, &findings.skipped);
        let (mut after, through) = (oldest - 1, cutoff.last_seq);
        while after < through {
            let entries = of
                .entity
                .read(move |conn| list_entries(conn, after, through, BATCH))
                .await?;
            for entry in &entries {
                findings.step(after, entry.seq);
                after = entry.seq;
            }
            findings.kept += as_count(entries.len());
            let is_last = entries.is_empty();
            let wanted: Vec<OutboxEntry> = entries
                .into_iter()
                .filter(|entry| queue.wants(&entry.event_type))
                .collect();
            findings
                .compare(of, wanted, cutoff.published_through, &mut histories)
                .await?;
            if is_last {
                findings.step(after, through + 1);
                after = through;
            }
        }
        Ok(findings)
    }

    /// Waits until the worker has taken in what it missed, or until `deadline`.
    pub(super) async fn wait_for_missing(
        &mut self,
        of: &Verification,
        deadline: Instant,
    ) -> anyhow::Result<()> {
        while let Some(ids) = first_ids(&self.missing) {
            let (known, _) = list_known_ids(of, ids).await?;
            self.missing
                .retain(|entry| !known.contains_key(&entry.event_id));
            if !known.is_empty() {
                continue;
            }
            if Instant::now() >= deadline {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    fn step(&mut self, after: i64, seq: i64) {
        let gap = Gap {
            first: after + 1,
            last: seq - 1,
        };
        let is_meant = |skipped: &Skipped| skipped.first <= gap.first && gap.last <= skipped.last;
        if gap.first <= gap.last && !self.skipped.iter().any(is_meant) {
            self.gaps.add(gap);
        }
    }

    async fn compare(
        &mut self,
        of: &Verification,
        wanted: Vec<OutboxEntry>,
        published_through: i64,
        histories: &mut Histories,
    ) -> Result<(), DatabaseError> {
        self.wanted += as_count(wanted.len());
        let ids = wanted.iter().map(|entry| entry.event_id).collect();
        let (known, horizons) = list_known_ids(of, ids).await?;
        self.known += as_count(known.len());
        // What was not published cannot have been forgotten, however old it is.
        let forgotten = |entry: &OutboxEntry| {
            entry.seq <= published_through
                && !known.contains_key(&entry.event_id)
                && horizons.may_have_forgotten(entry.event_id)
        };
        let expired = wanted.iter().filter(|entry| forgotten(entry)).count();
        self.expired += as_count(expired);
        // They are the first ones, if there are any.
        histories.are_whole &= self.expired == 0;
        for entry in &wanted {
            if let Some(event) = known.get(&entry.event_id)
                && let Some(found) = histories.follow(entry, event)
            {
                self.breaks.add(found);
            }
        }
        let missing: Vec<OutboxEntry> = wanted
            .into_iter()
            .filter(|entry| !known.contains_key(&entry.event_id) && !forgotten(entry))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = missing
            .iter()
            .map(|entry| entry.event_id.to_string())
            .collect();
        let parked: HashSet<String> = of
            .delivery
            .read(move |conn| list_parked(conn, DELIVERY_EVENTS, &ids))
            .await?;
        for entry in missing {
            match parked.contains(&entry.event_id.to_string()) {
                true => self.parked.add(entry),
                false => self.missing.push(entry),
            }
        }
        Ok(())
    }
}

fn first_ids(entries: &[OutboxEntry]) -> Option<Vec<EventId>> {
    let limit = usize::try_from(BATCH).unwrap_or(usize::MAX);
    let ids: Vec<EventId> = entries
        .iter()
        .take(limit)
        .map(|entry| entry.event_id)
        .collect();
    (!ids.is_empty()).then_some(ids)
}

/// Those of the events that the worker has, and which others it may have deleted.
async fn list_known_ids(
    of: &Verification,
    ids: Vec<EventId>,
) -> Result<(HashMap<EventId, KnownEvent>, Horizons), DatabaseError> {
    let (known, horizons) = of
        .delivery
        .read(move |conn| {
            let known = match ids.is_empty() {
                true => Vec::new(),
                false => list_known(conn, &ids)?,
            };
            Ok::<_, DatabaseError>((known, Horizons::read(conn)?))
        })
        .await?;
    let known = known.into_iter().map(|event| (event.event_id, event));
    Ok((known.collect(), horizons))
}

/// Skipped numbers in as few ranges as there can be.
fn joined(skipped: Vec<Skipped>) -> Vec<Skipped> {
    let mut joined: Vec<Skipped> = Vec::new();
    for next in skipped {
        match joined.last_mut() {
            Some(last) if last.last + 1 == next.first => last.last = next.last,
            _ => joined.push(next),
        }
    }
    joined
}

/// The last revision of each record that is not deleted.
#[derive(Debug)]
struct Histories {
    /// Whether the events go back to the first one.
    are_whole: bool,
    /// Where numbers were left out. A record's revisions go on beyond what others know there,
    /// and records end whose history went with what was set back.
    restored_at: Vec<i64>,
    /// With the number of the event that made it.
    revisions: HashMap<(i64, String, i64), (i64, i64)>,
}

impl Histories {
    fn new(are_whole: bool, skipped: &[Skipped]) -> Self {
        Self {
            are_whole,
            restored_at: skipped.iter().map(|skipped| skipped.first).collect(),
            revisions: HashMap::new(),
        }
    }

    /// Goes on with the next event; answers if its revision is not the next one.
    fn follow(&mut self, entry: &OutboxEntry, event: &KnownEvent) -> Option<Break> {
        let (record_id, revision) = (event.record_id?, event.revision?);
        let key = (event.account_id, event.component.clone(), record_id);
        let is_end = entry.event_type.ends_with(".delete");
        let last = match is_end {
            true => self.revisions.remove(&key),
            false => self.revisions.insert(key, (revision, entry.seq)),
        };
        let (expected, is_right) = match last {
            Some((last, seq)) => {
                let jumps = self.was_restored_between(seq, entry.seq);
                (last + 1, revision == last + 1 || jumps && revision > last)
            }
            None if is_end && self.was_restored_between(0, entry.seq) => return None,
            None if self.are_whole => (1, revision == 1),
            None => return None,
        };
        (!is_right).then(|| Break {
            entry: entry.clone(),
            record_id,
            expected,
            revision,
        })
    }

    fn was_restored_between(&self, seq: i64, next: i64) -> bool {
        self.restored_at.iter().any(|at| (seq..next).contains(at))
    }
}

fn as_count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
