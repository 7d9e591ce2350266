//! Leads on their way to clients and orders and back: what the intake service
//! asks for against what the entity service has taken in, its answers against what
//! has arrived, and the leads that wait although both add up.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use anyhow::Context as _;
use database::{Database, DatabaseError};
use events::EventId;
use intake_service::audit::{count_by_state, list_converting, state_names, still_converting};
use outbox::audit::{
    self, OutboxEntry, count_unnumbered, list_entries, list_parked, list_taken_in,
};
use outbox::queue::{ENTITY_LEADS, INTAKE_CONVERSIONS};
use tokio::time::Instant;

use super::report::{write_entry, write_some};
use super::{BATCH, PAUSE, Queue, Verification};

/// What was found of leads.
#[derive(Debug)]
pub(crate) struct LeadFindings {
    /// Leads in each state.
    pub(crate) by_state: BTreeMap<String, i64>,
    /// From the intake service to the entity service.
    pub(crate) requests: Way,
    /// And back.
    pub(crate) answers: Way,
    /// Leads that wait for an answer, although none is on its way.
    pub(crate) stuck: Vec<i64>,
}

/// Messages of one queue, from the outbox to who takes them in.
#[derive(Debug)]
pub(crate) struct Way {
    /// The queue between.
    name: &'static str,
    /// Whose outbox `relay rewind` takes.
    publisher: &'static str,
    /// Whether the outbox holds events that the relay has not numbered, of whatever kind.
    unnumbered: bool,
    /// How many the outbox keeps.
    pub(crate) wanted: usize,
    /// How many of them the other service has.
    pub(crate) taken_in: usize,
    /// How many it could not take in and keeps.
    pub(crate) parked: usize,
    /// Published, and still in the queue.
    pub(crate) in_queue: Vec<OutboxEntry>,
    /// Not published yet; the outbox has them.
    pub(crate) waiting: Vec<OutboxEntry>,
    /// Published, and nowhere.
    pub(crate) lost: Vec<OutboxEntry>,
}

impl LeadFindings {
    /// Compares; waits until `deadline` for what is on its way.
    pub(super) async fn read(
        of: &Verification,
        intake: &Database,
        deadline: Instant,
    ) -> anyhow::Result<Self> {
        let converting = intake.read(|conn| list_converting(conn, BATCH)).await?;
        let requests = Way::read(
            of,
            (ENTITY_LEADS, "intake-service"),
            [intake, &of.entity],
            deadline,
        )
        .await?;
        let answers = Way::read(
            of,
            (INTAKE_CONVERSIONS, "entity-service"),
            [&of.entity, intake],
            deadline,
        )
        .await?;
        let mut stuck = Vec::new();
        if requests.is_done() && answers.is_done() {
            stuck = intake
                .read(move |conn| still_converting(conn, &converting))
                .await?;
        }
        let by_state = intake.read(count_by_state).await?;
        Ok(Self {
            by_state: by_state.into_iter().collect(),
            requests,
            answers,
            stuck,
        })
    }

    /// Whether nothing is lost.
    pub(super) fn is_sound(&self) -> bool {
        self.requests.lost.is_empty() && self.answers.lost.is_empty() && self.stuck.is_empty()
    }
}

