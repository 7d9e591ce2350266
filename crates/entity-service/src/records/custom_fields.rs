//! Changes of custom fields. They have no events: clients tell of a new name or
//! order with their next change.

use database::Connection;
use events::CustomFieldId;
use http_api::{ApiError, IfMatch};

use crate::domain::custom_field::{CustomField, CustomFieldPatch, MAX_FIELDS, NewCustomField};
use crate::domain::position::{close_gap, insert_at, move_to};
use crate::records::room::{check_room, check_unused};
use crate::store::accounts::lock_settings;
use crate::store::author::Author;
use crate::store::custom_fields as store;
use crate::store::error::StoreError;

/// The code of a name that another field has.
const TAKEN: &str = "taken";

/// Adds a custom field.
pub(crate) fn add_custom_field(
    conn: &mut Connection<'_>,
    author: &Author,
    new: &NewCustomField,
) -> Result<CustomField, StoreError> {
    let (account_id, now) = (author.account_id, author.now);
    lock_settings(conn, account_id)?;
    check_name_is_free(conn, author, &new.name, None)?;
    let count = store::count_custom_fields(conn, account_id)?;
    check_room(count, MAX_FIELDS, "custom fields")?;
    let place = insert_at(count, new.position);
    if let Some(shift) = &place.shift {
        store::shift_custom_fields(conn, account_id, shift, now)?;
    }
    Ok(store::insert_custom_field(
        conn,
        account_id,
        new,
        place.position,
        now,
    )?)
}

/// The field, kept from other writers until the transaction ends.
pub(crate) fn lock_custom_field(
    conn: &mut Connection<'_>,
    author: &Author,
    id: CustomFieldId,
    if_match: &IfMatch,
) -> Result<CustomField, StoreError> {
    lock_settings(conn, author.account_id)?;
    let field = store::get_custom_field(conn, author.account_id, id)?;
    if_match.check(field.revision)?;
    Ok(field)
}

/// Changes the field that [`lock_custom_field`] gave. Clients keep their values.
pub(crate) fn edit_custom_field(
    conn: &mut Connection<'_>,
    author: &Author,
    before: CustomField,
    patch: CustomFieldPatch,
) -> Result<CustomField, StoreError> {
    let account_id = author.account_id;
    let mut after = before.clone();
    if let Some(name) = patch.name {
        check_name_is_free(conn, author, &name, Some(before.id))?;
        after.name = name;
    }
    if let Some(kind) = patch.kind {
        after.kind = kind;
    }
    if let Some(wanted) = patch.position {
        let count = store::count_custom_fields(conn, account_id)?;
        let place = move_to(count, before.position, wanted);
        if let Some(shift) = &place.shift {
            store::shift_custom_fields(conn, account_id, shift, author.now)?;
        }
        after.position = place.position;
    }
    if after == before {
        return Ok(before);
    }
    after.revision += 1;
    after.updated_at = author.now.max(before.updated_at);
    store::update_custom_field(conn, account_id, &after)?;
    Ok(after)
}

/// Deletes a field that no client has a value in.
pub(crate) fn delete_custom_field(
    conn: &mut Connection<'_>,
    author: &Author,
    id: CustomFieldId,
    if_match: &IfMatch,
) -> Result<(), StoreError> {
    let account_id = author.account_id;
    let field = lock_custom_field(conn, author, id, if_match)?;
    let clients = store::count_clients_with_field(conn, account_id, id)?;
    check_unused(clients, "clients", "have a value in this field")?;
    let count = store::count_custom_fields(conn, account_id)?;
    store::delete_custom_field(conn, account_id, id)?;
    if let Some(shift) = close_gap(count, field.position) {
        store::shift_custom_fields(conn, account_id, &shift, author.now)?;
    }
    Ok(())
}

/// Names are unique, since clients' fields are known by them.
fn check_name_is_free(
    conn: &mut Connection<'_>,
    author: &Author,
    name: &str,
    except: Option<CustomFieldId>,
) -> Result<(), StoreError> {
    if store::is_field_name_taken(conn, author.account_id, name, except)? {
        return Err(StoreError::Refused(ApiError::field(
            "/name",
            TAKEN,
            "Another custom field has this name; send another one.",
        )));
    }
    Ok(())
}
