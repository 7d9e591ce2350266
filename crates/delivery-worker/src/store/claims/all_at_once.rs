//! Claims on PostgreSQL: one round trip for all lanes, however many there are.

use std::collections::HashMap;

use database::{DatabaseError, statement};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl};

use super::{Claimed, ClaimedRow, Claimer, Look, sort_by_due};
use crate::store::columns::column;

/// $1 webhooks, $2 how many of each, $3 now, $4 the worker, $5 whether there
/// are others, $6 where to begin in each.
///
/// It is written so that no plan goes wrong, not even one made while the table was empty,
/// which a connection keeps. Whether another worker has the record is not asked with EXISTS,
/// which may become a table of all that is pending, made anew for each claim; and what is
/// updated is found by its id, for COALESCE hides that an index of what is pending would do.
const CLAIM: &str = "
WITH due AS MATERIALIZED (
    SELECT of_lane.id FROM unnest($1, $2, $6) AS ask (webhook_id, most, from_us), LATERAL (
    SELECT c.id FROM deliveries c
    WHERE c.webhook_id = ask.webhook_id AND c.state = 'pending'
        AND c.due_at_us >= ask.from_us AND c.due_at_us <= $3
        AND (c.worker_id IS NULL OR NOT EXISTS (
            SELECT 1 FROM workers w WHERE w.id = c.worker_id AND w.lease_until_us > $3))
        AND NOT ($5 AND COALESCE((
            SELECT true FROM deliveries o JOIN workers w ON w.id = o.worker_id
            WHERE o.webhook_id = c.webhook_id AND o.record_id = c.record_id
                AND o.component = c.component AND o.state = 'pending'
                AND w.id <> $4 AND w.lease_until_us > $3 LIMIT 1), false))
    ORDER BY c.due_at_us LIMIT ask.most) of_lane)
UPDATE deliveries d SET worker_id = $4, claim_no = d.claim_no + 1
WHERE d.id = ANY (ARRAY(SELECT due.id FROM due)) AND COALESCE(d.state = 'pending', false)
    AND (d.worker_id IS NULL OR NOT EXISTS (
        SELECT 1 FROM workers w WHERE w.id = d.worker_id AND w.lease_until_us > $3))
RETURNING d.webhook_id, d.id, d.event_id, d.component, d.record_id, d.due_at_us, d.attempts,
    d.claim_no, d.expires_at_us, d.send_as";

const NEXT_DUE: &str = "
SELECT ask.webhook_id, (
    SELECT min(d.due_at_us) FROM deliveries d
    WHERE d.webhook_id = ask.webhook_id AND d.state = 'pending' AND d.due_at_us > $2) AS due_at_us
FROM unnest($1) AS ask (webhook_id)";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    webhook_id: i64,
    #[diesel(sql_type = Binary)]
    id: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    event_id: Option<Vec<u8>>,
    #[diesel(sql_type = Text)]
    component: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    record_id: Option<i64>,
    #[diesel(sql_type = BigInt)]
    due_at_us: i64,
    #[diesel(sql_type = BigInt)]
    attempts: i64,
    #[diesel(sql_type = BigInt)]
    claim_no: i64,
    #[diesel(sql_type = BigInt)]
    expires_at_us: i64,
    #[diesel(sql_type = Nullable<Text>)]
    send_as: Option<String>,
}

#[derive(QueryableByName)]
struct NextDue {
    #[diesel(sql_type = BigInt)]
    webhook_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    due_at_us: Option<i64>,
}

/// How many of a lane are claimed, and where the look for them begins.
struct Part {
    webhook: i64,
    most: usize,
    from_us: i64,
}

impl Claimer<'_> {
    fn claim_parts(
        &self,
        conn: &mut PgConnection,
        parts: &[Part],
        claimed: &mut HashMap<i64, Vec<ClaimedRow>>,
    ) -> Result<(), DatabaseError> {
        if parts.is_empty() {
            return Ok(());
        }
        let rows: Vec<Row> = statement(CLAIM)
            .bind::<Array<BigInt>, _>(column(parts, |part| part.webhook))
            .bind::<Array<BigInt>, _>(column(parts, |part| {
                i64::try_from(part.most).unwrap_or(i64::MAX)
            }))
            .bind::<BigInt, _>(self.now_us)
            .bind::<Binary, _>(self.worker)
            .bind::<Bool, _>(self.others)
            .bind::<Array<BigInt>, _>(column(parts, |part| part.from_us))
            .load(conn)?;
        for row in rows {
            let of_lane = claimed.entry(row.webhook_id).or_default();
            of_lane.push(ClaimedRow {
                id: row.id,
                event_id: row.event_id,
                component: row.component,
                record_id: row.record_id,
                due_at_us: row.due_at_us,
                attempts: row.attempts,
                claim_no: row.claim_no,
                expires_at_us: row.expires_at_us,
                send_as: row.send_as,
            });
        }
        Ok(())
    }
}

