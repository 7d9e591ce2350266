//! Changes of clients.

use database::{Connection, DatabaseError};
use events::{
    AccountId, Action, Change, ClientChanged, ClientField, ClientId, ClientSnapshot,
    DirectoryEntryId,
};
use http_api::{ApiError, FieldError, IfMatch, Presence, code};

use crate::domain::client::{self, ClientPatch, blank};
use crate::domain::custom_field::{self, FieldKind, NewCustomField};
use crate::domain::directory::DirectoryKind;
use crate::domain::problems::Problems;
use crate::domain::stored::Stored;
use crate::records::entries::{EntryReference, check_entries};
use crate::store::accounts::lock_settings;
use crate::store::author::Author;
use crate::store::client_fields::{
    PlacedField, delete_fields_of_client, list_fields_by_name, list_fields_of_client,
    set_client_fields,
};
use crate::store::clients;
use crate::store::custom_fields::{count_custom_fields, insert_custom_field};
use crate::store::error::StoreError;
use crate::store::narrowing::Lock;
use crate::store::orders::count_orders_of_client;

/// Adds a client.
pub(crate) fn add_client(
    conn: &mut Connection<'_>,
    author: &Author,
    patch: &ClientPatch,
    mut problems: Problems,
) -> Result<Stored<ClientSnapshot>, StoreError> {
    let account_id = author.account_id;
    let mut client = blank(author.now);
    let first_status = patch.status_id == Presence::Absent;
    check_status(conn, account_id, patch, None, &mut problems)?;
    patch.merge_into(&mut client);
    problems.into_result()?;

    let sent = match &patch.fields {
        Presence::Value(fields) => fields.as_slice(),
        Presence::Absent | Presence::Null => &[],
    };
    let fields = place(conn, author, sent)?;
    (client.id, client.status_id) =
        clients::insert_client(conn, account_id, &client, first_status)?;
    set_client_fields(conn, account_id, client.id, &fields)?;
    client.fields = in_order(fields);
    let added = Stored::new(client);
    author.append(conn, client_added(&added))?;
    Ok(added)
}

/// What tells of a new client.
pub(crate) fn client_added(client: &Stored<ClientSnapshot>) -> Change {
    changed(Action::Add, client, Vec::new(), None)
}

/// The client with its extra fields; kept from other writers until the
/// transaction ends, if `lock` says so.
pub(crate) fn read_client(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: ClientId,
    lock: Lock,
) -> Result<Stored<ClientSnapshot>, StoreError> {
    let client = clients::find_client(conn, account_id, id, lock)?;
    let mut client = client.ok_or(ApiError::NotFound)?;
    load_fields(conn, account_id, &mut client.record)?;
    Ok(client)
}

/// Reads the client's extra fields.
pub(crate) fn load_fields(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    client: &mut ClientSnapshot,
) -> Result<(), DatabaseError> {
    let fields = list_fields_of_client(conn, account_id, client.id)?;
    client.fields = fields.into_iter().map(|placed| placed.field).collect();
    Ok(())
}

/// Changes the client that [`read_client`] gave.
pub(crate) fn edit_client(
    conn: &mut Connection<'_>,
    author: &Author,
    before: Stored<ClientSnapshot>,
    patch: &ClientPatch,
    mut problems: Problems,
) -> Result<Stored<ClientSnapshot>, StoreError> {
    let account_id = author.account_id;
    let mut client = before.record.clone();
    check_status(conn, account_id, patch, client.status_id, &mut problems)?;
    patch.merge_into(&mut client);
    problems.into_result()?;

    edit_fields(conn, author, &mut client, &patch.fields)?;
    let (after, change) = write_checked_client(conn, author, before, client)?;
    if let Some(change) = change {
        author.append(conn, change)?;
    }
    Ok(after)
}

/// Writes what a client is now, whose values were checked and whose extra fields
/// are written already; its event is the caller's to append. There is none if
/// nothing changed.
pub(crate) fn write_checked_client(
    conn: &mut Connection<'_>,
    author: &Author,
    before: Stored<ClientSnapshot>,
    mut client: ClientSnapshot,
) -> Result<(Stored<ClientSnapshot>, Option<Change>), DatabaseError> {
    let keys = ClientSnapshot::changed_keys(&before.record, &client);
    if keys.is_empty() {
        return Ok((before, None));
    }
    client.updated_at = author.now.max(before.record.updated_at);
    let after = Stored {
        revision: before.revision + 1,
        record: client,
    };
    clients::update_client(conn, author.account_id, &after.record, after.revision)?;
    let change = changed(Action::Edit, &after, keys, Some(before.record));
    Ok((after, Some(change)))
}

