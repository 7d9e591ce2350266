//! The version counter of all webhooks' settings.

use database::{Connection, DatabaseError, on_backend, statement};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use serde_json::Value;

use super::schema::{webhook_config, webhooks};
use super::webhook_keys::KeysRow;

/// What the pipeline knows of a webhook.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhooks)]
pub(crate) struct ConfigRow {
    pub(crate) id: i64,
    pub(crate) account_id: i64,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) settings_version: i64,
    pub(crate) settings: Value,
    #[diesel(embed)]
    pub(crate) keys: KeysRow,
    pub(crate) config_version: i64,
    pub(crate) deleted_at_us: Option<i64>,
}

/// Counts a change of a webhook; call it in the transaction of the change and
/// write the number into the webhook's row.
///
/// Changes wait for one another here, so numbers become visible in order.
pub(crate) fn bump_version(conn: &mut Connection<'_>) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| diesel::update(
        webhook_config::table
    )
    .set(webhook_config::version.eq(webhook_config::version + 1))
    .returning(webhook_config::version)
    .get_result(c))?)
}

/// Makes changes of webhooks, and of the pipelines that they refer to, wait until
/// this transaction ends.
///
/// Order of locks: lanes, this, webhooks, the revisions of records, deliveries. Who
/// puts deliveries aside or makes them due holds their lane, and may then read
/// revisions and write deliveries by turns.
pub(crate) fn lock_config(conn: &mut Connection<'_>) -> Result<(), DatabaseError> {
    // SQLite has one writer, so that it is locked as it is.
    if let Connection::Postgres(c) = conn {
        webhook_config::table
            .select(webhook_config::id)
            .for_update()
            .first::<i64>(*c)?;
    }
    Ok(())
}

/// The number of the last change.
pub(crate) fn find_version(conn: &mut Connection<'_>) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| webhook_config::table
        .select(webhook_config::version)
        .first(c))?)
}

/// The same, and the database's time.
pub(crate) fn find_version_and_time(
    conn: &mut Connection<'_>,
) -> Result<(i64, i64), DatabaseError> {
    /// One way to the server and back.
    const BOTH: &str = "
SELECT version, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us
FROM webhook_config";

    #[derive(QueryableByName)]
    struct Both {
        #[diesel(sql_type = BigInt)]
        version: i64,
        #[diesel(sql_type = BigInt)]
        now_us: i64,
    }

    match conn {
        Connection::Postgres(c) => {
            let both: Both = statement(BOTH).get_result(*c)?;
            Ok((both.version, both.now_us))
        }
        Connection::Sqlite(_) => Ok((find_version(conn)?, conn.now_us()?)),
    }
}

/// The webhooks that changed after `since`, deleted ones included, and the
/// version that they are known up to.
///
/// The version is read first: a row may be newer than it, never older.
pub(crate) fn list_changed(
    conn: &mut Connection<'_>,
    since: i64,
) -> Result<(i64, Vec<ConfigRow>), DatabaseError> {
    let version = find_version(conn)?;
    if version == since {
        return Ok((version, Vec::new()));
    }
    let rows = on_backend!(conn, |c| webhooks::table
        .filter(webhooks::config_version.gt(since))
        .order(webhooks::id)
        .select(ConfigRow::as_select())
        .load(c))?;
    Ok((version, rows))
}
