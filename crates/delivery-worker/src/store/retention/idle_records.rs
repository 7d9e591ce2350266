//! What is known of records that have not changed for long.
//!
//! A record that changes again later counts as one that is seen for the first time.

use database::{Connection, DatabaseError, on_backend};
use diesel::RunQueryDsl;

use super::Cutoffs;
use crate::store::record_order::day_of;

/// Records of which nothing is owed, and no change is younger than a day.
const IDLE: &str = "
SELECT r.account_id, r.component, r.record_id FROM record_revisions r
WHERE r.changed_on_us < {day} AND NOT EXISTS (
    SELECT 1 FROM deliveries d WHERE d.account_id = r.account_id
        AND d.component = r.component AND d.record_id = r.record_id AND d.state = 'pending')
ORDER BY r.changed_on_us LIMIT {limit}";

/// Records of which it is not known when they changed.
const UNDATED: &str = "
SELECT r.account_id, r.component, r.record_id FROM record_revisions r
WHERE r.changed_on_us IS NULL LIMIT {limit}";

/// Forgets the revisions of idle records, at most `limit`; returns how many. They are
/// idle if their last change came before events go.
pub(crate) fn clear_idle_records(
    conn: &mut Connection<'_>,
    cutoffs: Cutoffs,
    limit: i64,
) -> Result<usize, DatabaseError> {
    let day_us = day_of(cutoffs.events_us);
    let idle = IDLE
        .replace("{day}", &day_us.to_string())
        .replace("{limit}", &limit.to_string());
    // A record that changed meanwhile is looked at again, and stays.
    let delete = format!(
        "DELETE FROM record_revisions WHERE (account_id, component, record_id) IN ({idle}) \
         AND changed_on_us < {day_us}"
    );
    Ok(on_backend!(conn, |c| diesel::sql_query(&delete).execute(c))?)
}

/// Lets records count as changed today of which it is not known when they did, at most
/// `limit`; returns how many. Workers of an older version do not write it down.
pub(crate) fn date_records(conn: &mut Connection<'_>, limit: i64) -> Result<usize, DatabaseError> {
    let today_us = day_of(conn.now_us()?);
    let undated = UNDATED.replace("{limit}", &limit.to_string());
    let update = format!(
        "UPDATE record_revisions SET changed_on_us = {today_us} \
         WHERE (account_id, component, record_id) IN ({undated}) AND changed_on_us IS NULL"
    );
    Ok(on_backend!(conn, |c| diesel::sql_query(&update).execute(c))?)
}
