//! What PostgreSQL's tables say about a batch.

use database::DatabaseError;
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::column;
use crate::store::arrivals::first_click_since;
use crate::taking::{Arrival, Found};

const CONTACTS: &str = "
SELECT a.place, min(l.id) AS lead_id, count(*) AS number
FROM unnest($1, $2, $3, $4) AS a (place, account_id, phone, email)
CROSS JOIN LATERAL (
    SELECT id FROM leads
    WHERE account_id = a.account_id AND phone_normalized = a.phone AND deleted_at_us IS NULL
    UNION
    SELECT id FROM leads
    WHERE account_id = a.account_id AND email_normalized = a.email AND deleted_at_us IS NULL
) AS l
GROUP BY a.place";

const REMOTE_IDS: &str = "
SELECT a.place, l.id AS lead_id, 1::bigint AS number
FROM unnest($1, $2, $3) AS a (place, source_id, remote_id)
JOIN leads l ON l.source_id = a.source_id AND l.remote_id = a.remote_id
    AND l.deleted_at_us IS NULL";

const DOUBLE_CLICKS: &str = "
SELECT a.place, max(l.id) AS lead_id, 1::bigint AS number
FROM unnest($1, $2, $3, $4) AS a (place, source_id, fingerprint, since)
JOIN intake_requests r ON r.source_id = a.source_id AND r.fingerprint = a.fingerprint
    AND r.received_at_us >= a.since
JOIN leads l ON l.id = r.lead_id AND l.deleted_at_us IS NULL
GROUP BY a.place";

const REPLAYED: &str = "
SELECT a.place, r.lead_id, 1::bigint AS number
FROM unnest($1, $2) AS a (place, request_id)
JOIN intake_requests r ON r.id = a.request_id
WHERE r.lead_id IS NOT NULL";

#[derive(QueryableByName)]
struct FoundRow {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = BigInt)]
    lead_id: i64,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// An arrival and its place in the batch.
type Placed<'a> = (i64, &'a Arrival);

pub(in crate::store::arrivals) fn look_up(
    conn: &mut PgConnection,
    arrivals: &[Arrival],
) -> Result<Vec<Found>, DatabaseError> {
    let mut found = vec![Found::default(); arrivals.len()];
    let placed: Vec<Placed<'_>> = (0_i64..).zip(arrivals).collect();
    let with = |has: fn(&Arrival) -> bool| -> Vec<Placed<'_>> {
        placed.iter().copied().filter(|(_, one)| has(one)).collect()
    };
    let drafts = with(|arrival| arrival.draft().is_some());
    for row in contacts(conn, &drafts)? {
        at(&mut found, &row, |found| {
            found.first_id = Some(row.lead_id);
            found.other_count = row.number;
        });
    }
    let named = with(|arrival| {
        arrival
            .draft()
            .is_some_and(|draft| draft.remote_id.is_some())
    });
    for row in remote_ids(conn, &named)? {
        at(&mut found, &row, |found| found.repeat = Some(row.lead_id));
    }
    for row in replayed(conn, &with(|arrival| arrival.replay.is_some()))? {
        at(&mut found, &row, |found| found.repeat = Some(row.lead_id));
    }
    for row in double_clicks(conn, &with(|arrival| arrival.fingerprint().is_some()))? {
        at(&mut found, &row, |found| {
            found.double_click = Some(row.lead_id)
        });
    }
    Ok(found)
}

fn at(found: &mut [Found], row: &FoundRow, set: impl FnOnce(&mut Found)) {
    let place = usize::try_from(row.place).unwrap_or(usize::MAX);
    if let Some(found) = found.get_mut(place) {
        set(found);
    }
}

fn contacts(conn: &mut PgConnection, rows: &[Placed<'_>]) -> Result<Vec<FoundRow>, DatabaseError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let phone = |arrival: &'_ Arrival| {
        let phone = arrival.draft()?.phone.as_ref()?;
        phone.e164().map(str::to_owned)
    };
    let email = |arrival: &'_ Arrival| {
        let email = arrival.draft()?.email.as_ref()?;
        Some(email.normalized().to_owned())
    };
    Ok(sql_query(CONTACTS)
        .bind::<Array<BigInt>, _>(column(rows, |(place, _)| *place))
        .bind::<Array<BigInt>, _>(column(rows, |(_, one)| one.source.account_id.0))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |(_, one)| phone(one)))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |(_, one)| email(one)))
        .load(conn)?)
}

fn remote_ids(
    conn: &mut PgConnection,
    rows: &[Placed<'_>],
) -> Result<Vec<FoundRow>, DatabaseError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let remote_id = |arrival: &'_ Arrival| {
        let id = arrival.draft()?.remote_id.as_ref()?;
        Some(id.0.clone())
    };
    Ok(sql_query(REMOTE_IDS)
        .bind::<Array<BigInt>, _>(column(rows, |(place, _)| *place))
        .bind::<Array<BigInt>, _>(column(rows, |(_, one)| one.source.id.0))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |(_, one)| remote_id(one)))
        .load(conn)?)
}

fn double_clicks(
    conn: &mut PgConnection,
    rows: &[Placed<'_>],
) -> Result<Vec<FoundRow>, DatabaseError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sql_query(DOUBLE_CLICKS)
        .bind::<Array<BigInt>, _>(column(rows, |(place, _)| *place))
        .bind::<Array<BigInt>, _>(column(rows, |(_, one)| one.source.id.0))
        .bind::<Array<Nullable<Binary>>, _>(column(rows, |(_, one)| {
            one.fingerprint().map(|print| print.to_vec())
        }))
        .bind::<Array<BigInt>, _>(column(rows, |(_, one)| first_click_since(one)))
        .load(conn)?)
}

fn replayed(conn: &mut PgConnection, rows: &[Placed<'_>]) -> Result<Vec<FoundRow>, DatabaseError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sql_query(REPLAYED)
        .bind::<Array<BigInt>, _>(column(rows, |(place, _)| *place))
        .bind::<Array<BigInt>, _>(column(rows, |(_, one)| {
            one.replay.map_or(0, |replay| replay.request_id.0)
        }))
        .load(conn)?)
}
