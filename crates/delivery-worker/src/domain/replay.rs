//! Jobs that send again what was sent before, or what never was.

mod selection;

use std::fmt;

use super::webhook::WebhookId;
pub(crate) use selection::{ReplaySelection, ReplayedState, RetrySelection, Selection};

/// The most jobs of one account that are not over.
pub(crate) const MAX_OPEN_REPLAYS: i64 = 20;
/// Deliveries that a job may queue within a second, for each webhook.
pub(crate) const REPLAY_RATE_PER_SECOND: std::ops::RangeInclusive<i64> = 1..=1_000;

/// A job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ReplayId(pub(crate) i64);

impl fmt::Display for ReplayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The part of a job that is about one webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ReplayLane {
    /// The job.
    pub(crate) replay: ReplayId,
    /// The webhook.
    pub(crate) webhook: WebhookId,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ReplayState {
    /// It looks for what to send and queues it.
    Running,
    /// All is queued; not all of it is over.
    Finishing,
    /// All of it is over.
    Done,
    /// It was cancelled; what it has queued is being taken back.
    Cancelling,
    /// It was cancelled, and nothing of it is left to be sent.
    Cancelled,
}

impl ReplayState {
    /// All of them by the name in the database and on the wire.
    pub(crate) const NAMES: [(&str, Self); 5] = [
        ("running", Self::Running),
        ("finishing", Self::Finishing),
        ("done", Self::Done),
        ("cancelling", Self::Cancelling),
        ("cancelled", Self::Cancelled),
    ];

    /// That name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finishing => "finishing",
            Self::Done => "done",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }

    /// From that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::NAMES
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, state)| state)
    }
}

/// Why a job was cancelled that nobody cancelled: its webhook was deleted.
pub(crate) const WEBHOOK_DELETED: &str = "webhook_deleted";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_names_survive() {
        for (name, state) in ReplayState::NAMES {
            assert_eq!(
                (state.as_str(), ReplayState::parse(name)),
                (name, Some(state))
            );
        }
        assert_eq!(ReplayState::parse("paused"), None);
    }
}
