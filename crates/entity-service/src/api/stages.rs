//! `/pipelines/{id}/stages`: the steps of one pipeline.
//!
//! A stage has no revision of its own: `ETag` and `If-Match` are its pipeline's,
//! since every change of a stage is a change of the pipeline.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

pub(crate) use create::create_stage;
pub(crate) use delete::delete_stage;
pub(crate) use get::get_stage;
pub(crate) use list::list_stages;
pub(crate) use update::update_stage;

use events::{PipelineId, StageId, StageKind, StageSnapshot};
use http_api::{ApiError, Fields, JsonBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::settings::{keep_keys, read_color, read_name, read_position, refuse_keys};
use crate::domain::stage::{NewStage, STAGE_KINDS, StagePatch};

/// Where a stage is: its pipeline and itself.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct StagePath {
    id: PipelineId,
    stage_id: StageId,
}

/// A stage of a new pipeline; its place is that in the list.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body; NewStage holds what was read")]
pub(crate) struct ListedStageRequest {
    /// 1 to 255 characters.
    #[schema(example = "Переговоры")]
    name: String,
    /// `open`, `won` or `lost`; open if left out.
    #[schema(pattern = "^(open|won|lost)$", example = "open")]
    kind: Option<String>,
    /// Six hex digits.
    #[schema(example = "AD3939")]
    color: Option<String>,
}

/// A stage to add.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body; NewStage holds what was read")]
pub(crate) struct CreateStageRequest {
    /// 1 to 255 characters.
    #[schema(example = "Переговоры")]
    name: String,
    /// `open`, `won` or `lost`; open if left out.
    #[schema(pattern = "^(open|won|lost)$", example = "open")]
    kind: Option<String>,
    /// Its place in the pipeline, from 0; others move on. The last one if left out.
    position: Option<i64>,
    /// Six hex digits.
    #[schema(example = "AD3939")]
    color: Option<String>,
}

/// What shall change of a stage.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; StagePatch holds what was read"
)]
pub(crate) struct UpdateStageRequest {
    /// 1 to 255 characters. Orders in the stage stay as they are.
    name: Option<String>,
    /// `open`, `won` or `lost`; one stage stays open.
    #[schema(pattern = "^(open|won|lost)$")]
    kind: Option<String>,
    /// Its new place, from 0; the others close up. Past the end means the end.
    position: Option<i64>,
    /// Six hex digits; null for none.
    color: Option<String>,
}

/// A stage.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StageResponse {
    /// Its id; `id_status` of the orders in it.
    id: i64,
    /// Its name.
    name: String,
    /// `open`, `won` or `lost`.
    #[schema(example = "open")]
    kind: &'static str,
    /// Its place in the pipeline, from 0. New orders start in the first open stage.
    position: i64,
    /// Six hex digits.
    color: Option<String>,
}

impl From<&StageSnapshot> for StageResponse {
    fn from(stage: &StageSnapshot) -> Self {
        Self {
            id: stage.id.0,
            name: stage.name.clone(),
            kind: stage.kind.as_str(),
            position: stage.position,
            color: stage.color.as_ref().map(ToString::to_string),
        }
    }
}

/// Reads name, kind and color of a stage to add.
pub(crate) fn read_stage(fields: &mut Fields) -> NewStage {
    let name = read_name(fields);
    let kind = fields.one_of("kind", &STAGE_KINDS);
    NewStage {
        name: fields.require("name", name),
        kind: fields.not_null("kind", kind).unwrap_or(StageKind::Open),
        color: read_color(fields).value(),
    }
}

/// Reads a stage to add and its place.
fn read_new(body: JsonBody) -> Result<(NewStage, Option<i64>), ApiError> {
    let mut fields = body.into_fields();
    refuse_keys(&mut fields, &["id"]);
    let stage = read_stage(&mut fields);
    let position = read_position(&mut fields);
    fields.finish()?;
    Ok((stage, position))
}

/// Reads what shall change of `current`.
fn read_patch(body: JsonBody, current: &StageSnapshot) -> Result<StagePatch, ApiError> {
    let mut fields = body.into_fields();
    keep_keys(&mut fields, &["id"], &events::rest::stage_body(current));
    let name = read_name(&mut fields);
    let kind = fields.one_of("kind", &STAGE_KINDS);
    let patch = StagePatch {
        name: fields.not_null("name", name),
        kind: fields.not_null("kind", kind),
        position: read_position(&mut fields),
        color: read_color(&mut fields),
    };
    fields.finish()?;
    Ok(patch)
}