/// Answers every ask.
pub(super) fn claim(
    conn: &mut PgConnection,
    claimer: &Claimer<'_>,
    looks: &[Look],
) -> Result<Vec<Claimed>, DatabaseError> {
    let mut of_webhook: HashMap<i64, Vec<ClaimedRow>> = HashMap::new();
    let first = looks.iter().map(|&Look { ask, from_us }| Part {
        webhook: ask.webhook.0,
        most: ask.limit,
        from_us: from_us.unwrap_or(i64::MIN),
    });
    claimer.claim_parts(conn, &first.collect::<Vec<_>>(), &mut of_webhook)?;
    let left = |look: &Look, claimed: &HashMap<i64, Vec<ClaimedRow>>| {
        let count = claimed.get(&look.ask.webhook.0).map_or(0, Vec::len);
        look.ask.limit.saturating_sub(count)
    };
    let again = looks.iter().filter(|look| look.from_us.is_some());
    let again = again.map(|look| Part {
        webhook: look.ask.webhook.0,
        most: left(look, &of_webhook),
        from_us: i64::MIN,
    });
    let again: Vec<Part> = again.filter(|part| part.most > 0).collect();
    claimer.claim_parts(conn, &again, &mut of_webhook)?;
    // A lane that got all it asked for asks again at once.
    let unsatisfied: Vec<i64> = looks
        .iter()
        .filter(|look| left(look, &of_webhook) > 0)
        .map(|look| look.ask.webhook.0)
        .collect();
    let next_due = next_due(conn, &unsatisfied, claimer.now_us)?;
    Ok(looks
        .iter()
        .map(|&Look { ask, .. }| {
            let mut rows = of_webhook.remove(&ask.webhook.0).unwrap_or_default();
            sort_by_due(&mut rows);
            Claimed {
                ask,
                rows,
                next_due_us: next_due.get(&ask.webhook.0).copied(),
                gaps: Vec::new(),
                late: Vec::new(),
            }
        })
        .collect())
}

fn next_due(
    conn: &mut PgConnection,
    webhooks: &[i64],
    now_us: i64,
) -> Result<HashMap<i64, i64>, DatabaseError> {
    if webhooks.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<NextDue> = statement(NEXT_DUE)
        .bind::<Array<BigInt>, _>(webhooks)
        .bind::<BigInt, _>(now_us)
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((row.webhook_id, row.due_at_us?)))
        .collect())
}

#[cfg(test)]
mod tests {
    use database::Connection;
    use diesel::connection::SimpleConnection;
    use diesel::sql_query;
    use test_support::TestDatabase;

    use super::*;

    #[derive(QueryableByName)]
    struct PlanLine {
        #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
        text: String,
    }

    /// PostgreSQL only.
    #[tokio::test]
    async fn a_plan_that_was_made_while_the_table_was_empty_serves_a_full_one() {
        let home = TestDatabase::start().await;
        let database = home.open(vec![crate::MIGRATIONS]).await;
        let plan = database
            .write(|conn| {
                let Connection::Postgres(c) = conn else {
                    return Ok(None);
                };
                c.batch_execute(&format!(
                    "PREPARE claim (bigint[], bigint[], bigint, bytea, boolean, bigint[]) AS {CLAIM}"
                ))?;
                let explain = "EXPLAIN EXECUTE claim ('{1}', '{9}', 1, '', true, '{0}')";
                let lines: Vec<PlanLine> = sql_query(explain).load(*c)?;
                Ok::<_, DatabaseError>(Some(lines))
            })
            .await
            .unwrap();
        let Some(plan) = plan else { return };
        let uses: Vec<&str> = plan
            .iter()
            .filter_map(|line| line.text.split_once("Index Scan using ")?.1.split_once(' '))
            .map(|(index, _)| index)
            .filter(|index| index.starts_with("deliveries"))
            .collect();
        let expected = [
            "deliveries_due",
            "deliveries_pending_record",
            "deliveries_pkey",
        ];
        assert_eq!(uses, expected);
    }
}
