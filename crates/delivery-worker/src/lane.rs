//! Which delivery is sent next: the decisions, without clocks, tasks or tables.
//!
//! A webhook is a lane. A lane has so many slots, and never two deliveries of
//! one record in them; a lane that is slow or down takes nothing from the
//! others. What a lane has claimed and cannot start yet waits in its queue,
//! which is kept as short as the receiver is slow. Accounts take turns.
//!
//! Times are microseconds by the database's clock, given in by the caller; but
//! what spaces requests out goes by a clock that never jumps (`clock_us`).

mod asking;
mod breaker;
mod gates;
mod lanes;
mod pace;
mod queue;
mod rotation;
mod share;
mod single;
mod starting;
mod unrecorded;

pub(crate) use breaker::Breaker;
pub(crate) use gates::Gate;
pub(crate) use lanes::Lanes;
pub(crate) use share::Crew;

use crate::domain::webhook::WebhookId;

/// A record of one webhook's account; two deliveries of it are never under way
/// at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RecordKey {
    /// Which kind of record.
    pub(crate) component: Component,
    /// Its id.
    pub(crate) id: i64,
}

/// The three kinds of record that fire webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Component {
    /// An order.
    Order,
    /// A task.
    Task,
    /// A client.
    Client,
}

impl Component {
    /// The wire name (S0).
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Task => "task",
            Self::Client => "client",
        }
    }

    /// From the wire name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Order, Self::Task, Self::Client]
            .into_iter()
            .find(|component| component.as_str() == name)
    }
}

/// The bounds of one worker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaneLimits {
    /// Requests under way at once, over all lanes.
    pub(crate) max_in_flight: usize,
    /// How many of those are for quick receivers alone.
    pub(crate) kept_for_quick: usize,
    /// Claimed deliveries that wait in memory, over all lanes.
    pub(crate) max_queued: usize,
    /// Outcomes that are not recorded yet; beyond that nothing starts.
    pub(crate) max_unrecorded: usize,
    /// What bounds those of each lane.
    pub(crate) open: OpenLimits,
}

/// How much of one lane may be under way or not on record, which is what a crash
/// repeats.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenLimits {
    /// Always allowed, as is twice the lane's slots.
    pub(crate) least: usize,
    /// How long an outcome waits for its commit where all is well, microseconds. As
    /// long as none of the lane has waited for longer, four times as much is allowed.
    pub(crate) usual_wait_us: i64,
}

/// Why nothing may start at the moment. Several can hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Outcomes cannot be recorded.
    Recording,
    /// The worker's lease is not certain.
    Lease,
    /// Claims may exist that nobody here knows of.
    Doubt,
    /// Other workers may not have made room yet.
    Joining,
    /// The worker ends.
    Shutdown,
}

/// What a webhook's settings say of its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LaneTerms {
    /// How many requests may be under way at once, over all workers.
    pub(crate) max_concurrency: usize,
    /// How many may begin within a second, over all workers.
    pub(crate) rate_per_second: Option<u32>,
    /// Whether one worker at a time has all the slots.
    pub(crate) is_exclusive: bool,
}

/// A lane that has work and room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ask {
    /// The lane.
    pub(crate) webhook: WebhookId,
    /// How many deliveries it takes at most.
    pub(crate) limit: usize,
}

#[cfg(test)]
mod tests;
