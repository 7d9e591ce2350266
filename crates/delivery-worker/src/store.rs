//! The queries. Each module is one table or one step of the pipeline; every
//! function takes the connection of the unit of work that it is part of.

pub(crate) mod claims;
mod columns;
pub(crate) mod config;
pub(crate) mod deliveries;
pub(crate) mod delivery_log;
pub(crate) mod disabling;
pub(crate) mod error;
pub(crate) mod expiry;
pub(crate) mod explain;
pub(crate) mod hurrying;
pub(crate) mod ingest;
pub(crate) mod lane_pauses;
pub(crate) mod lanes;
pub(crate) mod outcomes;
pub(crate) mod pipelines;
#[cfg(test)]
mod plans;
pub(crate) mod record_order;
pub(crate) mod replays;
pub(crate) mod retention;
pub(crate) mod samples;
pub(crate) mod schema;
mod stage_deletion;
pub(crate) mod test_deliveries;
pub(crate) mod webhook_keys;
pub(crate) mod webhook_list;
pub(crate) mod webhook_records;
pub(crate) mod webhook_versions;
pub(crate) mod workers;