impl Way {
    async fn read(
        of: &Verification,
        (name, publisher): (&'static str, &'static str),
        [from, to]: [&Database; 2],
        deadline: Instant,
    ) -> anyhow::Result<Self> {
        let unnumbered = until_numbered(from, deadline).await?;
        let entries = wanted(from, name).await?;
        let mut way = Self {
            name,
            publisher,
            unnumbered,
            wanted: entries.len(),
            taken_in: 0,
            parked: 0,
            in_queue: Vec::new(),
            waiting: Vec::new(),
            lost: Vec::new(),
        };
        let mut missing = entries;
        loop {
            missing = way.take_off_arrived(missing, to).await?;
            if missing.is_empty() || Instant::now() >= deadline {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let published_through = from.read(audit::extent).await?.published_through;
        let (published, waiting): (Vec<_>, Vec<_>) = missing
            .into_iter()
            .partition(|entry| entry.seq <= published_through);
        way.waiting = waiting;
        let queue = match published.is_empty() {
            true => Queue::Empty,
            false => of.queue(name).await,
        };
        match queue {
            Queue::Holds(1..) => way.in_queue = published,
            _ => way.lost = published,
        }
        Ok(way)
    }

    /// Counts those that `to` has or keeps; answers the others.
    async fn take_off_arrived(
        &mut self,
        missing: Vec<OutboxEntry>,
        to: &Database,
    ) -> Result<Vec<OutboxEntry>, DatabaseError> {
        let mut left = Vec::new();
        let batch = usize::try_from(BATCH).unwrap_or(usize::MAX);
        for entries in missing.chunks(batch) {
            let ids: Vec<EventId> = entries.iter().map(|entry| entry.event_id).collect();
            let names: Vec<String> = ids.iter().map(EventId::to_string).collect();
            let queue = self.name;
            let (taken_in, parked): (HashSet<EventId>, HashSet<String>) = to
                .read(move |conn| {
                    let parked = list_parked(conn, queue, &names)?;
                    Ok::<_, DatabaseError>((list_taken_in(conn, &ids)?, parked))
                })
                .await?;
            for entry in entries {
                if taken_in.contains(&entry.event_id) {
                    self.taken_in += 1;
                } else if parked.contains(&entry.event_id.to_string()) {
                    self.parked += 1;
                } else {
                    left.push(entry.clone());
                }
            }
        }
        Ok(left)
    }

    /// Whether all that was asked for has arrived where it can be acted on.
    fn is_done(&self) -> bool {
        self.taken_in == self.wanted && !self.unnumbered
    }

    fn write_lost(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.lost.first() else {
            return Ok(());
        };
        writeln!(
            f,
            "\nLOST: {} messages of the queue {} were published and have not arrived:",
            self.lost.len(),
            self.name
        )?;
        write_some(f, &self.lost, self.lost.len(), write_entry)?;
        writeln!(
            f,
            "  `dealwire relay rewind --service {} --to {}` publishes them once more.",
            self.publisher,
            first.seq - 1
        )
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} arrived, {} parked, {} in the queue, {} waiting to be published, {} lost",
            self.wanted,
            self.taken_in,
            self.parked,
            self.in_queue.len(),
            self.waiting.len(),
            self.lost.len()
        )
    }
}

impl fmt::Display for LeadFindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states = state_names().map(|state| {
            let count = self.by_state.get(state).copied().unwrap_or(0);
            format!("{count} {state}")
        });
        let all: i64 = self.by_state.values().sum();
        let states: Vec<String> = states.collect();
        writeln!(f, "leads       {all}: {}", states.join(", "))?;
        writeln!(f, "            to become orders {}", self.requests)?;
        writeln!(f, "            became orders {}", self.answers)?;
        self.requests.write_lost(f)?;
        self.answers.write_lost(f)?;
        if !self.stuck.is_empty() {
            writeln!(
                f,
                "\nSTUCK: {} leads wait to become orders, and nothing is on its way:",
                self.stuck.len()
            )?;
            write_some(f, &self.stuck, self.stuck.len(), |f, id| {
                writeln!(f, "  lead {id}")
            })?;
            writeln!(
                f,
                "  `POST /api/v1/leads/ID/convert` asks for each once more."
            )?;
        }
        Ok(())
    }
}

/// Waits until what is committed now has its number; answers whether some has none at the deadline.
async fn until_numbered(from: &Database, deadline: Instant) -> Result<bool, DatabaseError> {
    let Some(position) = from.read(audit::extent).await?.unnumbered_to else {
        return Ok(false);
    };
    loop {
        let left = from
            .read(move |conn| count_unnumbered(conn, position))
            .await?;
        if left == 0 || Instant::now() >= deadline {
            return Ok(left > 0);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What the outbox of `from` keeps for a queue.
async fn wanted(from: &Database, name: &str) -> anyhow::Result<Vec<OutboxEntry>> {
    let topology = outbox::topology();
    let mut queues = topology.queues.iter();
    let queue = queues
        .find(|queue| queue.name == name)
        .with_context(|| format!("the topology has no queue {name}"))?;
    let extent = from.read(audit::extent).await?;
    let mut after = extent
        .oldest_seq
        .map_or(extent.last_seq, |oldest| oldest - 1);
    let mut wanted = Vec::new();
    while after < extent.last_seq {
        let through = extent.last_seq;
        let entries = from
            .read(move |conn| list_entries(conn, after, through, BATCH))
            .await?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        let of_queue = |entry: &OutboxEntry| queue.wants(&entry.event_type);
        wanted.extend(entries.into_iter().filter(of_queue));
    }
    Ok(wanted)
}
