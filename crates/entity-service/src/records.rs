//! One change of one record, as one transaction: what it refers to is checked,
//! the row is written with its next revision, the event goes into the outbox.
//!
//! Functions here run inside a unit of work. An error rolls all of it back.

pub(crate) mod accounts;
pub(crate) mod clients;
pub(crate) mod custom_fields;
pub(crate) mod directories;
pub(crate) mod entries;
pub(crate) mod orders;
pub(crate) mod pipelines;
pub(crate) mod placement;
pub(crate) mod room;
pub(crate) mod stages;
pub(crate) mod tasks;
