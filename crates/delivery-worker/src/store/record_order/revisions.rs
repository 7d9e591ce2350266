//! Which revisions of each record have arrived.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use database::{Connection, DatabaseError, on_backend, statement};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel::sqlite::SqliteConnection;
use events::{AccountId, Change, Event};
use serde_json::Value;

use super::columns;
use super::freeing::free_behind_gaps;
use crate::domain::webhook::WebhookId;
use crate::lane::{Component, RecordKey};
use crate::matching::record_of;
use crate::ordering::SeenRevisions;
use crate::store::schema::record_revisions;

type Place = (i64, &'static str, i64);

/// The day of a time, at its beginning (UTC), microseconds: precise enough to tell when
/// a record changed last, and mostly the same as was written down before.
pub(crate) fn day_of(at_us: i64) -> i64 {
    const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
    at_us - at_us.rem_euclid(DAY_US)
}

/// Notes the revisions of these events; returns the webhooks with deliveries
/// that waited for one of them and are due now.
pub(crate) fn note_revisions<'a>(
    conn: &mut Connection<'_>,
    events: impl Iterator<Item = &'a Event>,
    now_us: i64,
) -> Result<Vec<WebhookId>, DatabaseError> {
    let mut arrived: BTreeMap<Place, Vec<i64>> = BTreeMap::new();
    for event in events {
        let mut note = |record: RecordKey, revision| {
            let place = (event.account_id.0, record.component.as_str(), record.id);
            arrived.entry(place).or_default().push(revision);
        };
        match (&event.change, record_of(&event.change)) {
            (Change::TasksOfOrderDeleted(all), _) => {
                for task in &all.tasks {
                    let component = Component::Task;
                    note(
                        RecordKey {
                            component,
                            id: task.id.0,
                        },
                        task.revision,
                    );
                }
            }
            (change, Some(record)) => {
                if let Some(revision) = change.revision() {
                    note(record, revision);
                }
            }
            _ => {}
        }
    }
    if arrived.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<Place> = arrived.keys().copied().collect();
    let known = lock_rows(conn, &places)?;
    let mut changed = Vec::new();
    let mut closed: BTreeMap<i64, Vec<RecordKey>> = BTreeMap::new();
    for (place, revisions) in &arrived {
        let before = known.get(place).cloned().unwrap_or_default();
        let mut seen = before.clone();
        revisions.iter().for_each(|&revision| seen.note(revision));
        if seen == before {
            continue;
        }
        if before.has_gap()
            && seen.through() > before.through()
            && let (account, Some(component), id) = (place.0, Component::parse(place.1), place.2)
        {
            closed
                .entry(account)
                .or_default()
                .push(RecordKey { component, id });
        }
        changed.push((*place, seen));
    }
    update_rows(conn, &changed, now_us)?;
    let mut freed = Vec::new();
    for (account, records) in closed {
        freed.extend(free_behind_gaps(
            conn,
            AccountId(account),
            &records,
            now_us,
        )?);
    }
    Ok(freed)
}

/// What arrived of these records. Of a record that is not there nothing did.
pub(crate) fn list_seen(
    conn: &mut Connection<'_>,
    account: AccountId,
    records: &[RecordKey],
) -> Result<HashMap<RecordKey, SeenRevisions>, DatabaseError> {
    if records.is_empty() {
        return Ok(HashMap::new());
    }
    let (components, ids) = columns(records);
    let rows: Vec<(String, i64, i64, Value)> = on_backend!(conn, |c| record_revisions::table
        .filter(record_revisions::account_id.eq(account.0))
        .filter(record_revisions::component.eq_any(&components))
        .filter(record_revisions::record_id.eq_any(&ids))
        .select((
            record_revisions::component,
            record_revisions::record_id,
            record_revisions::through_revision,
            record_revisions::ahead,
        ))
        .load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(component, id, through, ahead)| {
            let component = Component::parse(&component)?;
            let seen = SeenRevisions::stored(through, &ahead);
            Some((RecordKey { component, id }, seen))
        })
        .collect())
}

/// What is missing before a revision is not waited for any longer; returns it.
pub(crate) fn pass_gap(
    conn: &mut Connection<'_>,
    account: AccountId,
    record: RecordKey,
    revision: i64,
    now_us: i64,
) -> Result<Vec<RangeInclusive<i64>>, DatabaseError> {
    let place = (account.0, record.component.as_str(), record.id);
    let mut seen = lock_rows(conn, &[place])?
        .remove(&place)
        .unwrap_or_default();
    let missing = seen.pass(revision);
    seen.note(revision);
    update_rows(conn, &[(place, seen)], now_us)?;
    Ok(missing)
}

/// Forgets what arrived of an account's records: from here on it is not
/// followed, or was not until here.
pub(crate) fn forget_revisions(
    conn: &mut Connection<'_>,
    account: AccountId,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(
        record_revisions::table.filter(record_revisions::account_id.eq(account.0))
    )
    .execute(c))?;
    Ok(())
}

