//! The stages of an account, as far as this service has heard of them.

use std::collections::HashMap;

use events::{PipelineId, PipelineSummary, StageId, StageKind, StageSummary};

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownStage {
    /// Its name.
    pub(crate) name: String,
    /// What being in it means for an order.
    pub(crate) kind: StageKind,
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
        stages: impl IntoIterator<Item = StageSummary>,
    ) {
        self.pipelines.insert(pipeline, name);
        self.stages.extend(stages.into_iter().map(|stage| {
            let StageSummary { id, name, kind } = stage;
            let known = KnownStage {
                name,
                kind,
                pipeline,
            };
            (id, known)
        }));
    }

    /// A stage, if it exists.
    pub(crate) fn find(&self, stage: StageId) -> Option<&KnownStage> {
        self.stages.get(&stage)
    }

    /// A stage and its pipeline as orders tell of them, if it exists.
    pub(crate) fn summarize(&self, stage: StageId) -> Option<(StageSummary, PipelineSummary)> {
        let known = self.stages.get(&stage)?;
        let pipeline = PipelineSummary {
            id: known.pipeline,
            name: self.pipelines.get(&known.pipeline)?.clone(),
        };
        let stage = StageSummary {
            id: stage,
            name: known.name.clone(),
            kind: known.kind,
        };
        Some((stage, pipeline))
    }

    /// Another stage of the same pipeline, or of any other: where an order that is in
    /// this one may have come from.
    pub(crate) fn other_than(&self, stage: StageId) -> Option<(StageSummary, PipelineSummary)> {
        let pipeline = self.stages.get(&stage)?.pipeline;
        let others = self.stages.iter().filter(|(id, _)| **id != stage);
        let nearest = others.min_by_key(|(id, known)| (known.pipeline != pipeline, **id));
        self.summarize(*nearest?.0)
    }

    /// The name of a pipeline, if it exists.
    pub(crate) fn pipeline_name(&self, pipeline: PipelineId) -> Option<&str> {
        self.pipelines.get(&pipeline).map(String::as_str)
    }
}
