//! What becomes of the triggers and webhooks of stages and pipelines that are gone.
//!
//! It happens with the pipeline's change, in one transaction under the lock that
//! saving a trigger takes as well: no trigger is left behind.

use std::collections::BTreeMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use events::AccountId;
use serde_json::Value;

use super::config::bump_version;
use super::pipelines::{Gone, list_stages};
use super::schema::webhooks;
use super::webhook_records::decode_settings;
use super::webhook_versions::insert_versions_of;
use crate::domain::filter::Filter;
use crate::domain::stage::AccountStages;
use crate::domain::webhook::WebhookKind;
use crate::domain::webhook_record::{PIPELINE_DELETED, STAGE_DELETED};

/// Rows per statement: SQLite bounds the number of values.
const ROWS_PER_STATEMENT: usize = 500;

/// Why, by the id of the webhook.
type Reasons = BTreeMap<i64, &'static str>;

/// Switches off what could only ever fire for what is gone of the account, and
/// says why. `true` if there was anything. Needs the lock on the configuration.
pub(crate) fn retire_stages(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    gone: &Gone,
    now_us: i64,
) -> Result<bool, DatabaseError> {
    if gone.is_empty() {
        return Ok(false);
    }
    let mut reasons = list_triggers(conn, account_id, gone)?;
    reasons.extend(list_webhooks_without_places(conn, account_id, gone)?);
    if reasons.is_empty() {
        return Ok(false);
    }
    let ids: Vec<i64> = reasons.keys().copied().collect();
    lock_rows(conn, &ids)?;
    let config_version = bump_version(conn)?;
    for reason in [STAGE_DELETED, PIPELINE_DELETED] {
        let ids = reasons.iter().filter(|(_, why)| **why == reason);
        let ids: Vec<i64> = ids.map(|(id, _)| *id).collect();
        for ids in ids.chunks(ROWS_PER_STATEMENT) {
            switch_off(conn, ids, reason, config_version, now_us)?;
            insert_versions_of(conn, ids)?;
        }
    }
    Ok(true)
}

fn list_triggers(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    gone: &Gone,
) -> Result<Reasons, DatabaseError> {
    let gone: Vec<i64> = gone.stages.iter().map(|stage| stage.0).collect();
    let mut found = Reasons::new();
    for stages in gone.chunks(ROWS_PER_STATEMENT) {
        let ids: Vec<i64> = on_backend!(conn, |c| webhooks::table
            .filter(webhooks::account_id.eq(account_id.0))
            .filter(webhooks::stage_id.eq_any(stages))
            .filter(webhooks::deleted_at_us.is_null())
            .select(webhooks::id)
            .load(c))?;
        found.extend(ids.into_iter().map(|id| (id, STAGE_DELETED)));
    }
    Ok(found)
}

/// The plain webhooks whose filter names stages or pipelines, none of which
/// exists any longer.
fn list_webhooks_without_places(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    gone: &Gone,
) -> Result<Reasons, DatabaseError> {
    let rows = list_with_places(conn, account_id)?;
    if rows.is_empty() {
        return Ok(Reasons::new());
    }
    let known = list_stages(conn, account_id)?;
    let reason = |settings: Value| {
        // Settings that cannot be read hold the webhook up anyway.
        let settings = decode_settings(settings).ok()?;
        reason_of(&settings.filter, gone, &known)
    };
    Ok(rows
        .into_iter()
        .filter_map(|(id, settings)| Some((id, reason(settings)?)))
        .collect())
}

/// Settings of the account's plain webhooks that may name stages or pipelines,
/// and have not been found without them before. The others, mostly far more, are
/// not parsed: everybody waits meanwhile.
fn list_with_places(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<Vec<(i64, Value)>, DatabaseError> {
    // The keys of a filter, which are left out where there is nothing. Other
    // text is found as well now and then, and does no harm.
    let names_places = sql::<Bool>(
        "(CAST(webhooks.settings AS TEXT) LIKE '%\"stages\"%' \
         OR CAST(webhooks.settings AS TEXT) LIKE '%\"pipelines\"%')",
    );
    Ok(on_backend!(conn, |c| webhooks::table
        .filter(webhooks::account_id.eq(account_id.0))
        .filter(webhooks::kind.eq(WebhookKind::Webhook.as_str()))
        .filter(webhooks::deleted_at_us.is_null())
        .filter(webhooks::inactive_reason.is_null())
        .filter(names_places)
        .select((webhooks::id, webhooks::settings))
        .load(c))?)
}

/// Why a filter, of which something is gone now, lets nothing through any longer.
fn reason_of(filter: &Filter, gone: &Gone, known: &AccountStages) -> Option<&'static str> {
    let (stages, pipelines) = (&filter.stages, &filter.pipelines);
    if stages.iter().any(|stage| gone.stages.contains(stage))
        && stages.iter().all(|stage| known.find(*stage).is_none())
    {
        return Some(STAGE_DELETED);
    }
    let are_gone = pipelines.iter().any(|it| gone.pipelines.contains(it))
        && pipelines
            .iter()
            .all(|it| known.pipeline_name(*it).is_none());
    are_gone.then_some(PIPELINE_DELETED)
}

/// In one order everywhere, so that two workers never wait for each other: an
/// update alone locks rows as it comes upon them.
fn lock_rows(conn: &mut Connection<'_>, ids: &[i64]) -> Result<(), DatabaseError> {
    // SQLite has one writer, so that they are locked as they are.
    if let Connection::Postgres(c) = conn {
        webhooks::table
            .filter(webhooks::id.eq_any(ids))
            .order(webhooks::id)
            .select(webhooks::id)
            .for_update()
            .load::<i64>(*c)?;
    }
    Ok(())
}

fn switch_off(
    conn: &mut Connection<'_>,
    ids: &[i64],
    reason: &str,
    config_version: i64,
    now_us: i64,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        webhooks::table.filter(webhooks::id.eq_any(ids))
    )
    .set((
        webhooks::active.eq(false),
        webhooks::inactive_reason.eq(reason),
        webhooks::settings_version.eq(webhooks::settings_version + 1),
        webhooks::config_version.eq(config_version),
        webhooks::revision.eq(webhooks::revision + 1),
        webhooks::updated_at_us.eq(now_us),
    ))
    .execute(c))?;
    Ok(())
}

#[cfg(test)]
mod tests;
