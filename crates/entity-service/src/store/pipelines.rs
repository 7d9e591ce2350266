//! Rows of pipelines.

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, PipelineId, PipelineSnapshot, StageSnapshot, Timestamp};

use crate::domain::pipeline::Pipeline;
use crate::domain::position::Shift;
use crate::store::named_list::{NamedList, narrow};
use crate::store::narrowing::page_of;
use crate::store::schema::{orders, pipelines};
use crate::store::stages::list_stages_of;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = pipelines)]
struct PipelineRow {
    id: i64,
    name: String,
    position: i64,
    revision: i64,
    created_at_us: i64,
    updated_at_us: i64,
}

impl PipelineRow {
    fn with(self, stages: Vec<StageSnapshot>) -> Pipeline {
        Pipeline {
            revision: self.revision,
            snapshot: PipelineSnapshot {
                id: PipelineId(self.id),
                name: self.name,
                position: self.position,
                stages,
                created_at: Timestamp(self.created_at_us),
                updated_at: Timestamp(self.updated_at_us),
            },
        }
    }
}

/// The pipeline with its stages; `NotFound` if the account has none such.
pub(crate) fn get_pipeline(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: PipelineId,
) -> Result<Pipeline, DatabaseError> {
    list_pipelines_by_id(conn, account_id, &[id.0])?
        .pop()
        .ok_or(DatabaseError::NotFound)
}

/// One page of the account's pipelines, newest first.
pub(crate) fn list_pipelines(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    list: &NamedList,
) -> Result<Vec<Pipeline>, DatabaseError> {
    let rows: Vec<PipelineRow> = on_backend!(conn, |c| narrow!(
        pipelines::table
            .filter(pipelines::account_id.eq(account_id.0))
            .select(PipelineRow::as_select())
            .into_boxed(),
        pipelines,
        list
    )
    .load(c))?;
    with_stages(conn, account_id, rows)
}

fn list_pipelines_by_id(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    ids: &[i64],
) -> Result<Vec<Pipeline>, DatabaseError> {
    let rows: Vec<PipelineRow> = on_backend!(conn, |c| pipelines::table
        .filter(pipelines::account_id.eq(account_id.0))
        .filter(pipelines::id.eq_any(ids))
        .order((pipelines::position, pipelines::id))
        .select(PipelineRow::as_select())
        .load(c))?;
    with_stages(conn, account_id, rows)
}

fn with_stages(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    rows: Vec<PipelineRow>,
) -> Result<Vec<Pipeline>, DatabaseError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut stages: HashMap<i64, Vec<StageSnapshot>> = HashMap::new();
    for (pipeline_id, stage) in list_stages_of(conn, account_id, &ids)? {
        stages.entry(pipeline_id.0).or_default().push(stage);
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let of_row = stages.remove(&row.id).unwrap_or_default();
            row.with(of_row)
        })
        .collect())
}

/// How many pipelines the account has.
pub(crate) fn count_pipelines(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| pipelines::table
        .filter(pipelines::account_id.eq(account_id.0))
        .count()
        .get_result(c))?)
}

/// How many orders are in the pipeline.
pub(crate) fn count_orders_in_pipeline(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: PipelineId,
) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| orders::table
        .filter(orders::account_id.eq(account_id.0))
        .filter(orders::pipeline_id.eq(id.0))
        .count()
        .get_result(c))?)
}

/// Adds a pipeline at revision 1, without stages yet.
pub(crate) fn insert_pipeline(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    name: &str,
    position: i64,
    now: Timestamp,
) -> Result<PipelineId, DatabaseError> {
    let id: i64 = on_backend!(conn, |c| diesel::insert_into(pipelines::table)
        .values((
            pipelines::account_id.eq(account_id.0),
            pipelines::name.eq(name),
            pipelines::position.eq(position),
            pipelines::revision.eq(1),
            pipelines::created_at_us.eq(now.0),
            pipelines::updated_at_us.eq(now.0),
        ))
        .returning(pipelines::id)
        .get_result(c))?;
    Ok(PipelineId(id))
}

/// Writes the pipeline's own columns, its revision among them; not its stages.
pub(crate) fn update_pipeline(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    pipeline: &Pipeline,
) -> Result<(), DatabaseError> {
    let Pipeline { revision, snapshot } = pipeline;
    on_backend!(conn, |c| diesel::update(
        pipelines::table
            .filter(pipelines::account_id.eq(account_id.0))
            .filter(pipelines::id.eq(snapshot.id.0))
    )
    .set((
        pipelines::name.eq(&snapshot.name),
        pipelines::position.eq(snapshot.position),
        pipelines::revision.eq(revision),
        pipelines::updated_at_us.eq(snapshot.updated_at.0),
    ))
    .execute(c))?;
    Ok(())
}

/// Moves pipelines along; each gets a new revision. Answers what they have become.
pub(crate) fn shift_pipelines(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    shift: &Shift,
    now: Timestamp,
) -> Result<Vec<Pipeline>, DatabaseError> {
    let moved: Vec<i64> = on_backend!(conn, |c| diesel::update(
        pipelines::table
            .filter(pipelines::account_id.eq(account_id.0))
            .filter(pipelines::position.between(*shift.places.start(), *shift.places.end()))
    )
    .set((
        pipelines::position.eq(pipelines::position + shift.by),
        pipelines::revision.eq(pipelines::revision + 1),
        pipelines::updated_at_us.eq(now.0),
    ))
    .returning(pipelines::id)
    .get_results(c))?;
    list_pipelines_by_id(conn, account_id, &moved)
}

/// Removes a pipeline whose stages are gone.
pub(crate) fn delete_pipeline(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: PipelineId,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(
        pipelines::table
            .filter(pipelines::account_id.eq(account_id.0))
            .filter(pipelines::id.eq(id.0))
    )
    .execute(c))?;
    Ok(())
}
