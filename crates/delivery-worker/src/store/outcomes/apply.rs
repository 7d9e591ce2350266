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

use super::super::deliveries::is_pending;
use super::super::schema::deliveries;
use super::Detail;
use crate::domain::delivery::{DeliveryId, DeliveryState};
use crate::record::{FirstAnswer, Outcome, OutcomeKind};

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
    let row = deliveries::table.find(outcome.delivery.as_bytes());
    let log = outcome.log.as_ref();
    let after_attempt = log.map(|log| {
        (
            deliveries::attempts.eq(log.number),
            deliveries::settings_version.eq(log.settings_version),
            deliveries::last_attempt_at_us.eq(log.started_at.0),
            deliveries::last_status.eq(log.status),
            deliveries::last_error.eq(outcome.error()),
            deliveries::last_duration_us.eq(log.duration_us),
        )
    });
    let without_attempt = outcome
        .unsent_because
        .as_ref()
        .filter(|_| log.is_none())
        .map(|_| deliveries::last_error.eq(outcome.error()));
    let due = outcome
        .due_again_us(now_us)
        .map(|due_us| deliveries::due_at_us.eq(due_us));
    let common = (
        deliveries::state.eq(outcome.kind.state().as_str()),
        deliveries::worker_id.eq(None::<Vec<u8>>),
        deliveries::finished_at_us.eq(outcome.kind.is_final().then_some(now_us)),
    );
    let updated = match (outcome.kind, kept) {
        (OutcomeKind::Delivered, Some(kept)) => diesel::update(
            row.filter(deliveries::state.ne(DeliveryState::Delivered.as_str()))
                .filter(deliveries::first_attempt.is_null()),
        )
        .set((
            common,
            after_attempt,
            deliveries::first_attempt.eq(kept.attempt),
            deliveries::first_answer.eq(kept.answer),
        ))
        .execute(conn)?,
        (OutcomeKind::Delivered, None) => {
            diesel::update(row.filter(deliveries::state.ne(DeliveryState::Delivered.as_str())))
                .set((common, after_attempt))
                .execute(conn)?
        }
        _ => diesel::update(
            row.filter(deliveries::claim_no.eq(outcome.claim_no))
                .filter(deliveries::worker_id.is_not_null())
                .filter(is_pending()),
        )
        .set((common, after_attempt, without_attempt, due))
        .execute(conn)?,
    };
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
