//! The queries, by table.

pub(crate) mod error;
pub(crate) mod schema;
