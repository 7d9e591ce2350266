//! The replica of the entity service's pipelines.

use std::collections::HashSet;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{
    AccountId, Action, PipelineChanged, PipelineId, StageId, StageKind, StageSummary, rest,
};
use serde_json::Value;

use super::schema::pipelines;
use crate::domain::stage::AccountStages;

/// What existed until pipelines changed.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    /// Stages that were deleted, by themselves or with their pipeline.
    pub(crate) stages: HashSet<StageId>,
    /// Pipelines that were deleted.
    pub(crate) pipelines: HashSet<PipelineId>,
}

impl Gone {
    /// Whether everything is still there.
    pub(crate) fn is_empty(&self) -> bool {
        self.stages.is_empty() && self.pipelines.is_empty()
    }
}

/// Takes over a pipeline's state unless a newer one is known: messages may
/// come again and out of order. Adds to `gone` what existed and does no longer.
///
/// Nobody else may be writing pipelines: see [`super::config::lock_config`].
pub(crate) fn upsert_pipeline(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    change: &PipelineChanged,
    gone: &mut Gone,
) -> Result<(), DatabaseError> {
    let known = on_backend!(conn, |c| pipelines::table
        .find((account_id.0, change.pipeline.id.0))
        .select((pipelines::revision, pipelines::stages, pipelines::deleted))
        .first::<(i64, Value, bool)>(c)
        .optional())?;
    if let Some((revision, ..)) = &known
        && *revision >= change.revision
    {
        return Ok(());
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

    let Some((_, before, false)) = &known else {
        return Ok(());
    };
    let kept: HashSet<StageId> = if is_deleted {
        gone.pipelines.insert(change.pipeline.id);
        HashSet::new()
    } else {
        let stages = change.pipeline.stages.iter();
        stages.map(|stage| stage.id).collect()
    };
    let before = stages_of(before).map(|stage| stage.id);
    gone.stages
        .extend(before.filter(|stage| !kept.contains(stage)));
    Ok(())
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
    for (id, name, stages) in rows {
        known.insert(PipelineId(id), name, stages_of(&stages));
    }
    Ok(known)
}

/// A pipeline's stages, as they are stored.
pub(crate) fn stages_of(stages: &Value) -> impl Iterator<Item = StageSummary> {
    stages.as_array().into_iter().flatten().filter_map(|stage| {
        let text = |key| stage.get(key).and_then(Value::as_str);
        Some(StageSummary {
            id: StageId(stage.get("id")?.as_i64()?),
            name: text("name")?.to_owned(),
            // Of a kind that this release does not know, it exists all the same.
            kind: text("kind")
                .and_then(StageKind::parse)
                .unwrap_or(StageKind::Open),
        })
    })
}
