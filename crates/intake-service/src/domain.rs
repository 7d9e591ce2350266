//! The rules of leads and sources; no HTTP, no SQL.

pub(crate) mod lead;
pub(crate) mod source;
