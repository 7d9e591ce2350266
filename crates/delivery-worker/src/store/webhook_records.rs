//! Rows of webhooks, as the API reads and writes them.
//!
//! Every change of a webhook counts `webhook_config` up in the same transaction:
//! workers notice a change by that number.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use diesel::result::Error;
use events::{AccountId, Timestamp};
use serde_json::Value;

use super::config::{bump_version, lock_config};
use super::record_order::{forget_revisions, free_held};
use super::schema::{webhook_lanes, webhooks};
use super::webhook_keys::{KeysRow, update_keys};
use super::webhook_versions::{NewVersion, insert_version};
use crate::domain::webhook::{WebhookId, WebhookKind, WebhookSettings};
use crate::domain::webhook_record::{Standing, Webhook, WebhookConfig};
use crate::secret::SealedKeys;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = webhooks)]
pub(super) struct RecordRow {
    pub(super) id: i64,
    name: String,
    active: bool,
    settings_version: i64,
    settings: Value,
    #[diesel(embed)]
    keys: KeysRow,
    revision: i64,
    created_at_us: i64,
    updated_at_us: i64,
    inactive_reason: Option<String>,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = webhook_lanes)]
pub(super) struct StandingRow {
    paused_until_us: Option<i64>,
    paused_at_us: Option<i64>,
    open_until_us: Option<i64>,
    failures: i64,
    disabled_at_us: Option<i64>,
    disabled_reason: Option<String>,
}

impl From<StandingRow> for Standing {
    fn from(row: StandingRow) -> Self {
        Self {
            disabled_at: row.disabled_at_us.map(Timestamp),
            disabled_reason: row.disabled_reason,
            paused_at: row.paused_at_us.map(Timestamp),
            paused_until: row.paused_until_us.map(Timestamp),
            open_until: row.open_until_us.map(Timestamp),
            failures_in_a_row: row.failures,
        }
    }
}

/// A webhook and its keys, still sealed.
#[derive(Debug, Clone)]
pub(crate) struct StoredWebhook {
    /// The webhook.
    pub(crate) webhook: Webhook,
    /// They open with the account and the id.
    pub(crate) keys: SealedKeys,
}

impl TryFrom<(RecordRow, StandingRow)> for StoredWebhook {
    type Error = DatabaseError;

    fn try_from((row, standing): (RecordRow, StandingRow)) -> Result<Self, DatabaseError> {
        let keys = row.keys.read().map_err(unreadable)?;
        let webhook = Webhook {
            id: WebhookId(row.id),
            config: WebhookConfig {
                name: row.name,
                active: row.active,
                settings: decode_settings(row.settings)?,
            },
            settings_version: row.settings_version,
            revision: row.revision,
            standing: standing.into(),
            inactive_reason: row.inactive_reason,
            public_keys: keys.public_keys(),
            created_at: Timestamp(row.created_at_us),
            updated_at: Timestamp(row.updated_at_us),
        };
        Ok(Self { webhook, keys })
    }
}

/// The account's webhooks of one kind with what holds them up.
macro_rules! live_webhooks {
    ($account_id:expr, $kind:expr) => {
        webhooks::table
            .inner_join(webhook_lanes::table.on(webhook_lanes::webhook_id.eq(webhooks::id)))
            .filter(webhooks::account_id.eq($account_id.0))
            .filter(webhooks::kind.eq($kind.as_str()))
            .filter(webhooks::deleted_at_us.is_null())
            .select((RecordRow::as_select(), StandingRow::as_select()))
    };
}
pub(super) use live_webhooks;

/// The webhook of this kind, if it is the account's and not deleted.
pub(crate) fn find_webhook(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    kind: WebhookKind,
    id: WebhookId,
) -> Result<Option<StoredWebhook>, DatabaseError> {
    let row: Option<(RecordRow, StandingRow)> =
        on_backend!(conn, |c| live_webhooks!(account_id, kind)
            .filter(webhooks::id.eq(id.0))
            .first(c)
            .optional())?;
    row.map(TryFrom::try_from).transpose()
}

/// As [`find_webhook`], and nobody else changes it until the transaction ends.
///
/// Recording outcomes locks a lane, then the webhook; so does this, or the two
/// could wait for each other.
pub(crate) fn lock_webhook(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    kind: WebhookKind,
    id: WebhookId,
) -> Result<Option<StoredWebhook>, DatabaseError> {
    if find_webhook(conn, account_id, kind, id)?.is_none() {
        return Ok(None);
    }
    // SQLite has one writer, so that it is locked as it is.
    if let Connection::Postgres(c) = conn {
        webhook_lanes::table
            .find(id.0)
            .select(webhook_lanes::webhook_id)
            .for_update()
            .first::<i64>(*c)?;
    }
    lock_config(conn)?;
    if let Connection::Postgres(c) = conn {
        webhooks::table
            .find(id.0)
            .select(webhooks::id)
            .for_update()
            .first::<i64>(*c)?;
    }
    find_webhook(conn, account_id, kind, id)
}

/// How many webhooks and triggers the account has.
pub(crate) fn count_webhooks(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| webhooks::table
        .filter(webhooks::account_id.eq(account_id.0))
        .filter(webhooks::deleted_at_us.is_null())
        .count()
        .get_result(c))?)
}

