//! The stages of an account, as far as this service has heard of them.

use std::collections::HashMap;

use events::{PipelineId, StageId};

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownStage {
    /// Its name.
    pub(crate) name: String,
    /// The pipeline that it is in, for good.
    pub(crate) pipeline: PipelineId,
}

/// The pipelines and stages of one account that exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AccountStages {
    pipelines: HashMap<PipelineId, String>,
    stages: HashMap<StageId, KnownStage>,
}

impl AccountStages {
    /// Adds a pipeline with its stages.
    pub(crate) fn insert(
        &mut self,
        pipeline: PipelineId,
        name: String,
        stages: impl IntoIterator<Item = (StageId, String)>,
    ) {
        self.pipelines.insert(pipeline, name);
        self.stages.extend(
            stages
                .into_iter()
                .map(|(stage, name)| (stage, KnownStage { name, pipeline })),
        );
    }

    /// A stage, if it exists.
    pub(crate) fn find(&self, stage: StageId) -> Option<&KnownStage> {
        self.stages.get(&stage)
    }

    /// The name of a pipeline, if it exists.
    pub(crate) fn pipeline_name(&self, pipeline: PipelineId) -> Option<&str> {
        self.pipelines.get(&pipeline).map(String::as_str)
    }
}
