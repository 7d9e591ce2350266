//! From an event on the broker to a request at the receiver.

mod arriving;
mod bad_receivers;
mod crashing;
mod events;
mod ingesting;
mod outcomes;
mod sharing;
mod site;
mod together;
mod triggers;
