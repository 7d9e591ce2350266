//! Taking events in: the event, its body and its deliveries in one unit.

mod all_at_once;
mod in_turn;
mod one_by_one;

use std::collections::{BTreeMap, HashSet};

use database::{Connection, DatabaseError};
use events::{AccountId, Change, PipelineChanged};

use super::claims::{list_records_of_others, lock_lanes};
use super::config::{find_version_and_time, lock_config};
use super::pipelines::{Gone, upsert_pipeline};
use super::stage_deletion::retire_stages;
use super::workers::has_others;
use crate::domain::delivery::{DeliveryState, Origin};
use crate::domain::webhook::WebhookId;
use crate::ingest::{Arrival, PlannedDelivery};
use crate::lane::RecordKey;

/// Why events were not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    /// Webhooks changed since the events were matched; match again.
    #[error("webhooks changed meanwhile")]
    Stale,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl IngestError {
    /// Whether the events are not at fault.
    pub(crate) fn is_not_theirs(&self) -> bool {
        match self {
            Self::Stale => true,
            Self::Database(error) => error.is_retryable(),
        }
    }
}

/// By whom and under which settings events are taken in.
#[derive(Debug, Clone)]
pub(crate) struct IngestTerms {
    pub(crate) worker: Vec<u8>,
    pub(crate) config_version: i64,
    pub(crate) expire_after_us: i64,
}

/// What was new.
#[derive(Debug)]
pub(crate) struct Ingested {
    /// The database's time, which deliveries without a pause are due at.
    pub(crate) now_us: i64,
    /// Ids of the events that were not known before.
    pub(crate) new_events: HashSet<Vec<u8>>,
    /// Places kept for deliveries that could not be claimed after all: another
    /// worker has their record.
    pub(crate) not_claimed: HashSet<(i64, RecordKey)>,
    /// Webhooks with deliveries that waited for one of these changes and are due
    /// now.
    pub(crate) freed: Vec<WebhookId>,
    /// Whether webhooks were switched off, because their stages are gone.
    pub(crate) changed_webhooks: bool,
}

struct NewEvent<'a> {
    event_id: &'a [u8],
    account_id: i64,
    seq: Option<i64>,
    event_type: &'a str,
    component: &'a str,
    record_id: Option<i64>,
    revision: Option<i64>,
    occurred_at_us: i64,
    received_at_us: i64,
    matched: i64,
    config_version: i64,
}

struct NewBody<'a> {
    event_id: &'a [u8],
    body: &'a [u8],
}

struct NewDelivery<'a> {
    id: &'a [u8],
    account_id: i64,
    webhook_id: i64,
    event_id: Option<&'a [u8]>,
    origin: &'static str,
    state: &'static str,
    event_type: &'a str,
    component: &'a str,
    record_id: Option<i64>,
    revision: Option<i64>,
    due_at_us: i64,
    attempts: i64,
    claim_no: i64,
    worker_id: Option<&'a [u8]>,
    created_at_us: i64,
    expires_at_us: i64,
}

/// Takes a batch in. Events that are known already are left alone.
pub(crate) fn insert_arrivals(
    conn: &mut Connection<'_>,
    terms: &IngestTerms,
    arrivals: &[Arrival],
) -> Result<Ingested, IngestError> {
    let (version, now_us) = find_version_and_time(conn)?;
    if version != terms.config_version {
        return Err(IngestError::Stale);
    }
    let new_events = insert_events(conn, terms, arrivals, now_us)?;
    let new: Vec<&Arrival> = arrivals
        .iter()
        .filter(|arrival| new_events.contains(arrival.event.id.as_bytes()))
        .collect();
    insert_bodies(conn, &new)?;
    lock_lanes_of(conn, &new)?;
    let pipelines = pipelines_of(&new);
    if !pipelines.is_empty() {
        // Before any pipeline is read or written: who saves a trigger looks at them
        // under this lock.
        lock_config(conn)?;
    }
    let not_claimed = records_of_others(conn, &terms.worker, &new, now_us)?;
    let freed = in_turn::note_revisions_of(conn, &new, now_us)?;
    insert_deliveries(conn, terms, &new, &not_claimed, now_us)?;
    in_turn::keep_latest_of(conn, &new, now_us)?;
    let changed_webhooks = upsert_pipelines(conn, &pipelines, now_us)?;
    Ok(Ingested {
        now_us,
        new_events,
        not_claimed,
        freed,
        changed_webhooks,
    })
}

fn pipelines_of<'a>(arrivals: &[&'a Arrival]) -> Vec<(AccountId, &'a PipelineChanged)> {
    arrivals
        .iter()
        .filter_map(|arrival| match &arrival.event.change {
            Change::Pipeline(change) => Some((arrival.event.account_id, change)),
            _ => None,
        })
        .collect()
}

/// Takes pipelines over and switches off what hung on stages that are gone;
/// `true` if there was any. Needs the lock on the configuration.
fn upsert_pipelines(
    conn: &mut Connection<'_>,
    changes: &[(AccountId, &PipelineChanged)],
    now_us: i64,
) -> Result<bool, DatabaseError> {
    let mut gone: BTreeMap<i64, Gone> = BTreeMap::new();
    for &(account, change) in changes {
        upsert_pipeline(conn, account, change, gone.entry(account.0).or_default())?;
    }
    let mut any = false;
    for (account, gone) in &gone {
        any |= retire_stages(conn, AccountId(*account), gone, now_us)?;
    }
    Ok(any)
}

