//! Rows and queries. Every query names the account it works for.

pub(crate) mod accounts;
pub(crate) mod api_tokens;
pub(crate) mod author;
pub(crate) mod client_fields;
pub(crate) mod clients;
pub(crate) mod custom_fields;
pub(crate) mod directory_entries;
pub(crate) mod error;
pub(crate) mod lead_conversions;
pub(crate) mod matches;
pub(crate) mod named_list;
pub(crate) mod narrowing;
pub(crate) mod orders;
pub(crate) mod pipelines;
pub(crate) mod references;
pub(crate) mod schema;
pub(crate) mod stages;
pub(crate) mod tasks;
pub(crate) mod unreadable;
