//! `/directories/{kind}`: the account's own lists that records refer to.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

pub(crate) use create::create_entry;
pub(crate) use delete::delete_entry;
pub(crate) use get::get_entry;
pub(crate) use list::list_entries;
pub(crate) use update::update_entry;

use events::DirectoryEntryId;
use http_api::{ApiError, JsonBody};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::api::settings::{
    SERVER_KEYS, keep_keys, read_color, read_name, read_position, refuse_keys,
};
use crate::domain::directory::{
    DirectoryEntry, DirectoryEntryPatch, DirectoryKind, NewDirectoryEntry,
};

/// The directory as the address names it.
#[derive(Debug, Deserialize)]
pub(crate) struct DirectoryPath {
    kind: String,
}

impl DirectoryPath {
    fn kind(&self) -> Result<DirectoryKind, ApiError> {
        read_kind(&self.kind)
    }
}

/// The entry as the address names it.
#[derive(Debug, Deserialize)]
pub(crate) struct EntryPath {
    kind: String,
    id: String,
}

impl EntryPath {
    fn read(&self) -> Result<(DirectoryKind, DirectoryEntryId), ApiError> {
        let kind = read_kind(&self.kind)?;
        let id = self
            .id
            .parse()
            .map_err(|_not_a_number| ApiError::NotFound)?;
        Ok((kind, DirectoryEntryId(id)))
    }
}

fn read_kind(name: &str) -> Result<DirectoryKind, ApiError> {
    DirectoryKind::parse(name).ok_or_else(|| {
        let known = DirectoryKind::ALL.map(DirectoryKind::as_str).join(", ");
        ApiError::UnknownAddress {
            detail: format!("There is no directory of that kind; there are {known}."),
        }
    })
}

/// An entry to add.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; NewDirectoryEntry holds what was read"
)]
pub(crate) struct CreateDirectoryEntryRequest {
    /// 1 to 255 characters.
    #[schema(example = "Сайт")]
    name: String,
    /// Its place in the directory, from 0; others move on. The last one if left out.
    position: Option<i64>,
    /// Six hex digits.
    #[schema(example = "AD3939")]
    color: Option<String>,
}

/// What shall change of an entry.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; DirectoryEntryPatch holds what was read"
)]
pub(crate) struct UpdateDirectoryEntryRequest {
    /// 1 to 255 characters. Records that refer to the entry stay as they are.
    name: Option<String>,
    /// Its new place, from 0; the others close up. Past the end means the end.
    position: Option<i64>,
    /// Six hex digits; null for none.
    color: Option<String>,
}

/// An entry of a directory.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DirectoryEntryResponse {
    /// Its id, unique over all directories.
    id: i64,
    /// Its name.
    name: String,
    /// Its place in the directory, from 0. Where records have a default, it is the first entry.
    position: i64,
    /// Six hex digits.
    color: Option<String>,
    /// Grows by one with each change, a shift of its place included.
    revision: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&DirectoryEntry> for DirectoryEntryResponse {
    fn from(entry: &DirectoryEntry) -> Self {
        Self {
            id: entry.id.0,
            name: entry.name.clone(),
            position: entry.position,
            color: entry.color.as_ref().map(ToString::to_string),
            revision: entry.revision,
            created_at: entry.created_at.to_rfc3339(),
            updated_at: entry.updated_at.to_rfc3339(),
        }
    }
}

/// Reads an entry to add.
fn read_new(body: JsonBody) -> Result<NewDirectoryEntry, ApiError> {
    let mut fields = body.into_fields();
    refuse_keys(&mut fields, &SERVER_KEYS);
    let name = read_name(&mut fields);
    let new = NewDirectoryEntry {
        name: fields.require("name", name),
        position: read_position(&mut fields),
        color: read_color(&mut fields).value(),
    };
    fields.finish()?;
    Ok(new)
}

/// Reads what shall change of `current`.
fn read_patch(body: JsonBody, current: &DirectoryEntry) -> Result<DirectoryEntryPatch, ApiError> {
    let mut fields = body.into_fields();
    let shown = json!(DirectoryEntryResponse::from(current));
    keep_keys(&mut fields, &SERVER_KEYS, &shown);
    let name = read_name(&mut fields);
    let patch = DirectoryEntryPatch {
        name: fields.not_null("name", name),
        position: read_position(&mut fields),
        color: read_color(&mut fields),
    };
    fields.finish()?;
    Ok(patch)
}
