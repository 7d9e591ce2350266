//! The rules of each kind of record, free of HTTP and SQL.

pub(crate) mod account;
pub(crate) mod client;
pub(crate) mod custom_field;
pub(crate) mod directory;
pub(crate) mod order;
pub(crate) mod pipeline;
pub(crate) mod position;
pub(crate) mod problems;
pub(crate) mod seed;
pub(crate) mod stage;
pub(crate) mod stored;
pub(crate) mod task;
pub(crate) mod text;
pub(crate) mod token;
