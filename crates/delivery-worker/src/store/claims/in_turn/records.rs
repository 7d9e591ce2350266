//! What is known of the records of deliveries that are due.

use std::collections::{HashMap, HashSet};

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::{Candidate, Claim, records_of};
use crate::domain::delivery::{DeliveryId, TIME_BYTES};
use crate::domain::webhook::WebhookId;
use crate::lane::{Component, RecordKey};
use crate::ordering::{Keeping, RecordNow};
use crate::store::record_order::{list_delivered, list_seen};

/// How much older than a delivery a newer change's may be by its id: clocks of
/// several services make ids.
const ID_SKEW_MS: u64 = 60_000;

/// How many of a record's deliveries are looked at for one that is under way. It was the
/// first of all, or the first live one, when it was claimed; only what came too late has
/// been put before it since.
const MAY_BE_UNDER_WAY: usize = 64;

/// What is known of the records of these deliveries.
///
/// The revisions come first: a delivery that came with one of them is there when
/// the deliveries are looked at.
pub(super) fn read_records(
    conn: &mut Connection<'_>,
    claim: &Claim<'_>,
    candidates: &[Candidate],
) -> Result<HashMap<RecordKey, RecordNow>, DatabaseError> {
    let keys = records_of(candidates);
    let mut records: HashMap<RecordKey, RecordNow> = HashMap::with_capacity(keys.len());
    if keys.is_empty() {
        return Ok(records);
    }
    if claim.lane.keeping == Keeping::InOrder {
        for (key, seen) in list_seen(conn, claim.lane.account, &keys)? {
            records.entry(key).or_default().seen = Some(seen);
        }
    }
    let webhook = claim.ask.webhook;
    for row in list_pending(conn, webhook, &keys, claim.now_us)? {
        let Some(component) = Component::parse(&row.component) else {
            continue;
        };
        let id = row.record_id;
        let record = records.entry(RecordKey { component, id }).or_default();
        (record.first, record.first_live) = (row.first, row.first_live);
        record.is_busy = row.is_busy;
    }
    let new = || candidates.iter().filter(|it| it.waiter(0).is_new);
    let oldest = new().map(|it| it.id.as_slice()).min();
    let new: HashSet<RecordKey> = new().filter_map(Candidate::record).collect();
    let new: Vec<RecordKey> = new.into_iter().collect();
    let since = oldest.and_then(DeliveryId::from_bytes).map(before_skew);
    for (key, revision) in list_delivered(conn, claim.lane.account, webhook, &new, since)? {
        records.entry(key).or_default().delivered = Some(revision);
    }
    Ok(records)
}

/// The least id that a delivery of a newer change can have.
fn before_skew(id: DeliveryId) -> DeliveryId {
    let mut since = id.0.as_u128() >> (128 - 8 * TIME_BYTES);
    since = since.saturating_sub(ID_SKEW_MS.into());
    DeliveryId(uuid::Uuid::from_u128(since << (128 - 8 * TIME_BYTES)))
}

#[derive(QueryableByName)]
struct Pending {
    #[diesel(sql_type = Text)]
    component: String,
    #[diesel(sql_type = BigInt)]
    record_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    first: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    first_live: Option<i64>,
    #[diesel(sql_type = Bool)]
    is_busy: bool,
}

/// The lowest revision of each record that is not over, and of those that are live, and
/// whether one is under way, here or elsewhere. Each is a look into the index that is
/// as short however many wait.
fn list_pending(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    keys: &[RecordKey],
    now_us: i64,
) -> Result<Vec<Pending>, DatabaseError> {
    let asked: Vec<String> = keys
        .iter()
        .map(|key| format!("('{}', CAST({} AS BIGINT))", key.component.as_str(), key.id))
        .collect();
    let lowest = |column: &str, which: &str, limit: usize| {
        format!(
            "SELECT d.{column} FROM deliveries d WHERE d.webhook_id = {} \
             AND d.record_id = k.record_id AND d.component = k.component \
             AND d.state = 'pending' {which} ORDER BY d.revision LIMIT {limit}",
            webhook.0
        )
    };
    const LIVE: &str = "AND d.origin = 'event'";
    let is_busy = |which: &str| {
        format!(
            "EXISTS (SELECT 1 FROM ({}) AS lowest JOIN workers w ON w.id = lowest.worker_id \
             WHERE w.lease_until_us > {now_us})",
            lowest("worker_id", which, MAY_BE_UNDER_WAY)
        )
    };
    let query = format!(
        "WITH k (component, record_id) AS (VALUES {}) \
         SELECT k.component AS component, k.record_id AS record_id, ({}) AS first, \
         ({}) AS first_live, ({} OR {}) AS is_busy FROM k",
        asked.join(", "),
        lowest("revision", "", 1),
        lowest("revision", LIVE, 1),
        is_busy(""),
        is_busy(LIVE),
    );
    Ok(on_backend!(conn, |c| diesel::sql_query(&query).load(c))?)
}
