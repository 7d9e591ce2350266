//! What strangers' bytes go through in the worker, one entry for each kind: for the
//! fuzz targets in `fuzz/`, and for the tests that give them the same inputs.
//!
//! Each of them panics if what came out is nothing that may be stored, sent or shown.

mod answer;
mod condition;
mod event;
mod url;

pub use answer::read_answer;
pub use condition::read_condition;
pub use event::take_event;
pub use url::judge_url;

#[cfg(test)]
mod tests;
