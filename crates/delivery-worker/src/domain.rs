//! The rules of delivering; nothing here knows HTTP, queries or the broker.

pub(crate) mod condition;
pub(crate) mod delivery;
pub(crate) mod field;
pub(crate) mod filter;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod stage;
pub(crate) mod trigger;
pub(crate) mod webhook;
pub(crate) mod webhook_record;
