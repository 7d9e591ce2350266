//! Requests and answers: one module per resource, one file per verb.

pub(crate) mod accounts;
pub(crate) mod clients;
pub(crate) mod custom_fields;
pub(crate) mod directories;
pub(crate) mod events;
pub(crate) mod orders;
pub(crate) mod pipelines;
pub(crate) mod reading;
pub(crate) mod settings;
pub(crate) mod stages;
pub(crate) mod tasks;
pub(crate) mod tokens;
