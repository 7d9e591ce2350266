//! Whether what a record refers to is there, and is the account's.

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{
    AccountId, DirectoryEntryId, OrderId, PipelineId, PipelineSummary, StageId, StageKind,
    StageSummary,
};

use crate::domain::directory::DirectoryKind;
use crate::domain::order::Placement;
use crate::store::schema::{directory_entries, orders, pipelines, stages};
use crate::store::unreadable::unreadable;

type PlacementRow = (i64, String, String, i64, String);

fn read_placement(
    (stage_id, stage_name, kind, pipeline_id, pipeline_name): PlacementRow,
) -> Result<Placement, DatabaseError> {
    let kind = StageKind::parse(&kind).ok_or_else(|| unreadable("stages.kind", &kind))?;
    Ok(Placement {
        stage: StageSummary {
            id: StageId(stage_id),
            name: stage_name,
            kind,
        },
        pipeline: PipelineSummary {
            id: PipelineId(pipeline_id),
            name: pipeline_name,
        },
    })
}

/// Stages of the account with their pipelines, as [`PlacementRow`]s.
macro_rules! placements {
    ($account_id:expr) => {
        stages::table
            .inner_join(pipelines::table)
            .filter(stages::account_id.eq($account_id.0))
            .select((
                stages::id,
                stages::name,
                stages::kind,
                pipelines::id,
                pipelines::name,
            ))
    };
}

/// The stage and its pipeline, if they are the account's.
pub(crate) fn find_placement(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    stage_id: i64,
) -> Result<Option<Placement>, DatabaseError> {
    let row: Option<PlacementRow> = on_backend!(conn, |c| placements!(account_id)
        .filter(stages::id.eq(stage_id))
        .get_result(c)
        .optional())?;
    row.map(read_placement).transpose()
}

/// The stages with these ids, by id.
pub(crate) fn list_placements(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    mut stage_ids: Vec<i64>,
) -> Result<HashMap<i64, Placement>, DatabaseError> {
    stage_ids.sort_unstable();
    stage_ids.dedup();
    let rows: Vec<PlacementRow> = on_backend!(conn, |c| placements!(account_id)
        .filter(stages::id.eq_any(stage_ids))
        .load(c))?;
    rows.into_iter()
        .map(|row| read_placement(row).map(|placement| (placement.stage.id.0, placement)))
        .collect()
}

/// Where orders start: the first open stage of the first pipeline.
pub(crate) fn find_first_placement(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<Option<Placement>, DatabaseError> {
    let row: Option<PlacementRow> = on_backend!(conn, |c| placements!(account_id)
        .filter(stages::kind.eq(StageKind::Open.as_str()))
        .order((
            pipelines::position,
            pipelines::id,
            stages::position,
            stages::id
        ))
        .first(c)
        .optional())?;
    row.map(read_placement).transpose()
}

/// Where orders of the pipeline start: its first open stage.
pub(crate) fn find_first_placement_in(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    pipeline_id: PipelineId,
) -> Result<Option<Placement>, DatabaseError> {
    let row: Option<PlacementRow> = on_backend!(conn, |c| placements!(account_id)
        .filter(stages::pipeline_id.eq(pipeline_id.0))
        .filter(stages::kind.eq(StageKind::Open.as_str()))
        .order((stages::position, stages::id))
        .first(c)
        .optional())?;
    row.map(read_placement).transpose()
}

/// Whether the pipeline is the account's.
pub(crate) fn is_pipeline(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: PipelineId,
) -> Result<bool, DatabaseError> {
    let found: Option<i64> = on_backend!(conn, |c| pipelines::table
        .filter(pipelines::account_id.eq(account_id.0))
        .filter(pipelines::id.eq(id.0))
        .select(pipelines::id)
        .get_result(c)
        .optional())?;
    Ok(found.is_some())
}

/// In which directories the entries are that the account has of these, by id.
pub(crate) fn list_entry_kinds(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    ids: &[i64],
) -> Result<HashMap<i64, DirectoryKind>, DatabaseError> {
    let rows: Vec<(i64, String)> = on_backend!(conn, |c| directory_entries::table
        .filter(directory_entries::account_id.eq(account_id.0))
        .filter(directory_entries::id.eq_any(ids))
        .select((directory_entries::id, directory_entries::kind))
        .load(c))?;
    rows.into_iter()
        .map(|(id, kind)| {
            let kind = DirectoryKind::parse(&kind)
                .ok_or_else(|| unreadable("directory_entries.kind", &kind))?;
            Ok((id, kind))
        })
        .collect()
}

/// The default of a directory, its first entry: the query for its id.
macro_rules! first_entry {
    ($account_id:expr, $kind:expr) => {{
        use diesel::prelude::*;

        use crate::store::schema::directory_entries;

        directory_entries::table
            .filter(directory_entries::account_id.eq($account_id.0))
            .filter(directory_entries::kind.eq($kind.as_str()))
            .order((directory_entries::position, directory_entries::id))
            .select(directory_entries::id)
            .limit(1)
    }};
}
pub(crate) use first_entry;

/// The default of a directory: its first entry.
pub(crate) fn find_first_entry(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    kind: DirectoryKind,
) -> Result<Option<DirectoryEntryId>, DatabaseError> {
    let id: Option<i64> = on_backend!(conn, |c| first_entry!(account_id, kind)
        .get_result(c)
        .optional())?;
    Ok(id.map(DirectoryEntryId))
}

/// Whether the order is the account's; if so, it stays until the transaction ends.
///
/// Who deletes an order locks it first and its tasks then; so who puts a task
/// into an order holds the order before the task.
pub(crate) fn hold_order(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: OrderId,
) -> Result<bool, DatabaseError> {
    let order = orders::table
        .filter(orders::account_id.eq(account_id.0))
        .filter(orders::id.eq(id.0))
        .select(orders::id);
    let found: Option<i64> = match conn {
        Connection::Sqlite(c) => order.get_result(*c).optional()?,
        Connection::Postgres(c) => order.for_key_share().get_result(*c).optional()?,
    };
    Ok(found.is_some())
}
