//! The state of each delivery after its attempt.
//!
//! A success wins unless the delivery is delivered already. Anything else
//! counts only for the claim that it was made under: once a delivery is
//! somebody else's, only success is news.

use std::collections::HashSet;

use database::{Connection, DatabaseError, statement};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use prost::Message;

use super::Detail;
use crate::domain::delivery::DeliveryId;
use crate::record::{FirstAnswer, Outcome};

/// What became of the outcomes.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// The deliveries whose outcome counted.
    pub(super) deliveries: HashSet<DeliveryId>,
    /// The claims whose attempt their delivery's row keeps.
    kept: HashSet<(DeliveryId, i64)>,
}

impl Applied {
    /// Whether the delivery's row keeps the attempt, so that the log need not.
    pub(super) fn keeps_attempt_of(&self, outcome: &Outcome) -> bool {
        self.kept.contains(&(outcome.delivery, outcome.claim_no))
    }
}

/// A first attempt that succeeded, as a row keeps it.
struct KeptAttempt {
    attempt: Vec<u8>,
    answer: Option<Vec<u8>>,
}

impl KeptAttempt {
    fn of(outcome: &Outcome, detail: Detail) -> Option<Self> {
        if detail != Detail::Full {
            return None;
        }
        Some(Self {
            attempt: outcome.first_attempt()?.encode_to_vec(),
            answer: outcome
                .log
                .as_ref()
                .and_then(FirstAnswer::of)
                .map(|answer| answer.encode_to_vec()),
        })
    }
}

pub(super) fn apply(
    conn: &mut Connection<'_>,
    outcomes: &[&Outcome],
    detail: Detail,
    now_us: i64,
) -> Result<Applied, DatabaseError> {
    match conn {
        Connection::Sqlite(c) => one_by_one(c, outcomes, detail, now_us),
        Connection::Postgres(c) => all_at_once(c, outcomes, detail, now_us),
    }
}

const ONE: &str = "
UPDATE deliveries SET
    state = ?3,
    worker_id = NULL,
    due_at_us = COALESCE(?4, due_at_us),
    finished_at_us = CASE WHEN ?3 <> 'pending' THEN ?11 END,
    attempts = COALESCE(?5, attempts),
    settings_version = CASE WHEN ?5 IS NULL THEN settings_version ELSE ?6 END,
    last_attempt_at_us = CASE WHEN ?5 IS NULL THEN last_attempt_at_us ELSE ?7 END,
    last_status = CASE WHEN ?5 IS NULL THEN last_status ELSE ?8 END,
    last_error = CASE WHEN ?5 IS NULL THEN COALESCE(?9, last_error) ELSE ?9 END,
    last_duration_us = CASE WHEN ?5 IS NULL THEN last_duration_us ELSE ?10 END,
    first_attempt = COALESCE(?12, first_attempt),
    first_answer = COALESCE(?13, first_answer)
WHERE id = ?1 AND (?12 IS NULL OR first_attempt IS NULL)
    AND CASE WHEN ?3 = 'delivered' THEN state <> 'delivered'
        ELSE state = 'pending' AND claim_no = ?2 AND worker_id IS NOT NULL END";

/// A prepared statement that stays in the process costs least here.
fn one_by_one(
    conn: &mut SqliteConnection,
    outcomes: &[&Outcome],
    detail: Detail,
    now_us: i64,
) -> Result<Applied, DatabaseError> {
    let mut applied = Applied::default();
    for outcome in outcomes {
        let kept = KeptAttempt::of(outcome, detail);
        let is_kept = kept.is_some() && update(conn, outcome, kept, now_us)?;
        if is_kept {
            applied.kept.insert((outcome.delivery, outcome.claim_no));
        }
        if is_kept || update(conn, outcome, None, now_us)? {
            applied.deliveries.insert(outcome.delivery);
        }
    }
    Ok(applied)
}

/// Whether the outcome counted; with `kept`, and if there was room for that.
fn update(
    conn: &mut SqliteConnection,
    outcome: &Outcome,
    kept: Option<KeptAttempt>,
    now_us: i64,
) -> Result<bool, DatabaseError> {
    let log = outcome.log.as_ref();
    let (attempt, answer) = kept.map_or((None, None), |it| (Some(it.attempt), it.answer));
    let updated = statement(ONE)
        .bind::<Binary, _>(outcome.delivery.as_bytes())
        .bind::<BigInt, _>(outcome.claim_no)
        .bind::<Text, _>(outcome.kind.state().as_str())
        .bind::<Nullable<BigInt>, _>(outcome.due_again_us(now_us))
        .bind::<Nullable<BigInt>, _>(log.map(|log| log.number))
        .bind::<Nullable<BigInt>, _>(log.map(|log| log.settings_version))
        .bind::<Nullable<BigInt>, _>(log.map(|log| log.started_at.0))
        .bind::<Nullable<BigInt>, _>(log.and_then(|log| log.status))
        .bind::<Nullable<Text>, _>(outcome.error())
        .bind::<Nullable<BigInt>, _>(log.map(|log| log.duration_us))
        .bind::<BigInt, _>(now_us)
        .bind::<Nullable<Binary>, _>(attempt)
        .bind::<Nullable<Binary>, _>(answer)
        .execute(conn)?;
    Ok(updated == 1)
}

