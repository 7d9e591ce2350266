//! What becomes of the triggers and webhooks of stages that are gone.
//!
//! It happens with the pipeline's change, in one transaction under the lock that
//! saving a trigger takes as well: no trigger is left behind.

use std::collections::HashSet;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, StageId};
use serde_json::Value;

use super::config::bump_version;
use super::pipelines::list_stages;
use super::schema::{webhook_versions, webhooks};
use super::webhook_records::decode_settings;
use crate::domain::webhook::WebhookKind;
use crate::domain::webhook_record::STAGE_DELETED;

/// Rows per statement: SQLite bounds the number of values.
const ROWS_PER_STATEMENT: usize = 500;

/// Switches off what could only ever fire for these stages of the account, and
/// says why. `true` if there was anything. Needs the lock on the configuration.
pub(crate) fn retire_stages(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    gone: &HashSet<StageId>,
    now_us: i64,
) -> Result<bool, DatabaseError> {
    if gone.is_empty() {
        return Ok(false);
    }
    let mut ids = list_triggers(conn, account_id, gone)?;
    ids.extend(list_webhooks_without_stages(conn, account_id, gone)?);
    if ids.is_empty() {
        return Ok(false);
    }
    // In one order everywhere, so that two workers never wait for each other.
    ids.sort_unstable();
    let config_version = bump_version(conn)?;
    for ids in ids.chunks(ROWS_PER_STATEMENT) {
        switch_off(conn, ids, config_version, now_us)?;
    }
    Ok(true)
}

fn list_triggers(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    gone: &HashSet<StageId>,
) -> Result<Vec<i64>, DatabaseError> {
    let gone: Vec<i64> = gone.iter().map(|stage| stage.0).collect();
    let mut found = Vec::new();
    for stages in gone.chunks(ROWS_PER_STATEMENT) {
        let ids: Vec<i64> = on_backend!(conn, |c| webhooks::table
            .filter(webhooks::account_id.eq(account_id.0))
            .filter(webhooks::stage_id.eq_any(stages))
            .filter(webhooks::deleted_at_us.is_null())
            .select(webhooks::id)
            .load(c))?;
        found.extend(ids);
    }
    Ok(found)
}

/// The plain webhooks whose filter names stages, none of which exists any longer.
fn list_webhooks_without_stages(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    gone: &HashSet<StageId>,
) -> Result<Vec<i64>, DatabaseError> {
    let rows: Vec<(i64, Value)> = on_backend!(conn, |c| webhooks::table
        .filter(webhooks::account_id.eq(account_id.0))
        .filter(webhooks::kind.eq(WebhookKind::Webhook.as_str()))
        .filter(webhooks::deleted_at_us.is_null())
        .select((webhooks::id, webhooks::settings))
        .load(c))?;
    let known = list_stages(conn, account_id)?;
    let has_none = |settings: Value| {
        // Settings that cannot be read hold the webhook up anyway.
        decode_settings(settings).is_ok_and(|settings| {
            let stages = settings.filter.stages;
            stages.iter().any(|stage| gone.contains(stage))
                && stages.iter().all(|stage| known.find(*stage).is_none())
        })
    };
    Ok(rows
        .into_iter()
        .filter_map(|(id, settings)| has_none(settings).then_some(id))
        .collect())
}

fn switch_off(
    conn: &mut Connection<'_>,
    ids: &[i64],
    config_version: i64,
    now_us: i64,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| {
        diesel::update(webhooks::table.filter(webhooks::id.eq_any(ids)))
            .set((
                webhooks::active.eq(false),
                webhooks::inactive_reason.eq(STAGE_DELETED),
                webhooks::settings_version.eq(webhooks::settings_version + 1),
                webhooks::config_version.eq(config_version),
                webhooks::revision.eq(webhooks::revision + 1),
                webhooks::updated_at_us.eq(now_us),
            ))
            .execute(c)?;
        diesel::insert_into(webhook_versions::table)
            .values(webhooks::table.filter(webhooks::id.eq_any(ids)).select((
                webhooks::id,
                webhooks::settings_version,
                webhooks::account_id,
                webhooks::settings,
                webhooks::updated_at_us,
                webhooks::config_version,
                webhooks::name,
                webhooks::active,
            )))
            .into_columns((
                webhook_versions::webhook_id,
                webhook_versions::version,
                webhook_versions::account_id,
                webhook_versions::settings,
                webhook_versions::created_at_us,
                webhook_versions::config_version,
                webhook_versions::name,
                webhook_versions::active,
            ))
            .execute(c)?;
        Ok(())
    })
}
