//! What delivery workers know of changes that the entity service lost with its backup.

use std::collections::{BTreeMap, HashSet};

use database::DatabaseError;
use delivery_worker::recovery::{KnownChange, KnownPipeline, list_changes_beyond, list_pipelines};
use entity_service::recovery::{KnownRecord, Standing, compare};
use events::EventId;

use super::Recovery;

/// How many changes one read takes.
const BATCH: i64 = 10_000;
/// How many records are compared in one read.
const RECORDS: usize = 500;

/// Changes that were made and are not there any more.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// How many, by what happened to what.
    pub(super) changes: BTreeMap<String, u64>,
    /// When the first and the last of them happened, microseconds.
    pub(super) between_us: Option<(i64, i64)>,
    /// Records that are there in an older state.
    pub(super) older: Vec<KnownRecord>,
    /// Records that are there, and were deleted.
    pub(super) returned: Vec<KnownRecord>,
    /// Records that are not there.
    pub(super) missing: Vec<KnownRecord>,
}

impl Lost {
    /// Reads what has a number beyond the last that the service gave; what it still has to number
    /// is not lost.
    pub(super) async fn read(
        of: &Recovery,
        last_seq: i64,
        unnumbered: &HashSet<EventId>,
    ) -> Result<Self, DatabaseError> {
        let mut lost = Self::default();
        let mut records = BTreeMap::new();
        let mut after = None;
        loop {
            let changes = of
                .delivery
                .read(move |conn| list_changes_beyond(conn, last_seq, after, BATCH))
                .await?;
            let Some(last) = changes.last() else { break };
            after = Some(last.event_id);
            for change in changes {
                if !unnumbered.contains(&change.event_id) {
                    lost.count(&change);
                    note(&mut records, &change);
                }
            }
        }
        let mut records: Vec<KnownRecord> = records.into_values().collect();
        records.extend(
            of.delivery
                .read(list_pipelines)
                .await?
                .into_iter()
                .map(known),
        );
        for some in records.chunks(RECORDS) {
            let compared = some.to_vec();
            let standings = of
                .entity
                .read(move |conn| {
                    let standings = compared.iter().map(|record| compare(conn, record));
                    standings.collect::<Result<Vec<_>, DatabaseError>>()
                })
                .await?;
            for (record, standing) in some.iter().zip(standings) {
                match standing {
                    Standing::Older => lost.older.push(record.clone()),
                    Standing::Returned => lost.returned.push(record.clone()),
                    Standing::Missing => lost.missing.push(record.clone()),
                    Standing::Known => {}
                }
            }
        }
        Ok(lost)
    }

    /// Records that the entity service carries on with; of what is missing only pipelines, whose
    /// end has to be told.
    pub(super) fn to_carry_on(&self) -> Vec<KnownRecord> {
        let pipelines = self.missing.iter().filter(|it| it.component == "pipeline");
        let there = self.older.iter().chain(&self.returned);
        there.chain(pipelines).cloned().collect()
    }

    fn count(&mut self, change: &KnownChange) {
        *self.changes.entry(change.event_type.clone()).or_default() += 1;
        let at_us = change.occurred_at_us;
        let (first, last) = self.between_us.unwrap_or((at_us, at_us));
        self.between_us = Some((first.min(at_us), last.max(at_us)));
    }
}

/// Events of pipelines name no record; workers keep what they are.
fn known(pipeline: KnownPipeline) -> KnownRecord {
    KnownRecord {
        account_id: pipeline.account_id,
        component: "pipeline".to_owned(),
        id: pipeline.id,
        revision: pipeline.revision,
        is_deleted: pipeline.is_deleted,
    }
}

/// Keeps the newest state of each record.
fn note(records: &mut BTreeMap<(i64, String, i64), KnownRecord>, change: &KnownChange) {
    let (Some(id), Some(revision)) = (change.record_id, change.revision) else {
        return;
    };
    let key = (change.account_id, change.component.clone(), id);
    let is_newest = records
        .get(&key)
        .is_none_or(|known| known.revision < revision);
    if is_newest {
        let record = KnownRecord {
            account_id: change.account_id,
            component: change.component.clone(),
            id,
            revision,
            is_deleted: change.event_type.ends_with(".delete"),
        };
        records.insert(key, record);
    }
}
