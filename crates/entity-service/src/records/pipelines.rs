//! Changes of pipelines. Each tells of every pipeline that it moves.

use database::Connection;
use events::{Action, PipelineId};
use http_api::{ApiError, IfMatch};

use crate::domain::pipeline::{MAX_PIPELINES, NewPipeline, Pipeline, PipelinePatch};
use crate::domain::position::{Shift, close_gap, insert_at, move_to};
use crate::records::room::{check_room, check_unused};
use crate::store::accounts::lock_settings;
use crate::store::author::Author;
use crate::store::error::StoreError;
use crate::store::pipelines as store;
use crate::store::stages::{delete_stages_of, insert_stage};

/// Adds a pipeline with its stages.
pub(crate) fn add_pipeline(
    conn: &mut Connection<'_>,
    author: &Author,
    new: &NewPipeline,
) -> Result<Pipeline, StoreError> {
    let account_id = author.account_id;
    lock_settings(conn, account_id)?;
    let count = store::count_pipelines(conn, account_id)?;
    check_room(count, MAX_PIPELINES, "pipelines")?;
    let place = insert_at(count, new.position);
    shift(conn, author, place.shift.as_ref())?;
    let id = store::insert_pipeline(conn, account_id, &new.name, place.position, author.now)?;
    for (position, stage) in (0..).zip(&new.stages) {
        insert_stage(conn, account_id, id, stage, position)?;
    }
    let pipeline = store::get_pipeline(conn, account_id, id)?;
    append(conn, author, Action::Add, &pipeline)?;
    Ok(pipeline)
}

/// The pipeline, kept from other writers until the transaction ends.
pub(crate) fn lock_pipeline(
    conn: &mut Connection<'_>,
    author: &Author,
    id: PipelineId,
    if_match: &IfMatch,
) -> Result<Pipeline, StoreError> {
    lock_settings(conn, author.account_id)?;
    let pipeline = store::get_pipeline(conn, author.account_id, id)?;
    if_match.check(pipeline.revision)?;
    Ok(pipeline)
}

/// Changes the pipeline that [`lock_pipeline`] gave. Orders in it stay as they are.
pub(crate) fn edit_pipeline(
    conn: &mut Connection<'_>,
    author: &Author,
    before: Pipeline,
    patch: PipelinePatch,
) -> Result<Pipeline, StoreError> {
    let mut after = before.clone();
    if let Some(name) = patch.name {
        after.snapshot.name = name;
    }
    if let Some(wanted) = patch.position {
        let count = store::count_pipelines(conn, author.account_id)?;
        let place = move_to(count, before.snapshot.position, wanted);
        shift(conn, author, place.shift.as_ref())?;
        after.snapshot.position = place.position;
    }
    if after == before {
        return Ok(before);
    }
    save(conn, author, after)
}

/// Deletes a pipeline that no order is in, with its stages. The last one stays.
pub(crate) fn delete_pipeline(
    conn: &mut Connection<'_>,
    author: &Author,
    id: PipelineId,
    if_match: &IfMatch,
) -> Result<(), StoreError> {
    let account_id = author.account_id;
    let mut pipeline = lock_pipeline(conn, author, id, if_match)?;
    let orders = store::count_orders_in_pipeline(conn, account_id, id)?;
    check_unused(orders, "orders", "are in this pipeline")?;
    let count = store::count_pipelines(conn, account_id)?;
    if count == 1 {
        return Err(StoreError::Refused(ApiError::Conflict {
            detail: "This is the last pipeline, and orders need one; add another first.".to_owned(),
        }));
    }
    delete_stages_of(conn, account_id, id)?;
    store::delete_pipeline(conn, account_id, id)?;
    pipeline.revision += 1;
    pipeline.snapshot.updated_at = author.now;
    append(conn, author, Action::Delete, &pipeline)?;
    let gap = close_gap(count, pipeline.snapshot.position);
    shift(conn, author, gap.as_ref())
}

/// Gives the pipeline the revision that its change, or that of its stages,
/// makes, and adds the event.
pub(crate) fn save(
    conn: &mut Connection<'_>,
    author: &Author,
    mut pipeline: Pipeline,
) -> Result<Pipeline, StoreError> {
    pipeline.revision += 1;
    pipeline.snapshot.updated_at = author.now.max(pipeline.snapshot.updated_at);
    store::update_pipeline(conn, author.account_id, &pipeline)?;
    append(conn, author, Action::Edit, &pipeline)?;
    Ok(pipeline)
}

/// Adds the event of a change to the outbox, with the whole pipeline.
pub(crate) fn append(
    conn: &mut Connection<'_>,
    author: &Author,
    action: Action,
    pipeline: &Pipeline,
) -> Result<(), StoreError> {
    Ok(author.append(conn, pipeline.changed(action))?)
}

/// Moves pipelines along to make room for one or to close its gap; each of them
/// changes thereby, and has its event.
fn shift(
    conn: &mut Connection<'_>,
    author: &Author,
    shift: Option<&Shift>,
) -> Result<(), StoreError> {
    let Some(shift) = shift else { return Ok(()) };
    for pipeline in store::shift_pipelines(conn, author.account_id, shift, author.now)? {
        append(conn, author, Action::Edit, &pipeline)?;
    }
    Ok(())
}
