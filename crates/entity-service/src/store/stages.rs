//! Rows of stages.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, Color, PipelineId, StageId, StageKind, StageSnapshot};

use crate::domain::position::Shift;
use crate::domain::stage::NewStage;
use crate::store::schema::{orders, stages};
use crate::store::unreadable::unreadable;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = stages)]
struct StageRow {
    id: i64,
    pipeline_id: i64,
    name: String,
    kind: String,
    position: i64,
    color: Option<String>,
}

impl TryFrom<StageRow> for (PipelineId, StageSnapshot) {
    type Error = DatabaseError;

    fn try_from(row: StageRow) -> Result<Self, DatabaseError> {
        let kind =
            StageKind::parse(&row.kind).ok_or_else(|| unreadable("stages.kind", &row.kind))?;
        let stage = StageSnapshot {
            id: StageId(row.id),
            name: row.name,
            kind,
            position: row.position,
            color: read_color("stages.color", row.color)?,
        };
        Ok((PipelineId(row.pipeline_id), stage))
    }
}

/// A color column's meaning.
pub(crate) fn read_color(
    column: &str,
    stored: Option<String>,
) -> Result<Option<Color>, DatabaseError> {
    stored
        .map(|text| Color::parse(&text).ok_or_else(|| unreadable(column, &text)))
        .transpose()
}

/// The stages of the named pipelines, by position within each.
pub(crate) fn list_stages_of(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    pipeline_ids: &[i64],
) -> Result<Vec<(PipelineId, StageSnapshot)>, DatabaseError> {
    let rows: Vec<StageRow> = on_backend!(conn, |c| stages::table
        .filter(stages::account_id.eq(account_id.0))
        .filter(stages::pipeline_id.eq_any(pipeline_ids))
        .order((stages::pipeline_id, stages::position, stages::id))
        .select(StageRow::as_select())
        .load(c))?;
    rows.into_iter().map(TryFrom::try_from).collect()
}

/// How many orders are in the stage.
pub(crate) fn count_orders_in_stage(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    pipeline_id: PipelineId,
    id: StageId,
) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| orders::table
        .filter(orders::account_id.eq(account_id.0))
        .filter(orders::pipeline_id.eq(pipeline_id.0))
        .filter(orders::stage_id.eq(id.0))
        .count()
        .get_result(c))?)
}

/// Adds a stage to a pipeline of the account.
pub(crate) fn insert_stage(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    pipeline_id: PipelineId,
    stage: &NewStage,
    position: i64,
) -> Result<StageId, DatabaseError> {
    let id: i64 = on_backend!(conn, |c| diesel::insert_into(stages::table)
        .values((
            stages::account_id.eq(account_id.0),
            stages::pipeline_id.eq(pipeline_id.0),
            stages::name.eq(&stage.name),
            stages::kind.eq(stage.kind.as_str()),
            stages::position.eq(position),
            stages::color.eq(stage.color.as_ref().map(Color::as_str)),
        ))
        .returning(stages::id)
        .get_result(c))?;
    Ok(StageId(id))
}

/// Writes all columns of a stage.
pub(crate) fn update_stage(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    stage: &StageSnapshot,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        stages::table
            .filter(stages::account_id.eq(account_id.0))
            .filter(stages::id.eq(stage.id.0))
    )
    .set((
        stages::name.eq(&stage.name),
        stages::kind.eq(stage.kind.as_str()),
        stages::position.eq(stage.position),
        stages::color.eq(stage.color.as_ref().map(Color::as_str)),
    ))
    .execute(c))?;
    Ok(())
}

/// Moves stages of one pipeline along.
pub(crate) fn shift_stages(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    pipeline_id: PipelineId,
    shift: &Shift,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        stages::table
            .filter(stages::account_id.eq(account_id.0))
            .filter(stages::pipeline_id.eq(pipeline_id.0))
            .filter(stages::position.between(*shift.places.start(), *shift.places.end()))
    )
    .set(stages::position.eq(stages::position + shift.by))
    .execute(c))?;
    Ok(())
}

/// Removes a stage that no order is in.
pub(crate) fn delete_stage(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: StageId,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(
        stages::table
            .filter(stages::account_id.eq(account_id.0))
            .filter(stages::id.eq(id.0))
    )
    .execute(c))?;
    Ok(())
}

/// Removes all stages of a pipeline that no order is in.
pub(crate) fn delete_stages_of(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    pipeline_id: PipelineId,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(
        stages::table
            .filter(stages::account_id.eq(account_id.0))
            .filter(stages::pipeline_id.eq(pipeline_id.0))
    )
    .execute(c))?;
    Ok(())
}
