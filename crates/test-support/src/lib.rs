//! Stand-ins for the outside world, for tests only.
//!
//! * [`ApiClient`] calls the REST API as an integrator would.
//! * [`MockReceiver`] is the server that callbacks go to: it answers by script,
//!   well or badly, and keeps what came.
//! * [`MockDns`] answers look-ups with the addresses that a test wants.
//! * [`FaultProxy`] sits between a client and its server and breaks the wire.
//! * [`TestDatabase`] is a database of the test's own.
//! * [`TestBroker`] is a broker of the test's own.
//! * [`tables_with`] tells what a database still holds.
//! * [`wait_until`] replaces sleeping.
//!
//! Everything listens on loopback, on a port that the system picks, and ends
//! when it is dropped; so tests run in parallel.

#![expect(
    clippy::expect_used,
    reason = "a test whose scaffolding fails has nothing better to do than to panic"
)]

mod api_client;
mod broker;
mod database;
mod dns;
mod proxy;
mod receiver;
mod search;
mod wait;

pub use crate::broker::TestBroker;
pub use crate::database::TestDatabase;
pub use api_client::{ApiAnswer, ApiClient};
pub use dns::MockDns;
pub use hyper::Method;
pub use proxy::FaultProxy;
pub use receiver::{Answer, MockReceiver, ReceivedRequest};
pub use search::tables_with;
pub use wait::wait_until;
