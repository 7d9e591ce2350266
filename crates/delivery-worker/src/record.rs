//! Recording outcomes: many in one commit when busy, at once when idle.

mod outcome;
mod recorder;

pub(crate) use outcome::{AttemptLog, Outcome, OutcomeKind};
pub(crate) use recorder::record_until_closed;
