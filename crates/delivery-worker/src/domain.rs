//! The rules of delivering; nothing here knows HTTP, queries or the broker.

pub(crate) mod delivery;
pub(crate) mod webhook;
pub(crate) mod webhook_record;
