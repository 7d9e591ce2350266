//! Pipelines: the ways that an account's orders go.

use events::{Action, Change, PipelineChanged, PipelineSnapshot, StageId, StageSnapshot};

use crate::domain::stage::NewStage;

/// The most pipelines that one account has.
pub(crate) const MAX_PIPELINES: i64 = 100;

/// A pipeline that is to be added.
#[derive(Debug, Clone)]
pub(crate) struct NewPipeline {
    /// Its name.
    pub(crate) name: String,
    /// Its place among the account's pipelines; the last one if `None`.
    pub(crate) position: Option<i64>,
    /// In their order; one of them at least is open.
    pub(crate) stages: Vec<NewStage>,
}

/// What shall change of a pipeline; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct PipelinePatch {
    /// Its name.
    pub(crate) name: Option<String>,
    /// Its place; past the end means the end.
    pub(crate) position: Option<i64>,
}

/// A pipeline with all its stages, as stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pipeline {
    /// Grows by one with each event.
    pub(crate) revision: i64,
    /// Its state.
    pub(crate) snapshot: PipelineSnapshot,
}

impl Pipeline {
    /// The stage, if it is in this pipeline.
    pub(crate) fn stage(&self, id: StageId) -> Option<&StageSnapshot> {
        self.snapshot.stages.iter().find(|stage| stage.id == id)
    }

    /// How many stages it has.
    pub(crate) fn count_stages(&self) -> i64 {
        i64::try_from(self.snapshot.stages.len()).unwrap_or(i64::MAX)
    }

    /// The change that tells of this state.
    pub(crate) fn changed(&self, action: Action) -> Change {
        Change::Pipeline(PipelineChanged {
            action,
            revision: self.revision,
            pipeline: self.snapshot.clone(),
        })
    }
}
