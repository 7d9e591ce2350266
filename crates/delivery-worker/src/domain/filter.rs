//! Which of the events that a webhook chose fire it after all.

use events::{PipelineId, StageId, TokenId};
use http_api::Presence;
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

/// A change to a filter (RFC 7396): what is absent stays, null resets, and a
/// value stands in place of all that was there.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct FilterPatch {
    /// Other fields that have to have changed.
    pub(crate) changed: Presence<Vec<Field>>,
    /// Other pipelines.
    pub(crate) pipelines: Presence<Vec<PipelineId>>,
    /// Other stages.
    pub(crate) stages: Presence<Vec<StageId>>,
    /// Another condition.
    pub(crate) condition: Presence<Condition>,
    /// Whose changes do not count.
    pub(crate) skip: SkipPatch,
}

/// A change to whose changes do not count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum SkipPatch {
    /// None.
    #[default]
    Keep,
    /// Everybody's count.
    Off,
    /// Those with this token do not.
    Token(TokenId),
    /// Those with the token that was set do not; if there is none, those with
    /// this one, the caller's.
    On(TokenId),
}

impl FilterPatch {
    /// Puts the patch into `filter`.
    pub(crate) fn apply(self, filter: &mut Filter) {
        self.changed.merge_into(&mut filter.changed, Vec::new());
        self.pipelines.merge_into(&mut filter.pipelines, Vec::new());
        self.stages.merge_into(&mut filter.stages, Vec::new());
        self.condition.merge_into_option(&mut filter.condition);
        match self.skip {
            SkipPatch::Keep => {}
            SkipPatch::Off => filter.skip_token = None,
            SkipPatch::Token(token) => filter.skip_token = Some(token),
            SkipPatch::On(caller) => {
                filter.skip_token.get_or_insert(caller);
            }
        }
    }
}
