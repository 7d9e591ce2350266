//! Going on from a backup: a database that was set back would give numbers a second time that
//! others know already, and what they lost with a backup of theirs has to be published again.

use std::collections::HashSet;

use database::{Connection, DatabaseError, identities, on_backend};
use diesel::dsl::{exists, max};
use diesel::prelude::*;
use events::EventId;

use crate::audit::read_id;
use crate::schema::{erasures, inbox_events, outbox_events, relay_state, skipped_numbers};

/// Numbers that no event has and none will have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// The first of them.
    pub first: i64,
    /// The last of them.
    pub last: i64,
}

/// The last number that was given or left out.
///
/// # Errors
/// Database failures.
pub fn last_number(conn: &mut Connection<'_>) -> Result<i64, DatabaseError> {
    match conn {
        Connection::Sqlite(_) => {
            let given = identities::list(conn)?;
            let outbox = given.iter().find(|it| it.table == "outbox_events");
            Ok(outbox.map_or(0, |it| it.last))
        }
        Connection::Postgres(c) => {
            Ok(relay_state::table.select(relay_state::last_seq).first(*c)?)
        }
    }
}

/// Leaves out all numbers up to `through`; `None` if they were given already.
///
/// No relay may be running.
///
/// # Errors
/// Database failures.
pub fn skip_numbers(
    conn: &mut Connection<'_>,
    through: i64,
) -> Result<Option<Skipped>, DatabaseError> {
    let skipped = Skipped {
        first: last_number(conn)? + 1,
        last: through,
    };
    if skipped.last < skipped.first {
        return Ok(None);
    }
    match conn {
        Connection::Sqlite(_) => identities::raise(conn, "outbox_events", through)?,
        Connection::Postgres(c) => {
            diesel::update(relay_state::table)
                .set(relay_state::last_seq.eq(through))
                .execute(*c)?;
        }
    }
    let now_us = conn.now_us()?;
    on_backend!(conn, |c| diesel::insert_into(skipped_numbers::table)
        .values((
            skipped_numbers::first_seq.eq(skipped.first),
            skipped_numbers::last_seq.eq(skipped.last),
            skipped_numbers::skipped_at_us.eq(now_us),
        ))
        .execute(c))?;
    Ok(Some(skipped))
}

/// All numbers that were left out, in order.
///
/// # Errors
/// Database failures.
pub fn list_skipped(conn: &mut Connection<'_>) -> Result<Vec<Skipped>, DatabaseError> {
    let rows: Vec<(i64, i64)> = on_backend!(conn, |c| skipped_numbers::table
        .order(skipped_numbers::first_seq)
        .select((skipped_numbers::first_seq, skipped_numbers::last_seq))
        .load(c))?;
    let skipped = rows
        .into_iter()
        .map(|(first, last)| Skipped { first, last });
    Ok(skipped.collect())
}

/// Whether a relay may be running: its lease has not ended.
///
/// # Errors
/// Database failures.
pub fn is_led(conn: &mut Connection<'_>) -> Result<bool, DatabaseError> {
    let now_us = conn.now_us()?;
    let led = relay_state::table.filter(relay_state::lease_until_us.gt(now_us));
    Ok(on_backend!(conn, |c| diesel::select(exists(led)).get_result(c))?)
}

/// The events that have no number yet.
///
/// # Errors
/// Database failures; [`DatabaseError::Refused`] for an id that is none.
pub fn list_unnumbered(conn: &mut Connection<'_>) -> Result<HashSet<EventId>, DatabaseError> {
    let Connection::Postgres(c) = conn else {
        return Ok(HashSet::new());
    };
    let rows: Vec<Vec<u8>> = outbox_events::table
        .filter(outbox_events::seq.is_null())
        .select(outbox_events::event_id)
        .load(*c)?;
    rows.iter().map(|id| read_id(id)).collect()
}

/// The last published event of before `moment_us`, by when it happened; 0 if none is kept.
///
/// # Errors
/// Database failures.
pub fn last_published_before(
    conn: &mut Connection<'_>,
    moment_us: i64,
) -> Result<i64, DatabaseError> {
    let through = crate::state::published_through(conn)?;
    let last: Option<i64> = match conn {
        Connection::Sqlite(c) => outbox_events::table
            .filter(outbox_events::position.le(through))
            .filter(outbox_events::occurred_at_us.lt(moment_us))
            .select(max(outbox_events::position))
            .first(*c)?,
        Connection::Postgres(c) => outbox_events::table
            .filter(outbox_events::seq.le(through))
            .filter(outbox_events::occurred_at_us.lt(moment_us))
            .select(max(outbox_events::seq))
            .first(*c)?,
    };
    Ok(last.unwrap_or(0))
}

/// When the newest event of the [inbox](crate::inbox) was taken in, microseconds.
///
/// # Errors
/// Database failures.
pub fn last_taken_in(conn: &mut Connection<'_>) -> Result<Option<i64>, DatabaseError> {
    Ok(on_backend!(conn, |c| inbox_events::table
        .select(max(inbox_events::received_at_us))
        .first(c))?)
}

/// A person asked to be forgotten. Who it was is not known any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownErasure {
    /// The event that told of it.
    pub event_id: Vec<u8>,
    /// Whose records told of them.
    pub account_id: i64,
    /// When, microseconds.
    pub requested_at_us: i64,
}

/// All people who asked to be forgotten, as far as this service heard of it.
///
/// # Errors
/// Database failures.
pub fn list_erasures(conn: &mut Connection<'_>) -> Result<Vec<KnownErasure>, DatabaseError> {
    let rows: Vec<(Vec<u8>, i64, i64)> = on_backend!(conn, |c| erasures::table
        .select((
            erasures::event_id,
            erasures::account_id,
            erasures::requested_at_us,
        ))
        .load(c))?;
    let known = rows
        .into_iter()
        .map(|(event_id, account_id, requested_at_us)| KnownErasure {
            event_id,
            account_id,
            requested_at_us,
        });
    Ok(known.collect())
}
