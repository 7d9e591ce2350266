//! What webhooks were at each version: never changed and never removed.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, Timestamp};
use serde_json::Value;

use super::schema::{webhook_versions, webhooks};
use crate::domain::webhook::WebhookId;
use crate::domain::webhook_record::WebhookConfig;

/// A version of a webhook to write down.
pub(super) struct NewVersion<'a> {
    pub(super) id: WebhookId,
    pub(super) version: i64,
    pub(super) account_id: AccountId,
    pub(super) config: &'a WebhookConfig,
    /// The settings of `config`, as they are stored.
    pub(super) encoded: &'a Value,
    pub(super) config_version: i64,
    pub(super) now: Timestamp,
}

/// Writes down what a webhook is from now on.
pub(super) fn insert_version(
    conn: &mut Connection<'_>,
    new: &NewVersion<'_>,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::insert_into(webhook_versions::table)
        .values((
            webhook_versions::webhook_id.eq(new.id.0),
            webhook_versions::version.eq(new.version),
            webhook_versions::account_id.eq(new.account_id.0),
            webhook_versions::settings.eq(new.encoded),
            webhook_versions::created_at_us.eq(new.now.0),
            webhook_versions::config_version.eq(new.config_version),
            webhook_versions::name.eq(&new.config.name),
            webhook_versions::active.eq(new.config.active),
        ))
        .execute(c))?;
    Ok(())
}

/// Writes down the rows of these webhooks, just changed and counted up. SQLite bounds how many ids
/// one statement takes.
pub(super) fn insert_versions_of(
    conn: &mut Connection<'_>,
    ids: &[i64],
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::insert_into(webhook_versions::table)
        .values(webhooks::table.filter(webhooks::id.eq_any(ids)).select((
            webhooks::id,
            webhooks::settings_version,
            webhooks::account_id,
            webhooks::settings,
            webhooks::updated_at_us,
            webhooks::config_version,
            webhooks::name,
            webhooks::active.nullable(),
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
        .execute(c))?;
    Ok(())
}

/// The settings of a webhook's version, as they are stored.
pub(crate) fn find_settings(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    version: i64,
) -> Result<Option<Value>, DatabaseError> {
    Ok(on_backend!(conn, |c| webhook_versions::table
        .find((webhook.0, version))
        .select(webhook_versions::settings)
        .first(c)
        .optional())?)
}
