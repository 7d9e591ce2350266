//! Which of the events that a webhook chose fire it after all.

use events::{PipelineId, StageId, TokenId};
use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::field::Field;

/// What an event has to meet; stored as JSON within the settings. Empty meets all.
///
/// A record that has no such field, stage or pipeline does not meet what is asked
/// of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Filter {
    /// An edit changed at least one of these; empty for any event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) changed: Vec<Field>,
    /// The order is in one of these pipelines; empty for any record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pipelines: Vec<PipelineId>,
    /// The order is in one of these stages; empty for any record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) stages: Vec<StageId>,
    /// What its fields have to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<Condition>,
    /// Changes made with this API token do not count (`skip_own`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) skip_token: Option<TokenId>,
}
