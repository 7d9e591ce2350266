//! What the writers were promised: every change that was answered with 2xx.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Order,
    Task,
    Client,
    /// All tasks of the order with the record's id.
    TasksOfOrder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Action {
    Add,
    Edit,
    Delete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    pub(crate) id: u64,
}

/// One event as integrators can tell it from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) record: Record,
    /// 0 where the event has none: the tasks of an order.
    pub(crate) revision: u64,
    pub(crate) action: Action,
}

/// Whose request made a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Writer,
    Lead,
}

/// A change that was answered with 2xx.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) origin: Origin,
    pub(crate) key: Key,
    /// What the callbacks' bodies hold; none of a deletion.
    pub(crate) mark: Option<String>,
    /// When the answer had arrived.
    pub(crate) at: Instant,
}

/// All that the writers saw.
#[derive(Debug)]
pub(crate) struct Ledger {
    start: Instant,
    inner: Mutex<Seen>,
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Requests answered with 2xx.
    pub(crate) accepted: u64,
    /// Their events, in the order of the answers.
    pub(crate) changes: Vec<Change>,
    /// Requests sent again: no answer, or "not now".
    pub(crate) retries: u64,
    /// Requests without an answer: connection broken, or out of time.
    pub(crate) unanswered: u64,
    /// Of these, found to have been carried out when they were sent again.
    pub(crate) had_happened: u64,
    /// Answers that must not be, in words.
    pub(crate) wrong_answers: Vec<String>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            inner: Mutex::default(),
        }
    }
}

impl Ledger {
    /// How far into the run a moment is.
    pub(crate) fn age_of(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.start)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Seen> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request that was answered with 2xx, and its events.
    pub(crate) fn accept(&self, events: impl IntoIterator<Item = (Key, Option<String>)>) {
        let at = Instant::now();
        let mut seen = self.lock();
        seen.accepted += 1;
        let changes = events.into_iter().map(|(key, mark)| Change {
            origin: Origin::Writer,
            key,
            mark,
            at,
        });
        seen.changes.extend(changes);
    }

    /// Adds what leads made; known when they are converted.
    pub(crate) fn add(&self, changes: Vec<Change>) {
        let mut seen = self.lock();
        seen.changes.extend(changes);
        seen.changes.sort_by_key(|change| change.at);
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.lock().accepted
    }
}

impl Kind {
    /// The first path segment, and `component` in callbacks with an `s`.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Order | Self::TasksOfOrder => "orders",
            Self::Task => "tasks",
            Self::Client => "clients",
        }
    }

    pub(crate) fn component(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Task | Self::TasksOfOrder => "task",
            Self::Client => "client",
        }
    }
}

impl Action {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Edit => "edit",
            Self::Delete => "delete",
        }
    }
}

impl Key {
    /// The edit that gave the record this revision.
    pub(crate) fn as_edit(self) -> Self {
        let action = Action::Edit;
        Self { action, ..self }
    }

    /// The switch of a webhook that this event fires.
    pub(crate) fn event(&self) -> String {
        let Self { record, action, .. } = self;
        format!("{}.{}", record.kind.component(), action.as_str())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record { kind, id } = self.record;
        match kind {
            Kind::TasksOfOrder => write!(f, "task.delete of order {id}"),
            _ => write!(f, "{} {id} revision {}", self.event(), self.revision),
        }
    }
}
