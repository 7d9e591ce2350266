//! Drives Dealwire from outside, for tools that measure it or break it: starts
//! and stops the program and its servers as child processes, talks to the API as
//! integrators do, receives callbacks.
//!
//! Depends on no crate of the product: what is known here about Dealwire
//! is what its users know.

mod connection;
mod footprint;
mod infra;
mod ports;
mod process;
mod product;
mod receiver;
mod servers;
mod source;

pub use connection::{Answer, Ask, Connection};
pub use footprint::{Footprint, cpu_of_family, cpu_of_self};
pub use infra::{Infra, Server};
pub use ports::free_address;
pub use process::{Process, Program};
pub use product::{Installation, Layout, Product, ServerWires, Wires};
pub use receiver::{Callback, Receiver, Reply};
pub use servers::Servers;
pub use source::Source;