fn insert_events(
    conn: &mut Connection<'_>,
    terms: &IngestTerms,
    arrivals: &[Arrival],
    now_us: i64,
) -> Result<HashSet<Vec<u8>>, DatabaseError> {
    let mut rows: Vec<NewEvent<'_>> = arrivals
        .iter()
        .map(|arrival| NewEvent {
            event_id: arrival.event.id.as_bytes(),
            account_id: arrival.event.account_id.0,
            seq: arrival.seq,
            event_type: arrival.event.change.event_type(),
            component: arrival.component(),
            record_id: arrival.record.map(|record| record.id),
            revision: arrival.event.change.revision(),
            occurred_at_us: arrival.event.occurred_at.0,
            received_at_us: now_us,
            matched: i64::try_from(arrival.deliveries.len()).unwrap_or(i64::MAX),
            config_version: terms.config_version,
        })
        .collect();
    // In one order everywhere, so that two workers never wait for each other.
    rows.sort_unstable_by_key(|row| row.event_id);
    match conn {
        Connection::Postgres(c) => all_at_once::insert_events(c, &rows),
        Connection::Sqlite(c) => one_by_one::insert_events(c, &rows),
    }
}

fn insert_bodies(conn: &mut Connection<'_>, arrivals: &[&Arrival]) -> Result<(), DatabaseError> {
    let rows: Vec<NewBody<'_>> = arrivals
        .iter()
        .filter(|arrival| arrival.keeps_body())
        .map(|arrival| NewBody {
            event_id: arrival.event.id.as_bytes(),
            body: &arrival.body,
        })
        .collect();
    match conn {
        Connection::Postgres(c) => all_at_once::insert_bodies(c, &rows),
        Connection::Sqlite(c) => one_by_one::insert_bodies(c, &rows),
    }
}

/// Keeps others from claiming in lanes where this batch claims, or where what
/// waits depends on it: of an account that follows revisions, in all that want them
/// in order, for what is put aside there may wait for one that fires something else
/// or nothing.
fn lock_lanes_of(conn: &mut Connection<'_>, arrivals: &[&Arrival]) -> Result<(), DatabaseError> {
    let planned = arrivals.iter().flat_map(|arrival| &arrival.deliveries);
    let mut webhooks: Vec<i64> = planned
        .filter(|planned| planned.has_place || planned.keeping.is_some())
        .map(|planned| planned.webhook.0)
        .collect();
    let in_order = arrivals
        .iter()
        .filter_map(|arrival| arrival.in_order.as_ref());
    webhooks.extend(in_order.flat_map(|lanes| lanes.iter().map(|webhook| webhook.0)));
    if webhooks.is_empty() {
        return Ok(());
    }
    webhooks.sort_unstable();
    webhooks.dedup();
    lock_lanes(conn, webhooks.into_iter())
}

/// Which of the places kept have to wait: their record is with another worker.
fn records_of_others(
    conn: &mut Connection<'_>,
    worker: &[u8],
    arrivals: &[&Arrival],
    now_us: i64,
) -> Result<HashSet<(i64, RecordKey)>, DatabaseError> {
    let mut webhooks = Vec::new();
    let mut records = Vec::new();
    for arrival in arrivals {
        let Some(record) = arrival.record else {
            continue;
        };
        let kept = arrival
            .deliveries
            .iter()
            .filter(|planned| planned.has_place);
        let before = webhooks.len();
        webhooks.extend(kept.map(|planned| planned.webhook.0));
        if webhooks.len() > before {
            records.push(record.id);
        }
    }
    if webhooks.is_empty() {
        return Ok(HashSet::new());
    }
    webhooks.sort_unstable();
    webhooks.dedup();
    if !has_others(conn, worker, now_us)? {
        return Ok(HashSet::new());
    }
    records.sort_unstable();
    records.dedup();
    let held = list_records_of_others(conn, worker, &webhooks, &records, now_us)?;
    Ok(held
        .into_iter()
        .filter_map(|(webhook, component, id)| {
            let component = crate::lane::Component::parse(&component)?;
            Some((webhook, RecordKey { component, id }))
        })
        .collect())
}

fn insert_deliveries(
    conn: &mut Connection<'_>,
    terms: &IngestTerms,
    arrivals: &[&Arrival],
    not_claimed: &HashSet<(i64, RecordKey)>,
    now_us: i64,
) -> Result<(), DatabaseError> {
    let new_delivery = |arrival: &'_ Arrival, planned: &'_ PlannedDelivery| {
        let is_claimed = planned.is_claimed(arrival.record, not_claimed);
        (is_claimed, now_us.saturating_add(planned.pause_us))
    };
    let rows: Vec<NewDelivery<'_>> = arrivals
        .iter()
        .flat_map(|arrival| {
            arrival
                .deliveries
                .iter()
                .map(move |planned| (arrival, planned))
        })
        .map(|(arrival, planned)| {
            let (is_claimed, due_at_us) = new_delivery(arrival, planned);
            NewDelivery {
                id: planned.id.as_bytes(),
                account_id: arrival.event.account_id.0,
                webhook_id: planned.webhook.0,
                event_id: Some(arrival.event.id.as_bytes()),
                origin: Origin::Event.as_str(),
                state: DeliveryState::Pending.as_str(),
                event_type: arrival.event.change.event_type(),
                component: arrival.component(),
                record_id: arrival.record.map(|record| record.id),
                revision: arrival.event.change.revision(),
                due_at_us,
                attempts: 0,
                claim_no: i64::from(is_claimed),
                worker_id: is_claimed.then_some(terms.worker.as_slice()),
                created_at_us: now_us,
                expires_at_us: now_us.saturating_add(terms.expire_after_us),
            }
        })
        .collect();
    match conn {
        Connection::Postgres(c) => all_at_once::insert_deliveries(c, &rows),
        Connection::Sqlite(c) => one_by_one::insert_deliveries(c, &rows),
    }
}
