//! Changes of stages. Each is a change of the pipeline, and its event.

use database::Connection;
use events::{PipelineId, StageId, StageKind, StageSnapshot};
use http_api::{ApiError, IfMatch};

use crate::domain::pipeline::Pipeline;
use crate::domain::position::{close_gap, insert_at, move_to};
use crate::domain::stage::{MAX_STAGES, NewStage, StagePatch, has_open_without};
use crate::records::pipelines::{lock_pipeline, save};
use crate::records::room::{check_room, check_unused};
use crate::store::author::Author;
use crate::store::error::StoreError;
use crate::store::pipelines::get_pipeline;
use crate::store::stages as store;

/// A stage and the pipeline that it is in.
#[derive(Debug, Clone)]
pub(crate) struct PlacedStage {
    /// The stage.
    pub(crate) stage: StageSnapshot,
    /// Its pipeline, whose revision stands for both.
    pub(crate) pipeline: Pipeline,
}

impl PlacedStage {
    /// The stage out of its pipeline.
    pub(crate) fn find(pipeline: Pipeline, id: StageId) -> Result<Self, ApiError> {
        let stage = pipeline.stage(id).cloned().ok_or(ApiError::NotFound)?;
        Ok(Self { stage, pipeline })
    }
}

/// Adds a stage at its place, or at the end.
pub(crate) fn add_stage(
    conn: &mut Connection<'_>,
    author: &Author,
    pipeline_id: PipelineId,
    new: &NewStage,
    position: Option<i64>,
) -> Result<PlacedStage, StoreError> {
    let account_id = author.account_id;
    let pipeline = lock_pipeline(conn, author, pipeline_id, &IfMatch::default())?;
    let count = pipeline.count_stages();
    check_room(count, i64::from(MAX_STAGES), "stages in this pipeline")?;
    let place = insert_at(count, position);
    if let Some(shift) = &place.shift {
        store::shift_stages(conn, account_id, pipeline_id, shift)?;
    }
    let id = store::insert_stage(conn, account_id, pipeline_id, new, place.position)?;
    let pipeline = save_stages(conn, author, pipeline_id)?;
    Ok(PlacedStage::find(pipeline, id)?)
}

/// Changes the stage. Orders in it stay as they are.
pub(crate) fn edit_stage(
    conn: &mut Connection<'_>,
    author: &Author,
    before: PlacedStage,
    patch: StagePatch,
) -> Result<PlacedStage, StoreError> {
    let (account_id, pipeline_id) = (author.account_id, before.pipeline.snapshot.id);
    let mut after = before.stage.clone();
    if let Some(name) = patch.name {
        after.name = name;
    }
    if let Some(kind) = patch.kind {
        after.kind = kind;
    }
    patch.color.merge_into_option(&mut after.color);
    if after.kind != StageKind::Open {
        check_another_is_open(&before)?;
    }
    if let Some(wanted) = patch.position {
        let count = before.pipeline.count_stages();
        let place = move_to(count, before.stage.position, wanted);
        if let Some(shift) = &place.shift {
            store::shift_stages(conn, account_id, pipeline_id, shift)?;
        }
        after.position = place.position;
    }
    if after == before.stage {
        return Ok(before);
    }
    store::update_stage(conn, account_id, &after)?;
    let pipeline = save_stages(conn, author, pipeline_id)?;
    Ok(PlacedStage {
        stage: after,
        pipeline,
    })
}

/// Deletes a stage that no order is in. The last open one stays.
pub(crate) fn delete_stage(
    conn: &mut Connection<'_>,
    author: &Author,
    placed: &PlacedStage,
) -> Result<(), StoreError> {
    let account_id = author.account_id;
    let (pipeline_id, id) = (placed.pipeline.snapshot.id, placed.stage.id);
    let orders = store::count_orders_in_stage(conn, account_id, pipeline_id, id)?;
    check_unused(orders, "orders", "are in this stage")?;
    check_another_is_open(placed)?;
    store::delete_stage(conn, account_id, id)?;
    let gap = close_gap(placed.pipeline.count_stages(), placed.stage.position);
    if let Some(shift) = gap {
        store::shift_stages(conn, account_id, pipeline_id, &shift)?;
    }
    save_stages(conn, author, pipeline_id)?;
    Ok(())
}

/// The pipeline with its stages as they are now, under its next revision.
fn save_stages(
    conn: &mut Connection<'_>,
    author: &Author,
    pipeline_id: PipelineId,
) -> Result<Pipeline, StoreError> {
    let pipeline = get_pipeline(conn, author.account_id, pipeline_id)?;
    save(conn, author, pipeline)
}

fn check_another_is_open(placed: &PlacedStage) -> Result<(), StoreError> {
    if has_open_without(&placed.pipeline.snapshot.stages, placed.stage.id) {
        return Ok(());
    }
    Err(StoreError::Refused(ApiError::Conflict {
        detail: "This is the last open stage of its pipeline, and orders start in one; \
                 add another open stage first."
            .to_owned(),
    }))
}
