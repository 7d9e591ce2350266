//! Which stage an order goes into.

use database::{Connection, DatabaseError};
use events::{AccountId, OrderSnapshot, PipelineId, StageId};
use http_api::code;

use crate::domain::order::{OrderPatch, Placement};
use crate::domain::problems::Problems;
use crate::store::references::{
    find_first_placement, find_first_placement_in, find_placement, is_pipeline,
};

/// The stage that the request asks for; without a word of it, the one that the
/// order is in, or the first open one of the first pipeline.
///
/// Only a pipeline means its first open stage; a pipeline and a stage must fit.
/// `None` if there is no such stage: the reason is among the problems, unless
/// the account has no open stage at all.
pub(crate) fn resolve_placement(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    patch: &OrderPatch,
    before: Option<&OrderSnapshot>,
    problems: &mut Problems,
) -> Result<Option<Placement>, DatabaseError> {
    let current = before.map(|order| Placement {
        stage: order.stage.clone(),
        pipeline: order.pipeline.clone(),
    });
    match (patch.stage_id, patch.pipeline_id) {
        (None, None) => match current {
            Some(current) => Ok(Some(current)),
            None => find_first_placement(conn, account_id),
        },
        (None, Some(pipeline_id)) => match current {
            Some(current) if current.pipeline.id == pipeline_id => Ok(Some(current)),
            _ => first_of_pipeline(conn, account_id, pipeline_id, problems),
        },
        (Some(stage_id), pipeline_id) => {
            let placement = match current {
                Some(current) if current.stage.id == stage_id => Some(current),
                _ => find_placement(conn, account_id, stage_id.0)?,
            };
            if placement.is_none() {
                problems.not_found("id_status", "stage", stage_id.0);
            }
            if let Some(pipeline_id) = pipeline_id {
                let placement = placement.as_ref();
                check_pipeline(conn, account_id, stage_id, pipeline_id, placement, problems)?;
            }
            Ok(placement)
        }
    }
}

fn first_of_pipeline(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    pipeline_id: PipelineId,
    problems: &mut Problems,
) -> Result<Option<Placement>, DatabaseError> {
    let placement = find_first_placement_in(conn, account_id, pipeline_id)?;
    if placement.is_none() {
        problems.not_found("id_pipeline", "pipeline", pipeline_id.0);
    }
    Ok(placement)
}

fn check_pipeline(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    stage_id: StageId,
    pipeline_id: PipelineId,
    placement: Option<&Placement>,
    problems: &mut Problems,
) -> Result<(), DatabaseError> {
    match placement {
        Some(placement) if placement.pipeline.id == pipeline_id => {}
        _ if !is_pipeline(conn, account_id, pipeline_id)? => {
            problems.not_found("id_pipeline", "pipeline", pipeline_id.0);
        }
        Some(placement) => problems.add(
            "id_pipeline",
            code::INVALID,
            format!(
                "The stage {stage_id} is in the pipeline {}; send that one, or leave this out.",
                placement.pipeline.id
            ),
        ),
        None => {}
    }
    Ok(())
}
