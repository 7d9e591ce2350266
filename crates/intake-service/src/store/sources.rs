//! Rows of sources.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use diesel::result::Error;
use events::{AccountId, Timestamp};
use http_api::{PageRequest, TimeRange};
use serde_json::Value;

use crate::domain::source::{Source, SourceId, SourceSettings};
use crate::preset::Preset;
use crate::store::narrowing::{Lock, any_of, one_row, page_of};
use crate::store::schema::sources;
use crate::store::unreadable::unreadable;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = sources)]
struct SourceRow {
    id: i64,
    account_id: i64,
    preset: String,
    name: String,
    token: String,
    active: bool,
    settings: Value,
    revision: i64,
    created_at_us: i64,
    updated_at_us: i64,
}

impl TryFrom<SourceRow> for Source {
    type Error = DatabaseError;

    fn try_from(row: SourceRow) -> Result<Self, DatabaseError> {
        let preset = Preset::parse(&row.preset)
            .ok_or_else(|| unreadable(format!("there is no preset {:?}", row.preset)))?;
        let settings: SourceSettings = serde_json::from_value(row.settings)
            .map_err(|error| unreadable(format!("the settings of a source: {error}")))?;
        Ok(Self {
            id: SourceId(row.id),
            account_id: AccountId(row.account_id),
            preset,
            name: row.name,
            token: row.token,
            active: row.active,
            settings,
            revision: row.revision,
            created_at: Timestamp(row.created_at_us),
            updated_at: Timestamp(row.updated_at_us),
        })
    }
}

/// Which sources a list shows.
#[derive(Debug, Clone)]
pub(crate) struct SourceList {
    /// Of any of these presets.
    pub(crate) presets: Vec<&'static str>,
    /// Switched on, or off.
    pub(crate) active: Option<bool>,
    pub(crate) created: TimeRange,
    pub(crate) updated: TimeRange,
    pub(crate) page: PageRequest,
}

/// The source, if it is the account's and not deleted.
pub(crate) fn find_source(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: SourceId,
    lock: Lock,
) -> Result<Option<Source>, DatabaseError> {
    let row: Option<SourceRow> = one_row!(
        conn,
        lock,
        sources::table
            .filter(sources::account_id.eq(account_id.0))
            .filter(sources::id.eq(id.0))
            .filter(sources::deleted_at_us.is_null())
            .select(SourceRow::as_select())
    )?;
    row.map(Source::try_from).transpose()
}

/// The source whose URL ends with `token`, whoever's it is, switched on or not; a deleted one is
/// not found.
pub(crate) fn find_source_by_token(
    conn: &mut Connection<'_>,
    token: &str,
) -> Result<Option<Source>, DatabaseError> {
    let row: Option<SourceRow> = on_backend!(conn, |c| sources::table
        .filter(sources::token.eq(token))
        .filter(sources::deleted_at_us.is_null())
        .select(SourceRow::as_select())
        .first(c)
        .optional())?;
    row.map(Source::try_from).transpose()
}

/// One page of the account's sources, newest first, with one more than the page has if there are
/// more.
pub(crate) fn list_sources(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    list: &SourceList,
) -> Result<Vec<Source>, DatabaseError> {
    let rows: Vec<SourceRow> = on_backend!(conn, |c| {
        let mut query = sources::table
            .filter(sources::account_id.eq(account_id.0))
            .filter(sources::deleted_at_us.is_null())
            .select(SourceRow::as_select())
            .into_boxed();
        any_of!(query, sources::preset, list.presets);
        if let Some(active) = list.active {
            query = query.filter(sources::active.eq(active));
        }
        page_of!(query, sources, list).load(c)
    })?;
    rows.into_iter().map(Source::try_from).collect()
}

/// How many sources the account has.
pub(crate) fn count_sources(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| sources::table
        .filter(sources::account_id.eq(account_id.0))
        .filter(sources::deleted_at_us.is_null())
        .count()
        .get_result(c))?)
}

/// Adds a source as it stands but for its id, which this answers.
pub(crate) fn insert_source(
    conn: &mut Connection<'_>,
    source: &Source,
) -> Result<SourceId, DatabaseError> {
    let row = (
        sources::account_id.eq(source.account_id.0),
        sources::preset.eq(source.preset.name),
        sources::name.eq(&source.name),
        sources::token.eq(&source.token),
        sources::active.eq(source.active),
        sources::settings.eq(encode(&source.settings)?),
        sources::revision.eq(source.revision),
        sources::created_at_us.eq(source.created_at.0),
        sources::updated_at_us.eq(source.updated_at.0),
    );
    let id: i64 = on_backend!(conn, |c| diesel::insert_into(sources::table)
        .values(row)
        .returning(sources::id)
        .get_result(c))?;
    Ok(SourceId(id))
}

/// Writes all that can change of a source, its token, revision and time among it.
pub(crate) fn update_source(
    conn: &mut Connection<'_>,
    source: &Source,
) -> Result<(), DatabaseError> {
    let changes = (
        sources::name.eq(&source.name),
        sources::token.eq(&source.token),
        sources::active.eq(source.active),
        sources::settings.eq(encode(&source.settings)?),
        sources::revision.eq(source.revision),
        sources::updated_at_us.eq(source.updated_at.0),
    );
    on_backend!(conn, |c| diesel::update(
        sources::table
            .filter(sources::account_id.eq(source.account_id.0))
            .filter(sources::id.eq(source.id.0))
    )
    .set(changes)
    .execute(c))?;
    Ok(())
}

/// Makes a tombstone of a source: its leads still refer to it.
pub(crate) fn delete_source(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: SourceId,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        sources::table
            .filter(sources::account_id.eq(account_id.0))
            .filter(sources::id.eq(id.0))
    )
    .set((
        sources::deleted_at_us.eq(now.0),
        sources::revision.eq(sources::revision + 1),
        sources::updated_at_us.eq(now.0),
    ))
    .execute(c))?;
    Ok(())
}

fn encode(settings: &SourceSettings) -> Result<Value, DatabaseError> {
    serde_json::to_value(settings)
        .map_err(|error| DatabaseError::Refused(Error::SerializationError(error.into())))
}
