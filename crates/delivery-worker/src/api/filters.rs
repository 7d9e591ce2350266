//! What narrows down the events of a webhook or trigger: read out of requests, judged, and shown.

mod check;
mod read;
mod schema;

pub(crate) use check::check;
pub(crate) use read::{read_new, read_patch};
pub(crate) use schema::{Condition, TriggerFilterResponse, WebhookFilterResponse};

/// Codes of field errors that only filters have; stable.
pub(crate) mod own_code {
    /// None of the chosen events could ever meet this.
    pub(crate) const NEVER_MET: &str = "never_met";
    /// The value contradicts another field of the same request.
    pub(crate) const CONTRADICTION: &str = "contradiction";
}

#[cfg(test)]
mod tests;
