//! Requests and answers: one module per resource, one file per verb.

mod callbacks;
pub(crate) mod deliveries;
pub(crate) mod explain;
pub(crate) mod filters;
mod outgoing;
pub(crate) mod preview;
pub(crate) mod replays;
mod sentence;
mod test_request;
pub(crate) mod triggers;
mod units;
pub(crate) mod webhooks;
