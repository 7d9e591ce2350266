//! `/pipelines`: the ways that orders go, each with its stages.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

pub(crate) use create::create_pipeline;
pub(crate) use delete::delete_pipeline;
pub(crate) use get::get_pipeline;
pub(crate) use list::list_pipelines;
pub(crate) use update::update_pipeline;

use http_api::{ApiError, Fields, JsonBody, Presence};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::settings::{SERVER_KEYS, keep_keys, read_name, read_position, refuse_keys};
use crate::api::stages::{ListedStageRequest, StageResponse, read_stage};
use crate::domain::pipeline::{NewPipeline, Pipeline, PipelinePatch};
use crate::domain::stage::{MAX_STAGES, NewStage, default_stages, has_open};

/// The code of a pipeline that orders could not start in.
pub(crate) const NO_OPEN_STAGE: &str = "no_open_stage";

/// A pipeline to add.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; NewPipeline holds what was read"
)]
pub(crate) struct CreatePipelineRequest {
    /// 1 to 255 characters.
    #[schema(example = "Продажи")]
    name: String,
    /// Its place among the pipelines, from 0; others move on. The last one if left out.
    position: Option<i64>,
    /// In their order, one of them open; left out, the pipeline gets four open stages, a won and a
    /// lost one.
    stages: Option<Vec<ListedStageRequest>>,
}

/// What shall change of a pipeline; stages have addresses of their own.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; PipelinePatch holds what was read"
)]
pub(crate) struct UpdatePipelineRequest {
    /// 1 to 255 characters.
    name: Option<String>,
    /// Its new place, from 0; the others close up. Past the end means the end.
    position: Option<i64>,
}

/// A pipeline.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PipelineResponse {
    /// Its id.
    id: i64,
    /// Its name.
    name: String,
    /// Its place among the pipelines, from 0. New orders start in the first pipeline.
    position: i64,
    /// By position.
    stages: Vec<StageResponse>,
    /// Grows by one with each change of the pipeline or one of its stages.
    revision: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&Pipeline> for PipelineResponse {
    fn from(pipeline: &Pipeline) -> Self {
        let Pipeline { revision, snapshot } = pipeline;
        Self {
            id: snapshot.id.0,
            name: snapshot.name.clone(),
            position: snapshot.position,
            stages: snapshot.stages.iter().map(StageResponse::from).collect(),
            revision: *revision,
            created_at: snapshot.created_at.to_rfc3339(),
            updated_at: snapshot.updated_at.to_rfc3339(),
        }
    }
}

/// Reads a pipeline to add.
fn read_new(body: JsonBody) -> Result<NewPipeline, ApiError> {
    let mut fields = body.into_fields();
    refuse_keys(&mut fields, &SERVER_KEYS);
    let name = read_name(&mut fields);
    let new = NewPipeline {
        name: fields.require("name", name),
        position: read_position(&mut fields),
        stages: read_stages(&mut fields),
    };
    fields.finish()?;
    Ok(new)
}

fn read_stages(fields: &mut Fields) -> Vec<NewStage> {
    let most = usize::from(MAX_STAGES);
    let Presence::Value(stages) = fields.object_list("stages", most, read_stage) else {
        return default_stages();
    };
    if !has_open(stages.iter().map(|stage| stage.kind)) {
        fields.error(
            "stages",
            NO_OPEN_STAGE,
            "Send at least one stage of the kind \"open\": orders start there.",
        );
    }
    stages
}

/// Reads what shall change of `current`.
fn read_patch(body: JsonBody, current: &Pipeline) -> Result<PipelinePatch, ApiError> {
    let mut fields = body.into_fields();
    let shown = show(current);
    keep_keys(&mut fields, &SERVER_KEYS, &shown);
    keep_keys(&mut fields, &["stages"], &shown);
    let name = read_name(&mut fields);
    let patch = PipelinePatch {
        name: fields.not_null("name", name),
        position: read_position(&mut fields),
    };
    fields.finish()?;
    Ok(patch)
}

/// The body as receivers of the pipeline's events see it.
fn show(pipeline: &Pipeline) -> Value {
    events::rest::pipeline_body(&pipeline.snapshot, pipeline.revision)
}

#[cfg(test)]
mod tests {
    use events::{
        Color, PipelineId, PipelineSnapshot, StageId, StageKind, StageSnapshot, Timestamp,
    };

    use super::*;

    #[test]
    fn the_answer_is_what_receivers_of_events_see() {
        let pipeline = Pipeline {
            revision: 3,
            snapshot: PipelineSnapshot {
                id: PipelineId(7),
                name: "Продажи".to_owned(),
                position: 1,
                stages: vec![StageSnapshot {
                    id: StageId(12),
                    name: "Новая".to_owned(),
                    kind: StageKind::Open,
                    position: 0,
                    color: Color::parse("ad3939"),
                }],
                created_at: Timestamp(1),
                updated_at: Timestamp(2),
            },
        };
        let answer = serde_json::to_string(&PipelineResponse::from(&pipeline)).unwrap();
        assert_eq!(answer, show(&pipeline).to_string());
    }
}
