//! From an event on the broker to a request at the receiver.

mod arriving;
mod bad_receivers;
mod breaker;
mod crashing;
mod disabling;
pub(crate) mod events;
mod expiring;
mod gaps;
mod ingesting;
mod latest_only;
mod next_attempt;
mod ordered;
mod out_of_turn;
mod outcomes;
mod rate;
mod retention;
mod sharing;
pub(crate) mod site;
mod together;
mod triggers;
