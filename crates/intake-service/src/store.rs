//! The queries, by table.

pub(crate) mod arrivals;
pub(crate) mod conversions;
pub(crate) mod erasures;
pub(crate) mod error;
pub(crate) mod lead_list;
pub(crate) mod leads;
pub(crate) mod narrowing;
pub(crate) mod requests;
pub(crate) mod schema;
pub(crate) mod sources;
mod unreadable;
