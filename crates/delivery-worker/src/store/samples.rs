//! What previews and tests are made of: stored events, and stages by id.

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{
    AccountId, Event, EventId, PipelineId, PipelineSummary, StageId, StageKind, StageSummary,
};
use serde_json::Value;

use super::deliveries::find_event_body;
use super::schema::{event_bodies, events as events_table, pipelines};
use crate::matching::record_of;

/// Stages and pipelines that exist, as orders tell of them.
#[derive(Debug, Default)]
pub(crate) struct Places {
    stages: HashMap<StageId, (StageSummary, PipelineSummary)>,
}

impl Places {
    /// A stage and its pipeline.
    pub(crate) fn find(&self, stage: StageId) -> Option<&(StageSummary, PipelineSummary)> {
        self.stages.get(&stage)
    }

    fn put(&mut self, pipeline: &PipelineSummary, stage: &Value) {
        let text = |key| stage.get(key).and_then(Value::as_str);
        let (Some(id), Some(name), Some(kind)) = (
            stage.get("id").and_then(Value::as_i64),
            text("name"),
            text("kind").and_then(StageKind::parse),
        ) else {
            return;
        };
        let summary = StageSummary {
            id: StageId(id),
            name: name.to_owned(),
            kind,
        };
        self.stages.insert(summary.id, (summary, pipeline.clone()));
    }
}

/// The account's stages, out of the replica.
pub(crate) fn list_places(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<Places, DatabaseError> {
    let rows: Vec<(i64, String, Value)> = on_backend!(conn, |c| pipelines::table
        .filter(pipelines::account_id.eq(account_id.0))
        .filter(pipelines::deleted.eq(false))
        .select((pipelines::id, pipelines::name, pipelines::stages))
        .load(c))?;
    let mut places = Places::default();
    for (id, name, stages) in rows {
        let pipeline = PipelineSummary {
            id: PipelineId(id),
            name,
        };
        for stage in stages.as_array().into_iter().flatten() {
            places.put(&pipeline, stage);
        }
    }
    Ok(places)
}

/// Whether an event is still stored just as it was when it was read.
pub(super) fn is_unchanged(
    conn: &mut Connection<'_>,
    id: EventId,
    body: &[u8],
) -> Result<bool, DatabaseError> {
    let stored = find_event_body(conn, id)?;
    Ok(stored.is_some_and(|stored| stored == body))
}

/// In place of the settings' version, of an event that was made up: it met none.
const MET_NO_SETTINGS: i64 = -1;

/// Whether an event was made up, by what it has in place of the settings' version.
pub(super) fn is_made_up(config_version: i64) -> bool {
    config_version == MET_NO_SETTINGS
}

/// Keeps an event that a caller made up, as if it had come and fired nothing.
pub(super) fn insert_sample_event(
    conn: &mut Connection<'_>,
    event: &Event,
    now_us: i64,
) -> Result<(), DatabaseError> {
    let event_type = event.change.event_type();
    let component = event_type.split('.').next().unwrap_or(event_type);
    on_backend!(conn, |c| {
        diesel::insert_into(events_table::table)
            .values((
                events_table::event_id.eq(event.id.as_bytes()),
                events_table::account_id.eq(event.account_id.0),
                events_table::event_type.eq(event_type),
                events_table::component.eq(component),
                events_table::record_id.eq(record_of(&event.change).map(|record| record.id)),
                events_table::revision.eq(event.change.revision()),
                events_table::occurred_at_us.eq(event.occurred_at.0),
                events_table::received_at_us.eq(now_us),
                events_table::matched.eq(0_i64),
                events_table::config_version.eq(MET_NO_SETTINGS),
            ))
            .execute(c)?;
        diesel::insert_into(event_bodies::table)
            .values((
                event_bodies::event_id.eq(event.id.as_bytes()),
                event_bodies::body.eq(event.encode()),
            ))
            .execute(c)?;
    });
    Ok(())
}
