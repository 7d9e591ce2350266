//! What an account's integrators can read back (`GET /events`, WIRE 5).

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::AccountId;

use crate::schema::{outbox_bodies, outbox_events};

/// An event of the feed, still encoded.
#[derive(Debug, Clone)]
pub struct FeedRow {
    /// Its place in the service's sequence.
    pub seq: i64,
    /// The event as [`events::Event::decode`] takes it.
    pub body: Vec<u8>,
}

/// Why the feed cannot go on from where the reader stands.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Events after the place asked for are no longer kept.
    #[error("events before {oldest_seq} are no longer kept")]
    Gone {
        /// The first one that still is.
        oldest_seq: i64,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The account's events after `after_seq`, in order, `limit` at most.
///
/// Numbers of other accounts' events are left out, so there are steps between
/// the numbers of one account, but no event of it is missing.
pub fn list(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<FeedRow>, FeedError> {
    let oldest: Option<i64> = on_backend!(conn, |c| outbox_events::table
        .filter(outbox_events::seq.is_not_null())
        .select(outbox_events::seq)
        .order(outbox_events::seq)
        .first::<Option<i64>>(c)
        .optional())
    .map_err(DatabaseError::from)?
    .flatten();
    if let Some(oldest_seq) = oldest
        && after_seq < oldest_seq - 1
    {
        return Err(FeedError::Gone { oldest_seq });
    }
    let rows: Vec<(Option<i64>, Vec<u8>)> = on_backend!(conn, |c| outbox_events::table
        .inner_join(outbox_bodies::table.on(outbox_bodies::position.eq(outbox_events::position)))
        .filter(outbox_events::account_id.eq(account_id.0))
        .filter(outbox_events::seq.gt(after_seq))
        .order(outbox_events::seq)
        .limit(limit)
        .select((outbox_events::seq, outbox_bodies::body))
        .load(c))
    .map_err(DatabaseError::from)?;
    Ok(rows
        .into_iter()
        .filter_map(|(seq, body)| Some(FeedRow { seq: seq?, body }))
        .collect())
}
