//! What managers call, by resource.

pub(crate) mod leads;
pub(crate) mod requests;
pub(crate) mod sources;
