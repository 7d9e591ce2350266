//! Pipelines and their stages.

mod convert;

use crate::{Action, Color, PipelineId, StageId, StageKind, Timestamp};

/// A pipeline or one of its stages changed.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineChanged {
    /// What happened to the pipeline; a change of a stage is an edit.
    pub action: Action,
    /// Starts at 1 and grows by exactly one per event of this pipeline.
    pub revision: i64,
    /// The whole pipeline after the change; on delete the last state.
    pub pipeline: PipelineSnapshot,
}

/// A pipeline at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineSnapshot {
    /// The pipeline's id.
    pub id: PipelineId,
    /// Its name.
    pub name: String,
    /// Its place among the account's pipelines, from 0.
    pub position: i64,
    /// By position, then id.
    pub stages: Vec<StageSnapshot>,
    /// When the pipeline was added.
    pub created_at: Timestamp,
    /// When it or one of its stages was last changed.
    pub updated_at: Timestamp,
}

/// A stage at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct StageSnapshot {
    /// The stage's id.
    pub id: StageId,
    /// Its name.
    pub name: String,
    /// What being in it means.
    pub kind: StageKind,
    /// Its place in the pipeline, from 0.
    pub position: i64,
    /// Color on the board.
    pub color: Option<Color>,
}
