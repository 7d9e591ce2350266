//! The replica of the entity service's pipelines.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
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
    let row = (
        pipelines::revision.eq(change.revision),
        pipelines::name.eq(&change.pipeline.name),
        pipelines::stages.eq(Value::Array(stages)),
        pipelines::deleted.eq(change.action == Action::Delete),
    );
    let key = (
        pipelines::account_id.eq(account_id),
        pipelines::id.eq(change.pipeline.id.0),
    );
    on_backend!(conn, |c| {
        let inserted = diesel::insert_into(pipelines::table)
            .values((key, row.clone()))
            .on_conflict_do_nothing()
            .execute(c)?;
        // The condition is in the statement: another worker may be writing.
        if inserted == 0 {
            diesel::update(
                pipelines::table
                    .find((account_id, change.pipeline.id.0))
                    .filter(pipelines::revision.lt(change.revision)),
            )
            .set(row)
            .execute(c)?;
        }
        Ok(())
    })
}
