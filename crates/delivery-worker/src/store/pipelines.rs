//! The replica of the entity service's pipelines.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use diesel::upsert::excluded;
use events::{Action, PipelineChanged, rest};
use serde_json::Value;

use super::schema::pipelines;

/// Takes over a pipeline's state unless a newer one is known: messages may
/// come again and out of order.
pub(crate) fn upsert_pipeline(
    conn: &mut Connection<'_>,
    account_id: i64,
    change: &PipelineChanged,
) -> Result<(), DatabaseError> {
    let stages: Vec<Value> = change
        .pipeline
        .stages
        .iter()
        .map(rest::stage_body)
        .collect();
    let known: Option<i64> = on_backend!(conn, |c| pipelines::table
        .find((account_id, change.pipeline.id.0))
        .select(pipelines::revision)
        .first(c)
        .optional())?;
    if known.is_some_and(|revision| revision >= change.revision) {
        return Ok(());
    }
    on_backend!(conn, |c| diesel::insert_into(pipelines::table)
        .values((
            pipelines::account_id.eq(account_id),
            pipelines::id.eq(change.pipeline.id.0),
            pipelines::revision.eq(change.revision),
            pipelines::name.eq(&change.pipeline.name),
            pipelines::stages.eq(Value::Array(stages)),
            pipelines::deleted.eq(change.action == Action::Delete),
        ))
        .on_conflict((pipelines::account_id, pipelines::id))
        .do_update()
        .set((
            pipelines::revision.eq(excluded(pipelines::revision)),
            pipelines::name.eq(excluded(pipelines::name)),
            pipelines::stages.eq(excluded(pipelines::stages)),
            pipelines::deleted.eq(excluded(pipelines::deleted)),
        ))
        .execute(c))?;
    Ok(())
}
