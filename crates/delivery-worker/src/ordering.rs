//! When a change of a record may go to a webhook that wants its changes in
//! order, or only the latest of them (DESIGN 8).
//!
//! Pure rules: what is known of the record comes in, what becomes of its
//! deliveries comes out. Times are microseconds by the database's clock.

mod latest;
mod revisions;
mod turn;

pub(crate) use latest::{Settled, Waiting, settle};
pub(crate) use revisions::SeenRevisions;
pub(crate) use turn::{Patience, RecordNow, Turn, Waiter, turn};

/// What a webhook wants of the changes of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Keeping {
    /// All of them, strictly by revision (`ordered`).
    InOrder,
    /// The latest of those that wait (`latest_only`).
    Latest,
}

/// When a delivery is due that waits for another one: never by itself. What it
/// waits for makes it due.
pub(crate) const WHEN_FREED_US: i64 = 1 << 62;

/// What a pending delivery waits for besides its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeldFor {
    /// Another delivery of its record, which is before it or under way.
    Record,
    /// A revision that has not arrived.
    Gap,
}

impl HeldFor {
    /// The name in the database and in the API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Gap => "gap",
        }
    }
}

#[cfg(test)]
mod tests;
