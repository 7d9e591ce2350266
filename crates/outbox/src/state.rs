//! The relay's one row: lease and cursor.

use database::{Backend, Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use crate::schema::{outbox_events, relay_state};

/// How far the relay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Everything up to here is confirmed.
    pub published_through: i64,
    /// Events that are not confirmed yet.
    pub waiting: i64,
    /// When the oldest of them was made, microseconds.
    pub oldest_occurred_at_us: Option<i64>,
}

/// Why the cursor was not moved.
#[derive(Debug, thiserror::Error)]
pub enum RewindError {
    /// The cursor only goes back.
    #[error(
        "cannot rewind to {to}: the relay has published through {published_through}; \
         give a number from 0 to {published_through}"
    )]
    OutOfRange {
        /// Asked for.
        to: i64,
        /// Where the cursor stands.
        published_through: i64,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What waits to be published. Costs by how much that is, and not by how much the feed keeps.
pub fn backlog(conn: &mut Connection<'_>) -> Result<Backlog, DatabaseError> {
    let published_through = published_through(conn)?;
    let (waiting, oldest_occurred_at_us) = match conn {
        Connection::Sqlite(c) => {
            let unconfirmed =
                || outbox_events::table.filter(outbox_events::position.gt(published_through));
            let oldest = unconfirmed()
                .order(outbox_events::position)
                .select(outbox_events::occurred_at_us)
                .first(*c)
                .optional()?;
            (unconfirmed().count().get_result(*c)?, oldest)
        }
        Connection::Postgres(c) => {
            let numbered = || outbox_events::table.filter(outbox_events::seq.gt(published_through));
            let unnumbered = || outbox_events::table.filter(outbox_events::seq.is_null());
            let waiting: i64 = numbered().count().get_result(*c)?;
            let not_numbered: i64 = unnumbered().count().get_result(*c)?;
            let oldest: [Option<i64>; 2] = [
                numbered()
                    .order(outbox_events::seq)
                    .select(outbox_events::occurred_at_us)
                    .first(*c)
                    .optional()?,
                unnumbered()
                    .order(outbox_events::position)
                    .select(outbox_events::occurred_at_us)
                    .first(*c)
                    .optional()?,
            ];
            (waiting + not_numbered, oldest.into_iter().flatten().min())
        }
    };
    Ok(Backlog {
        published_through,
        waiting,
        oldest_occurred_at_us,
    })
}

/// Moves the cursor back to `to`, so that everything after it is published once
/// more. For use after a broker or a consumer's database was lost; consumers
/// drop what they know by event id. Returns where the cursor stood.
pub fn rewind(conn: &mut Connection<'_>, to: i64) -> Result<i64, RewindError> {
    let through = published_through(conn)?;
    if !(0..=through).contains(&to) {
        return Err(RewindError::OutOfRange {
            to,
            published_through: through,
        });
    }
    on_backend!(conn, |c| diesel::update(relay_state::table)
        .set((
            relay_state::published_through.eq(to),
            // A relay that runs now loses its lead and starts from the new place.
            relay_state::epoch.eq(relay_state::epoch + 1),
            relay_state::lease_until_us.eq(0),
        ))
        .execute(c))
    .map_err(DatabaseError::from)?;
    Ok(through)
}

/// Whether the tables are there, as they are not in a database that was made anew under a service
/// that runs.
pub fn check(conn: &mut Connection<'_>) -> Result<(), DatabaseError> {
    published_through(conn).map(drop)
}

pub(crate) fn published_through(conn: &mut Connection<'_>) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| relay_state::table
        .select(relay_state::published_through)
        .first(c))?)
}

/// Grows whenever the lead changes hands or the cursor is moved back.
pub(crate) fn epoch(conn: &mut Connection<'_>) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| relay_state::table
        .select(relay_state::epoch)
        .first(c))?)
}

/// Takes the lead if it is free, or still that of the epoch `held`; returns the
/// epoch that it is held under from now on.
pub(crate) fn take_lead(
    conn: &mut Connection<'_>,
    lease_us: i64,
    held: Option<i64>,
) -> Result<Option<i64>, DatabaseError> {
    let now_us = conn.now_us()?;
    // One process at a time has an SQLite file open, so a lease that a killed
    // one left behind holds nobody up.
    let free_at_us = match conn.backend() {
        Backend::Sqlite => i64::MAX,
        Backend::Postgres => now_us,
    };
    Ok(on_backend!(conn, |c| diesel::update(
        relay_state::table.filter(
            relay_state::lease_until_us
                .lt(free_at_us)
                // No epoch is below 0.
                .or(relay_state::epoch.eq(held.unwrap_or(-1)))
        )
    )
    .set((
        relay_state::epoch.eq(relay_state::epoch + 1),
        relay_state::lease_until_us.eq(now_us + lease_us),
    ))
    .returning(relay_state::epoch)
    .get_result(c)
    .optional())?)
}

/// Keeps the lead and saves the cursor; `false` if another has taken over.
pub(crate) fn keep_lead(
    conn: &mut Connection<'_>,
    epoch: i64,
    through: i64,
    lease_us: i64,
) -> Result<bool, DatabaseError> {
    let now_us = conn.now_us()?;
    let updated = on_backend!(conn, |c| diesel::update(
        relay_state::table.filter(relay_state::epoch.eq(epoch))
    )
    .set((
        relay_state::published_through.eq(through),
        relay_state::lease_until_us.eq(now_us + lease_us),
    ))
    .execute(c))?;
    Ok(updated == 1)
}

/// Gives the lead back, so that another replica need not wait for its end.
pub(crate) fn give_lead_back(
    conn: &mut Connection<'_>,
    epoch: i64,
    through: i64,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        relay_state::table.filter(relay_state::epoch.eq(epoch))
    )
    .set((
        relay_state::published_through.eq(through),
        relay_state::lease_until_us.eq(0),
    ))
    .execute(c))?;
    Ok(())
}
