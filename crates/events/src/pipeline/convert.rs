//! Pipelines as protobuf.

use crate::{
    Action, Color, DecodeError, PipelineChanged, PipelineId, PipelineSnapshot, StageId, StageKind,
    StageSnapshot, Timestamp, raw,
};

impl PipelineChanged {
    pub(crate) fn to_raw(&self) -> raw::PipelineChanged {
        raw::PipelineChanged {
            action: self.action.to_raw(),
            revision: self.revision,
            pipeline: Some(self.pipeline.to_raw()),
        }
    }

    pub(crate) fn from_raw(raw: raw::PipelineChanged) -> Result<Self, DecodeError> {
        let pipeline = raw
            .pipeline
            .ok_or_else(|| DecodeError::missing("pipeline"))?;
        Ok(Self {
            action: Action::from_raw(raw.action)?,
            revision: raw.revision,
            pipeline: PipelineSnapshot::from_raw(pipeline)
                .map_err(|error| error.inside("pipeline"))?,
        })
    }
}

impl PipelineSnapshot {
    fn to_raw(&self) -> raw::PipelineSnapshot {
        raw::PipelineSnapshot {
            id: self.id.0,
            name: self.name.clone(),
            position: self.position,
            stages: self.stages.iter().map(StageSnapshot::to_raw).collect(),
            created_at_us: self.created_at.0,
            updated_at_us: self.updated_at.0,
        }
    }

    fn from_raw(raw: raw::PipelineSnapshot) -> Result<Self, DecodeError> {
        let stages = raw.stages.into_iter().map(StageSnapshot::from_raw);
        Ok(Self {
            id: PipelineId(raw.id),
            name: raw.name,
            position: raw.position,
            stages: stages
                .collect::<Result<_, _>>()
                .map_err(|error| error.inside("stages"))?,
            created_at: Timestamp(raw.created_at_us),
            updated_at: Timestamp(raw.updated_at_us),
        })
    }
}

impl StageSnapshot {
    fn to_raw(&self) -> raw::StageSnapshot {
        raw::StageSnapshot {
            id: self.id.0,
            name: self.name.clone(),
            kind: self.kind.to_raw(),
            position: self.position,
            color: self.color.as_ref().map(Color::to_string),
        }
    }

    fn from_raw(raw: raw::StageSnapshot) -> Result<Self, DecodeError> {
        Ok(Self {
            id: StageId(raw.id),
            name: raw.name,
            kind: StageKind::from_raw(raw.kind)?,
            position: raw.position,
            color: Color::from_raw(raw.color)?,
        })
    }
}