const ALL_AT_ONCE: &str = "
UPDATE deliveries d SET
    state = o.state,
    worker_id = NULL,
    due_at_us = COALESCE(o.due_at_us, d.due_at_us),
    finished_at_us = CASE WHEN o.state <> 'pending' THEN $11 END,
    attempts = COALESCE(o.number, d.attempts),
    settings_version = CASE WHEN o.number IS NULL THEN d.settings_version ELSE o.settings_version END,
    last_attempt_at_us = CASE WHEN o.number IS NULL THEN d.last_attempt_at_us ELSE o.started_at_us END,
    last_status = CASE WHEN o.number IS NULL THEN d.last_status ELSE o.status END,
    last_error = CASE WHEN o.number IS NULL THEN COALESCE(o.error, d.last_error) ELSE o.error END,
    last_duration_us = CASE WHEN o.number IS NULL THEN d.last_duration_us ELSE o.duration_us END,
    first_attempt = COALESCE(d.first_attempt, o.first_attempt),
    first_answer = CASE WHEN d.first_attempt IS NULL THEN o.first_answer ELSE d.first_answer END
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $12, $13)
    AS o (id, claim_no, state, due_at_us, number, settings_version, started_at_us, status, error,
          duration_us, first_attempt, first_answer)
WHERE d.id = o.id
    AND CASE WHEN o.state = 'delivered' THEN d.state <> 'delivered'
        ELSE d.state = 'pending' AND d.claim_no = o.claim_no AND d.worker_id IS NOT NULL END
RETURNING d.id, o.claim_no, o.first_attempt IS NOT NULL AND d.first_attempt = o.first_attempt AS kept";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Binary)]
    id: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    claim_no: i64,
    #[diesel(sql_type = Bool)]
    kept: bool,
}

/// One round trip, however many there are.
fn all_at_once(
    conn: &mut PgConnection,
    outcomes: &[&Outcome],
    detail: Detail,
    now_us: i64,
) -> Result<Applied, DatabaseError> {
    let column = |value: fn(&Outcome) -> Option<i64>| -> Vec<Option<i64>> {
        outcomes.iter().map(|outcome| value(outcome)).collect()
    };
    let ids: Vec<&[u8]> = outcomes.iter().map(|o| o.delivery.as_bytes()).collect();
    let claims: Vec<i64> = outcomes.iter().map(|o| o.claim_no).collect();
    let states: Vec<&str> = outcomes.iter().map(|o| o.kind.state().as_str()).collect();
    let due: Vec<Option<i64>> = outcomes.iter().map(|o| o.due_again_us(now_us)).collect();
    let errors: Vec<Option<String>> = outcomes.iter().map(|o| o.error()).collect();
    let kept: Vec<Option<KeptAttempt>> = outcomes
        .iter()
        .map(|outcome| KeptAttempt::of(outcome, detail))
        .collect();
    let attempts = kept.iter().map(|it| it.as_ref().map(|it| &*it.attempt));
    let answers = kept.iter().map(|it| it.as_ref()?.answer.as_deref());
    let rows: Vec<Row> = statement(ALL_AT_ONCE)
        .bind::<Array<Binary>, _>(ids)
        .bind::<Array<BigInt>, _>(claims)
        .bind::<Array<Text>, _>(states)
        .bind::<Array<Nullable<BigInt>>, _>(due)
        .bind::<Array<Nullable<BigInt>>, _>(column(|o| o.log.as_ref().map(|l| l.number)))
        .bind::<Array<Nullable<BigInt>>, _>(column(|o| o.log.as_ref().map(|l| l.settings_version)))
        .bind::<Array<Nullable<BigInt>>, _>(column(|o| o.log.as_ref().map(|l| l.started_at.0)))
        .bind::<Array<Nullable<BigInt>>, _>(column(|o| o.log.as_ref().and_then(|l| l.status)))
        .bind::<Array<Nullable<Text>>, _>(errors)
        .bind::<Array<Nullable<BigInt>>, _>(column(|o| o.log.as_ref().map(|l| l.duration_us)))
        .bind::<BigInt, _>(now_us)
        .bind::<Array<Nullable<Binary>>, _>(attempts.collect::<Vec<_>>())
        .bind::<Array<Nullable<Binary>>, _>(answers.collect::<Vec<_>>())
        .load(conn)?;
    let mut applied = Applied::default();
    for row in rows {
        let Some(id) = DeliveryId::from_bytes(&row.id) else {
            continue;
        };
        applied.deliveries.insert(id);
        if row.kept {
            applied.kept.insert((id, row.claim_no));
        }
    }
    Ok(applied)
}
