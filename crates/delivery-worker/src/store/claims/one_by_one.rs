//! Claims on SQLite: a prepared statement that stays in the process costs little, so
//! one lane comes after the other.

use database::{DatabaseError, statement};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable};
use diesel::sqlite::SqliteConnection;

use super::{Claimed, ClaimedRow, Claimer, Look, sort_by_due};
use crate::domain::webhook::WebhookId;

/// ?1 the webhook, ?2 how many, ?3 now, ?4 the worker, ?5 whether there are others, ?6 where
/// to begin.
const CLAIM: &str = "
UPDATE deliveries SET worker_id = ?4, claim_no = claim_no + 1, held_for = NULL
WHERE id IN (
    SELECT c.id FROM deliveries c
    WHERE c.webhook_id = ?1 AND c.state = 'pending' AND c.due_at_us >= ?6 AND c.due_at_us <= ?3
        AND (c.worker_id IS NULL OR NOT EXISTS (
            SELECT 1 FROM workers w WHERE w.id = c.worker_id AND w.lease_until_us > ?3))
        AND NOT (?5 AND EXISTS (
            SELECT 1 FROM deliveries o JOIN workers w ON w.id = o.worker_id
            WHERE o.webhook_id = c.webhook_id AND o.record_id = c.record_id
                AND o.component = c.component AND o.state = 'pending'
                AND w.id <> ?4 AND w.lease_until_us > ?3))
    ORDER BY c.due_at_us LIMIT ?2)
RETURNING id, event_id, component, record_id, due_at_us, attempts, claim_no, expires_at_us,
    send_as";

const NEXT_DUE: &str = "
SELECT min(due_at_us) AS due_at_us FROM deliveries
WHERE webhook_id = ?1 AND state = 'pending' AND due_at_us > ?2";

#[derive(QueryableByName)]
struct NextDue {
    #[diesel(sql_type = Nullable<BigInt>)]
    due_at_us: Option<i64>,
}

impl Claimer<'_> {
    fn claim_of_lane(
        &self,
        conn: &mut SqliteConnection,
        webhook: WebhookId,
        most: usize,
        from_us: i64,
    ) -> Result<Vec<ClaimedRow>, DatabaseError> {
        Ok(statement(CLAIM)
            .bind::<BigInt, _>(webhook.0)
            .bind::<BigInt, _>(i64::try_from(most).unwrap_or(i64::MAX))
            .bind::<BigInt, _>(self.now_us)
            .bind::<Binary, _>(self.worker)
            .bind::<Bool, _>(self.others)
            .bind::<BigInt, _>(from_us)
            .load(conn)?)
    }
}

/// Answers every ask.
pub(super) fn claim(
    conn: &mut SqliteConnection,
    claimer: &Claimer<'_>,
    looks: &[Look],
) -> Result<Vec<Claimed>, DatabaseError> {
    let claims = looks.iter().map(|&Look { ask, from_us }| {
        let mut rows = Vec::new();
        if let Some(from_us) = from_us {
            rows = claimer.claim_of_lane(conn, ask.webhook, ask.limit, from_us)?;
        }
        if rows.len() < ask.limit {
            let left = ask.limit - rows.len();
            rows.extend(claimer.claim_of_lane(conn, ask.webhook, left, i64::MIN)?);
        }
        sort_by_due(&mut rows);
        // A lane that got all it asked for asks again at once.
        let next_due_us = if rows.len() < ask.limit {
            find_next_due(conn, ask.webhook, claimer.now_us)?
        } else {
            None
        };
        Ok(Claimed {
            ask,
            rows,
            next_due_us,
            gaps: Vec::new(),
            late: Vec::new(),
        })
    });
    claims.collect()
}

fn find_next_due(
    conn: &mut SqliteConnection,
    webhook: WebhookId,
    now_us: i64,
) -> Result<Option<i64>, DatabaseError> {
    let next: NextDue = statement(NEXT_DUE)
        .bind::<BigInt, _>(webhook.0)
        .bind::<BigInt, _>(now_us)
        .get_result(conn)?;
    Ok(next.due_at_us)
}