/// Deletes a client that no order belongs to.
pub(crate) fn delete_client(
    conn: &mut Connection<'_>,
    author: &Author,
    id: ClientId,
    if_match: &IfMatch,
) -> Result<(), StoreError> {
    let account_id = author.account_id;
    let mut client = read_client(conn, account_id, id, Lock::Delete)?;
    if_match.check(client.revision)?;
    let count = count_orders_of_client(conn, account_id, id)?;
    if count > 0 {
        return Err(StoreError::Refused(ApiError::InUse {
            detail: format!(
                "Orders that belong to this client: {count}; delete them with their tasks, or \
                 give them to another client first."
            ),
            count,
        }));
    }
    client.revision += 1;
    delete_fields_of_client(conn, account_id, id)?;
    clients::delete_client(conn, account_id, id)?;
    let change = changed(Action::Delete, &client, Vec::new(), None);
    author.append(conn, change)?;
    Ok(())
}

fn changed(
    action: Action,
    client: &Stored<ClientSnapshot>,
    changed: Vec<String>,
    previous: Option<ClientSnapshot>,
) -> Change {
    Change::Client(Box::new(ClientChanged {
        action,
        revision: client.revision,
        client: client.record.clone(),
        changed,
        previous,
    }))
}

fn check_status(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    patch: &ClientPatch,
    had: Option<DirectoryEntryId>,
    problems: &mut Problems,
) -> Result<(), DatabaseError> {
    let reference = EntryReference {
        key: "id_status",
        what: "client status",
        kind: DirectoryKind::ClientStatus,
        sent: patch.status_id,
        had,
    };
    check_entries(conn, account_id, &[reference], problems)
}

/// Merges `sent` into the client's extra fields by name; null removes all.
fn edit_fields(
    conn: &mut Connection<'_>,
    author: &Author,
    client: &mut ClientSnapshot,
    sent: &Presence<Vec<ClientField>>,
) -> Result<(), StoreError> {
    let account_id = author.account_id;
    match sent {
        Presence::Absent => {}
        Presence::Null => {
            delete_fields_of_client(conn, account_id, client.id)?;
            client.fields.clear();
        }
        Presence::Value(sent) => {
            let changed: Vec<ClientField> = sent
                .iter()
                .filter(|field| !client.fields.contains(field))
                .cloned()
                .collect();
            let changed = place(conn, author, &changed)?;
            let mut fields = list_fields_of_client(conn, account_id, client.id)?;
            set_client_fields(conn, account_id, client.id, &changed)?;
            for field in changed {
                match fields
                    .iter_mut()
                    .find(|kept| kept.custom_field_id == field.custom_field_id)
                {
                    Some(kept) => *kept = field,
                    None => fields.push(field),
                }
            }
            if fields.len() > client::MAX_FIELDS {
                return Err(refuse_fields(format!(
                    "A client has at most {} fields; this one would have {}.",
                    client::MAX_FIELDS,
                    fields.len()
                )));
            }
            client.fields = in_order(fields);
        }
    }
    Ok(())
}

/// Finds the definition of each field; an unknown name becomes a text custom
/// field in this transaction (WIRE 1).
fn place(
    conn: &mut Connection<'_>,
    author: &Author,
    fields: &[ClientField],
) -> Result<Vec<PlacedField>, StoreError> {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = list_fields_by_name(conn, author.account_id, &names)?;
    if known.len() < names.len() {
        lock_settings(conn, author.account_id)?;
        // Somebody may have added them while this waited.
        known = list_fields_by_name(conn, author.account_id, &names)?;
    }
    let mut placed = Vec::with_capacity(fields.len());
    for field in fields {
        let (custom_field_id, position) = match known.get(&field.name) {
            Some(found) => *found,
            None => define(conn, author, &field.name)?,
        };
        placed.push(PlacedField {
            custom_field_id,
            position,
            field: field.clone(),
        });
    }
    Ok(placed)
}

/// Adds a custom field at the end of the account's.
fn define(
    conn: &mut Connection<'_>,
    author: &Author,
    name: &str,
) -> Result<(events::CustomFieldId, i64), StoreError> {
    let count = count_custom_fields(conn, author.account_id)?;
    if count >= custom_field::MAX_FIELDS {
        return Err(refuse_fields(format!(
            "The field {name:?} is not known, and the account has {count} custom fields already, \
             the most that there can be."
        )));
    }
    let new = NewCustomField {
        name: name.to_owned(),
        kind: FieldKind::Text,
        position: None,
    };
    let field = insert_custom_field(conn, author.account_id, &new, count, author.now)?;
    Ok((field.id, field.position))
}

fn refuse_fields(message: String) -> StoreError {
    let error = FieldError::new("/fields", code::TOO_MANY, message);
    StoreError::Refused(ApiError::Unprocessable(vec![error]))
}

fn in_order(mut fields: Vec<PlacedField>) -> Vec<ClientField> {
    fields.sort_by_key(|placed| (placed.position, placed.custom_field_id));
    fields.into_iter().map(|placed| placed.field).collect()
}
