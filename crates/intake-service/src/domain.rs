//! The rules of leads and sources; no HTTP, no SQL.

pub(crate) mod author;
pub(crate) mod conversion;
pub(crate) mod lead;
pub(crate) mod request;
pub(crate) mod source;