/// Reads rows, which are made if they are not there, and keeps others from
/// changing them until the transaction ends. The places are in order.
fn lock_rows(
    conn: &mut Connection<'_>,
    places: &[Place],
) -> Result<HashMap<Place, SeenRevisions>, DatabaseError> {
    match conn {
        Connection::Postgres(c) => lock_at_once(c, places),
        // There is one writer.
        Connection::Sqlite(c) => read_one_by_one(c, places),
    }
}

fn read_one_by_one(
    conn: &mut SqliteConnection,
    places: &[Place],
) -> Result<HashMap<Place, SeenRevisions>, DatabaseError> {
    let mut rows = HashMap::with_capacity(places.len());
    for &place in places {
        let row: Option<(i64, Value)> = record_revisions::table
            .find(place)
            .select((record_revisions::through_revision, record_revisions::ahead))
            .first(conn)
            .optional()?;
        if let Some((through, ahead)) = row {
            rows.insert(place, SeenRevisions::stored(through, &ahead));
        }
    }
    Ok(rows)
}

const MAKE: &str = "
INSERT INTO record_revisions (account_id, component, record_id, through_revision, ahead)
SELECT *, 0, '[]' FROM unnest($1, $2, $3)
ON CONFLICT DO NOTHING";

const LOCK: &str = "
SELECT r.account_id, r.component, r.record_id, r.through_revision, r.ahead::text AS ahead
FROM record_revisions r
JOIN unnest($1, $2, $3) AS asked (account_id, component, record_id)
    USING (account_id, component, record_id)
ORDER BY account_id, component, record_id
FOR UPDATE OF r";

const UPDATE: &str = "
UPDATE record_revisions r SET through_revision = n.through_revision, ahead = n.ahead::json,
    changed_on_us = $6
FROM unnest($1, $2, $3, $4, $5)
    AS n (account_id, component, record_id, through_revision, ahead)
WHERE r.account_id = n.account_id AND r.component = n.component AND r.record_id = n.record_id";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    account_id: i64,
    #[diesel(sql_type = Text)]
    component: String,
    #[diesel(sql_type = BigInt)]
    record_id: i64,
    #[diesel(sql_type = BigInt)]
    through_revision: i64,
    #[diesel(sql_type = Text)]
    ahead: String,
}

fn lock_at_once(
    conn: &mut PgConnection,
    places: &[Place],
) -> Result<HashMap<Place, SeenRevisions>, DatabaseError> {
    let accounts: Vec<i64> = places.iter().map(|place| place.0).collect();
    let components: Vec<&str> = places.iter().map(|place| place.1).collect();
    let ids: Vec<i64> = places.iter().map(|place| place.2).collect();
    statement(MAKE)
        .bind::<Array<BigInt>, _>(&accounts)
        .bind::<Array<Text>, _>(&components)
        .bind::<Array<BigInt>, _>(&ids)
        .execute(conn)?;
    let rows: Vec<Row> = statement(LOCK)
        .bind::<Array<BigInt>, _>(&accounts)
        .bind::<Array<Text>, _>(&components)
        .bind::<Array<BigInt>, _>(&ids)
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let component = Component::parse(&row.component)?;
            // What cannot be read counts as not seen, here and there.
            let ahead = serde_json::from_str(&row.ahead).unwrap_or_default();
            let seen = SeenRevisions::stored(row.through_revision, &ahead);
            Some(((row.account_id, component.as_str(), row.record_id), seen))
        })
        .collect())
}

fn update_rows(
    conn: &mut Connection<'_>,
    rows: &[(Place, SeenRevisions)],
    now_us: i64,
) -> Result<(), DatabaseError> {
    if rows.is_empty() {
        return Ok(());
    }
    let changed_on_us = day_of(now_us);
    match conn {
        Connection::Postgres(c) => {
            let column = |value: fn(&(Place, SeenRevisions)) -> i64| -> Vec<i64> {
                rows.iter().map(value).collect()
            };
            let components: Vec<&str> = rows.iter().map(|((_, it, _), _)| *it).collect();
            let ahead: Vec<String> = rows.iter().map(|(_, it)| it.ahead().to_string()).collect();
            statement(UPDATE)
                .bind::<Array<BigInt>, _>(column(|((account, _, _), _)| *account))
                .bind::<Array<Text>, _>(components)
                .bind::<Array<BigInt>, _>(column(|((_, _, id), _)| *id))
                .bind::<Array<BigInt>, _>(column(|(_, seen)| seen.through()))
                .bind::<Array<Text>, _>(ahead)
                .bind::<BigInt, _>(changed_on_us)
                .execute(*c)?;
        }
        Connection::Sqlite(c) => {
            for ((account, component, id), seen) in rows {
                let values = (
                    record_revisions::through_revision.eq(seen.through()),
                    record_revisions::ahead.eq(seen.ahead()),
                    record_revisions::changed_on_us.eq(changed_on_us),
                );
                diesel::insert_into(record_revisions::table)
                    .values((
                        record_revisions::account_id.eq(account),
                        record_revisions::component.eq(component),
                        record_revisions::record_id.eq(id),
                        values.clone(),
                    ))
                    .on_conflict((
                        record_revisions::account_id,
                        record_revisions::component,
                        record_revisions::record_id,
                    ))
                    .do_update()
                    .set(values)
                    .execute(*c)?;
            }
        }
    }
    Ok(())
}