/// Adds a webhook at version and revision 1. `seal` gets the new id, to which the
/// sealed keys are bound.
pub(crate) fn insert_webhook<E: From<DatabaseError>>(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    config: &WebhookConfig,
    now: Timestamp,
    seal: impl FnOnce(WebhookId) -> Result<SealedKeys, E>,
) -> Result<StoredWebhook, E> {
    let encoded = encode_settings(&config.settings)?;
    let config_version = bump_version(conn)?;
    if config.settings.ordered && !wants_order(conn, account_id)? {
        forget_revisions(conn, account_id)?;
    }
    let id = insert_row(conn, account_id, config, &encoded, config_version, now)?;
    let keys = seal(id)?;
    finish_insert(conn, account_id, id, &keys)?;
    let first = NewVersion {
        id,
        version: 1,
        account_id,
        config,
        encoded: &encoded,
        config_version,
        now,
    };
    insert_version(conn, &first)?;
    let webhook = Webhook {
        id,
        config: config.clone(),
        settings_version: 1,
        revision: 1,
        standing: Standing::default(),
        inactive_reason: None,
        public_keys: keys.public_keys(),
        created_at: now,
        updated_at: now,
    };
    Ok(StoredWebhook { webhook, keys })
}

fn insert_row(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    config: &WebhookConfig,
    encoded: &Value,
    config_version: i64,
    now: Timestamp,
) -> Result<WebhookId, DatabaseError> {
    let id: i64 = on_backend!(conn, |c| diesel::insert_into(webhooks::table)
        .values((
            webhooks::account_id.eq(account_id.0),
            webhooks::kind.eq(config.settings.kind().as_str()),
            webhooks::name.eq(&config.name),
            webhooks::active.eq(config.active),
            webhooks::settings_version.eq(1),
            webhooks::settings.eq(encoded),
            // The secret is sealed for the id that this statement makes.
            webhooks::secret.eq(&[][..]),
            webhooks::config_version.eq(config_version),
            webhooks::revision.eq(1),
            webhooks::created_at_us.eq(now.0),
            webhooks::updated_at_us.eq(now.0),
            webhooks::stage_id.eq(stage_id(config)),
        ))
        .returning(webhooks::id)
        .get_result(c))?;
    Ok(WebhookId(id))
}

fn finish_insert(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: WebhookId,
    keys: &SealedKeys,
) -> Result<(), DatabaseError> {
    let changed_at_us = conn.now_us()?;
    update_keys(conn, account_id, id, keys)?;
    on_backend!(conn, |c| diesel::insert_into(webhook_lanes::table)
        .values((
            webhook_lanes::webhook_id.eq(id.0),
            webhook_lanes::changed_at_us.eq(changed_at_us),
        ))
        .execute(c))?;
    Ok(())
}

/// Writes another configuration of a locked webhook as its next version.
pub(crate) fn update_config(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    current: &Webhook,
    config: &WebhookConfig,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let id = current.id;
    let encoded = encode_settings(&config.settings)?;
    let config_version = bump_version(conn)?;
    let (old, new) = (&current.config.settings, &config.settings);
    if new.ordered && !old.ordered && !wants_order(conn, account_id)? {
        forget_revisions(conn, account_id)?;
    }
    if (old.ordered, old.latest_only) != (new.ordered, new.latest_only) {
        let now_us = conn.now_us()?;
        free_held(conn, id, now_us)?;
    }
    let version: i64 = on_backend!(conn, |c| diesel::update(
        webhooks::table
            .filter(webhooks::account_id.eq(account_id.0))
            .filter(webhooks::id.eq(id.0))
    )
    .set((
        webhooks::name.eq(&config.name),
        webhooks::active.eq(config.active),
        webhooks::settings_version.eq(webhooks::settings_version + 1),
        webhooks::settings.eq(&encoded),
        webhooks::config_version.eq(config_version),
        webhooks::revision.eq(webhooks::revision + 1),
        webhooks::updated_at_us.eq(now.0),
        webhooks::stage_id.eq(stage_id(config)),
        webhooks::inactive_reason.eq(current.reason_after(config)),
    ))
    .returning(webhooks::settings_version)
    .get_result(c))?;
    let next = NewVersion {
        id,
        version,
        account_id,
        config,
        encoded: &encoded,
        config_version,
        now,
    };
    insert_version(conn, &next)
}

/// Whether any webhook of the account wants changes in order, so that the revisions
/// of its records are followed. Call it once changes of webhooks wait.
fn wants_order(conn: &mut Connection<'_>, account_id: AccountId) -> Result<bool, DatabaseError> {
    let rows: Vec<Value> = on_backend!(conn, |c| webhooks::table
        .filter(webhooks::account_id.eq(account_id.0))
        .filter(webhooks::deleted_at_us.is_null())
        .select(webhooks::settings)
        .load(c))?;
    Ok(rows.iter().any(|settings| settings["ordered"] == true))
}

/// Turns a locked webhook into a tombstone, which its deliveries still refer to.
pub(crate) fn delete_webhook(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: WebhookId,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let config_version = bump_version(conn)?;
    on_backend!(conn, |c| diesel::update(
        webhooks::table
            .filter(webhooks::account_id.eq(account_id.0))
            .filter(webhooks::id.eq(id.0))
    )
    .set((
        webhooks::deleted_at_us.eq(now.0),
        webhooks::config_version.eq(config_version),
        webhooks::revision.eq(webhooks::revision + 1),
        webhooks::updated_at_us.eq(now.0),
    ))
    .execute(c))?;
    Ok(())
}

fn stage_id(config: &WebhookConfig) -> Option<i64> {
    let trigger = config.settings.trigger.as_ref()?;
    Some(trigger.stage.0)
}

fn encode_settings(settings: &WebhookSettings) -> Result<Value, DatabaseError> {
    serde_json::to_value(settings)
        .map_err(|error| DatabaseError::Refused(Error::SerializationError(error.into())))
}

pub(super) fn decode_settings(stored: Value) -> Result<WebhookSettings, DatabaseError> {
    serde_json::from_value(stored).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> DatabaseError {
    DatabaseError::Refused(Error::DeserializationError(error.into()))
}
