//! The queries, by table.

pub(crate) mod error;
pub(crate) mod leads;
pub(crate) mod narrowing;
pub(crate) mod schema;
pub(crate) mod sources;
mod unreadable;
