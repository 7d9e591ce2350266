//! The replica of the entity service's pipelines.

use std::collections::HashSet;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, Action, PipelineChanged, PipelineId, StageId, rest};
use serde_json::Value;

use super::schema::pipelines;
use crate::domain::stage::AccountStages;

/// Takes over a pipeline's state unless a newer one is known: messages may
/// come again and out of order. Returns the stages that it had and has no longer.
///
/// Nobody else may be writing pipelines: see [`super::config::lock_config`].
pub(crate) fn upsert_pipeline(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    change: &PipelineChanged,
) -> Result<HashSet<StageId>, DatabaseError> {
    let known = on_backend!(conn, |c| pipelines::table
        .find((account_id.0, change.pipeline.id.0))
        .select((pipelines::revision, pipelines::stages, pipelines::deleted))
        .first::<(i64, Value, bool)>(c)
        .optional())?;
    if let Some((revision, ..)) = &known
        && *revision >= change.revision
    {
        return Ok(HashSet::new());
    }
    let is_deleted = change.action == Action::Delete;
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
        pipelines::deleted.eq(is_deleted),
    );
    let key = (
        pipelines::account_id.eq(account_id.0),
        pipelines::id.eq(change.pipeline.id.0),
    );
    on_backend!(conn, |c| diesel::insert_into(pipelines::table)
        .values((key, row.clone()))
        .on_conflict((pipelines::account_id, pipelines::id))
        .do_update()
        .set(row)
        .execute(c))?;

    let mut gone: HashSet<StageId> = match &known {
        Some((_, stages, false)) => names_of(stages).map(|(stage, _)| stage).collect(),
        _ => HashSet::new(),
    };
    if !is_deleted {
        for stage in &change.pipeline.stages {
            gone.remove(&stage.id);
        }
    }
    Ok(gone)
}

/// The account's pipelines and stages that exist.
pub(crate) fn list_stages(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<AccountStages, DatabaseError> {
    let rows: Vec<(i64, String, Value)> = on_backend!(conn, |c| pipelines::table
        .filter(pipelines::account_id.eq(account_id.0))
        .filter(pipelines::deleted.eq(false))
        .select((pipelines::id, pipelines::name, pipelines::stages))
        .load(c))?;
    let mut known = AccountStages::default();
    for (id, name, stages) in &rows {
        let stages = names_of(stages).map(|(stage, name)| (stage, name.to_owned()));
        known.insert(PipelineId(*id), name.clone(), stages);
    }
    Ok(known)
}

/// Ids and names out of a pipeline's stages, as they are stored.
fn names_of(stages: &Value) -> impl Iterator<Item = (StageId, &str)> {
    stages.as_array().into_iter().flatten().filter_map(|stage| {
        let id = stage.get("id")?.as_i64()?;
        Some((StageId(id), stage.get("name")?.as_str()?))
    })
}
