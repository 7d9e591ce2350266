//! Recording outcomes: many in one commit when busy, at once when idle.

mod first_attempt;
mod outcome;
mod recorder;

pub(crate) use first_attempt::{FirstAnswer, FirstAttempt, checksum};
pub(crate) use outcome::{AttemptLog, Outcome, OutcomeKind};
pub(crate) use recorder::record_until_closed;
