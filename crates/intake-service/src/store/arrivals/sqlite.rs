//! Arrivals on SQLite: row by row, since a statement that is prepared already costs next to nothing.

use std::ops::RangeInclusive;

use database::DatabaseError;
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use events::AccountId;

use super::{Entry, NextIds, first_click_since};
use crate::domain::lead::Lead;
use crate::store::leads::LeadColumns;
use crate::store::schema::{intake_bodies, intake_requests, leads};
use crate::taking::{Arrival, Found};

diesel::table! {
    /// The highest id that each table ever had.
    sqlite_sequence (name) {
        name -> Text,
        seq -> BigInt,
    }
}

pub(super) fn look_up(
    conn: &mut SqliteConnection,
    arrival: &Arrival,
) -> Result<Found, DatabaseError> {
    let Some(draft) = arrival.draft() else {
        return Ok(Found::default());
    };
    let phone = draft.phone.as_ref().and_then(|phone| phone.e164());
    let email = draft.email.as_ref().map(|email| email.normalized());
    let (first_id, other_count) = others(conn, arrival.source.account_id, phone, email)?;
    let repeat = match &draft.remote_id {
        Some(id) => leads::table
            .filter(leads::source_id.eq(arrival.source.id.0))
            .filter(leads::remote_id.eq(&id.0))
            .filter(leads::deleted_at_us.is_null())
            .select(leads::id)
            .first(conn)
            .optional()?,
        None => None,
    };
    let replayed = match arrival.replay {
        Some(replay) => intake_requests::table
            .find(replay.request_id.0)
            .select(intake_requests::lead_id)
            .first::<Option<i64>>(conn)
            .optional()?
            .flatten(),
        None => None,
    };
    let double_click = match arrival.fingerprint() {
        Some(fingerprint) => intake_requests::table
            .inner_join(leads::table.on(intake_requests::lead_id.eq(leads::id.nullable())))
            .filter(intake_requests::source_id.eq(arrival.source.id.0))
            .filter(intake_requests::fingerprint.eq(&fingerprint[..]))
            .filter(intake_requests::received_at_us.ge(first_click_since(arrival)))
            .filter(leads::deleted_at_us.is_null())
            .order(intake_requests::id.desc())
            .select(leads::id)
            .first(conn)
            .optional()?,
        None => None,
    };
    Ok(Found {
        repeat: replayed.or(repeat),
        double_click,
        first_id,
        other_count,
    })
}

/// The lowest lead with this phone or email, and how many there are.
fn others(
    conn: &mut SqliteConnection,
    account_id: AccountId,
    phone: Option<&str>,
    email: Option<&str>,
) -> Result<(Option<i64>, i64), DatabaseError> {
    type Counted = (Option<i64>, i64);
    let of_account = || {
        leads::table
            .filter(leads::account_id.eq(account_id.0))
            .filter(leads::deleted_at_us.is_null())
            .select((min(leads::id), count_star()))
    };
    let (mut first, mut count) = (None, 0);
    if let Some(phone) = phone {
        let (lowest, number): Counted = of_account()
            .filter(leads::phone_normalized.eq(phone))
            .first(conn)?;
        (first, count) = (lowest, number);
    }
    if let Some(email) = email {
        let (lowest, number): Counted = of_account()
            .filter(leads::email_normalized.eq(email))
            .first(conn)?;
        let had_both = if first.is_some() && lowest.is_some() {
            let (_, both): Counted = of_account()
                .filter(leads::phone_normalized.eq(phone))
                .filter(leads::email_normalized.eq(email))
                .first(conn)?;
            both
        } else {
            0
        };
        first = [first, lowest].into_iter().flatten().min();
        count += number - had_both;
    }
    Ok((first, count))
}

pub(super) fn next_ids(
    conn: &mut SqliteConnection,
    count: usize,
) -> Result<NextIds, DatabaseError> {
    let mut next = |table: &str| -> Result<Vec<i64>, DatabaseError> {
        let last: Option<i64> = sqlite_sequence::table
            .find(table)
            .select(sqlite_sequence::seq)
            .first(conn)
            .optional()?;
        let last = last.unwrap_or(0);
        let ids: RangeInclusive<i64> = last + 1..=last + i64::try_from(count).unwrap_or(0);
        Ok(ids.collect())
    };
    Ok(NextIds {
        requests: next("intake_requests")?,
        leads: next("leads")?,
    })
}

pub(super) fn insert_entries(
    conn: &mut SqliteConnection,
    entries: &[Entry<'_>],
) -> Result<(), DatabaseError> {
    for entry in entries {
        if entry.arrival.replay.is_some() {
            update_entry(conn, entry)?;
            continue;
        }
        let request = &entry.arrival.request;
        diesel::insert_into(intake_requests::table)
            .values((
                intake_requests::id.eq(entry.request_id),
                intake_requests::account_id.eq(entry.arrival.source.account_id.0),
                intake_requests::source_id.eq(entry.arrival.source.id.0),
                intake_requests::received_at_us.eq(request.received_at.0),
                intake_requests::method.eq(&request.method),
                intake_requests::remote_address.eq(&request.remote_address),
                intake_requests::content_type.eq(request.content_type.as_deref()),
                intake_requests::body_bytes.eq(request.body_bytes),
                intake_requests::outcome.eq(entry.outcome.as_str()),
                intake_requests::status.eq(i64::from(entry.status)),
                intake_requests::error.eq(entry.error),
                intake_requests::lead_id.eq(entry.lead_id),
                intake_requests::fingerprint.eq(entry.arrival.fingerprint().map(|it| &it[..])),
                intake_requests::correlation_id.eq(&request.correlation_id),
            ))
            .execute(conn)?;
        diesel::insert_into(intake_bodies::table)
            .values((
                intake_bodies::request_id.eq(entry.request_id),
                intake_bodies::received_at_us.eq(request.received_at.0),
                intake_bodies::query.eq(&request.query),
                intake_bodies::headers.eq(&request.headers),
                intake_bodies::body.eq(&request.body),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// A request that has its lead keeps it.
pub(super) fn update_entry(
    conn: &mut SqliteConnection,
    entry: &Entry<'_>,
) -> Result<(), DatabaseError> {
    diesel::update(
        intake_requests::table
            .find(entry.request_id)
            .filter(intake_requests::lead_id.is_null()),
    )
    .set((
        intake_requests::outcome.eq(entry.outcome.as_str()),
        intake_requests::status.eq(i64::from(entry.status)),
        intake_requests::error.eq(entry.error),
        intake_requests::lead_id.eq(entry.lead_id),
        intake_requests::replayed_at_us.eq(entry.replayed_at_us),
    ))
    .execute(conn)?;
    Ok(())
}

pub(super) fn insert_leads(
    conn: &mut SqliteConnection,
    rows: &[(AccountId, &Lead)],
) -> Result<(), DatabaseError> {
    for (account_id, lead) in rows {
        diesel::insert_into(leads::table)
            .values((
                leads::id.eq(lead.id.0),
                leads::account_id.eq(account_id.0),
                leads::created_at_us.eq(lead.created_at.0),
                LeadColumns::of(lead),
            ))
            .execute(conn)?;
    }
    Ok(())
}
