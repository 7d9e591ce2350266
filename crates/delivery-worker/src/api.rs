//! Requests and answers: one module per resource, one file per verb.

pub(crate) mod deliveries;
mod test_request;
mod units;
pub(crate) mod webhooks;
