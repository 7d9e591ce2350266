//! Rows of custom fields.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, CustomFieldId, Timestamp};

use crate::domain::custom_field::{CustomField, FieldKind, NewCustomField};
use crate::domain::position::Shift;
use crate::store::named_list::{NamedList, narrow};
use crate::store::narrowing::page_of;
use crate::store::schema::{client_fields, custom_fields};
use crate::store::unreadable::unreadable;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = custom_fields)]
struct CustomFieldRow {
    id: i64,
    name: String,
    kind: String,
    position: i64,
    revision: i64,
    created_at_us: i64,
    updated_at_us: i64,
}

impl TryFrom<CustomFieldRow> for CustomField {
    type Error = DatabaseError;

    fn try_from(row: CustomFieldRow) -> Result<Self, DatabaseError> {
        let kind = FieldKind::parse(&row.kind)
            .ok_or_else(|| unreadable("custom_fields.kind", &row.kind))?;
        Ok(Self {
            id: CustomFieldId(row.id),
            name: row.name,
            kind,
            position: row.position,
            revision: row.revision,
            created_at: Timestamp(row.created_at_us),
            updated_at: Timestamp(row.updated_at_us),
        })
    }
}

/// The custom field; `NotFound` if the account has none such.
pub(crate) fn get_custom_field(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: CustomFieldId,
) -> Result<CustomField, DatabaseError> {
    let row: CustomFieldRow = on_backend!(conn, |c| custom_fields::table
        .filter(custom_fields::account_id.eq(account_id.0))
        .filter(custom_fields::id.eq(id.0))
        .select(CustomFieldRow::as_select())
        .first(c))?;
    row.try_into()
}

/// One page of the account's custom fields, newest first.
pub(crate) fn list_custom_fields(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    list: &NamedList,
) -> Result<Vec<CustomField>, DatabaseError> {
    let rows: Vec<CustomFieldRow> = on_backend!(conn, |c| narrow!(
        custom_fields::table
            .filter(custom_fields::account_id.eq(account_id.0))
            .select(CustomFieldRow::as_select())
            .into_boxed(),
        custom_fields,
        list
    )
    .load(c))?;
    rows.into_iter().map(TryFrom::try_from).collect()
}

/// How many custom fields the account has.
pub(crate) fn count_custom_fields(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| custom_fields::table
        .filter(custom_fields::account_id.eq(account_id.0))
        .count()
        .get_result(c))?)
}

/// How many clients have a value in the field.
pub(crate) fn count_clients_with_field(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: CustomFieldId,
) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| client_fields::table
        .filter(client_fields::account_id.eq(account_id.0))
        .filter(client_fields::custom_field_id.eq(id.0))
        .count()
        .get_result(c))?)
}

/// Whether another field of the account has this name.
pub(crate) fn is_field_name_taken(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    name: &str,
    except: Option<CustomFieldId>,
) -> Result<bool, DatabaseError> {
    let holder: Option<i64> = on_backend!(conn, |c| custom_fields::table
        .filter(custom_fields::account_id.eq(account_id.0))
        .filter(custom_fields::name.eq(name))
        .select(custom_fields::id)
        .first(c)
        .optional())?;
    Ok(holder.is_some_and(|holder| except != Some(CustomFieldId(holder))))
}

/// Adds a field at revision 1.
pub(crate) fn insert_custom_field(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    field: &NewCustomField,
    position: i64,
    now: Timestamp,
) -> Result<CustomField, DatabaseError> {
    let row: CustomFieldRow = on_backend!(conn, |c| diesel::insert_into(custom_fields::table)
        .values((
            custom_fields::account_id.eq(account_id.0),
            custom_fields::name.eq(&field.name),
            custom_fields::kind.eq(field.kind.as_str()),
            custom_fields::position.eq(position),
            custom_fields::revision.eq(1),
            custom_fields::created_at_us.eq(now.0),
            custom_fields::updated_at_us.eq(now.0),
        ))
        .returning(CustomFieldRow::as_returning())
        .get_result(c))?;
    row.try_into()
}

/// Writes what of a field can change, its revision among it. Values of clients
/// refer to the field's id, so they go with a new name.
pub(crate) fn update_custom_field(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    field: &CustomField,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        custom_fields::table
            .filter(custom_fields::account_id.eq(account_id.0))
            .filter(custom_fields::id.eq(field.id.0))
    )
    .set((
        custom_fields::name.eq(&field.name),
        custom_fields::kind.eq(field.kind.as_str()),
        custom_fields::position.eq(field.position),
        custom_fields::revision.eq(field.revision),
        custom_fields::updated_at_us.eq(field.updated_at.0),
    ))
    .execute(c))?;
    Ok(())
}

/// Moves fields along; each gets a new revision.
pub(crate) fn shift_custom_fields(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    shift: &Shift,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        custom_fields::table
            .filter(custom_fields::account_id.eq(account_id.0))
            .filter(custom_fields::position.between(*shift.places.start(), *shift.places.end()))
    )
    .set((
        custom_fields::position.eq(custom_fields::position + shift.by),
        custom_fields::revision.eq(custom_fields::revision + 1),
        custom_fields::updated_at_us.eq(now.0),
    ))
    .execute(c))?;
    Ok(())
}

/// Removes a field that no client has a value in.
pub(crate) fn delete_custom_field(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: CustomFieldId,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(
        custom_fields::table
            .filter(custom_fields::account_id.eq(account_id.0))
            .filter(custom_fields::id.eq(id.0))
    )
    .execute(c))?;
    Ok(())
}
