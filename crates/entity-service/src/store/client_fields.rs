//! Rows of clients' extra fields.

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use diesel::upsert::excluded;
use events::{AccountId, ClientField, ClientId, CustomFieldId};
use serde_json::Value;

use crate::domain::client::field_value;
use crate::store::schema::{client_fields, custom_fields};
use crate::store::unreadable::unreadable;

/// An extra field of a client with its place among the account's custom fields.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlacedField {
    /// The definition.
    pub(crate) custom_field_id: CustomFieldId,
    /// Its place; equal places go by id.
    pub(crate) position: i64,
    /// Name and value.
    pub(crate) field: ClientField,
}

type FieldRow = (i64, i64, i64, String, Value);

fn read_field(
    (_, custom_field_id, position, name, value): FieldRow,
) -> Result<PlacedField, DatabaseError> {
    let value =
        field_value(&value).ok_or_else(|| unreadable("client_fields.value", &value.to_string()))?;
    Ok(PlacedField {
        custom_field_id: CustomFieldId(custom_field_id),
        position,
        field: ClientField { name, value },
    })
}

/// The extra fields of clients in the order that receivers see, as [`FieldRow`]s.
macro_rules! fields_of {
    ($account_id:expr, $condition:expr) => {
        client_fields::table
            .inner_join(custom_fields::table)
            .filter(client_fields::account_id.eq($account_id.0))
            .filter($condition)
            .order((custom_fields::position, custom_fields::id))
            .select((
                client_fields::client_id,
                custom_fields::id,
                custom_fields::position,
                custom_fields::name,
                client_fields::value,
            ))
    };
}

/// The extra fields of one client.
pub(crate) fn list_fields_of_client(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    client_id: ClientId,
) -> Result<Vec<PlacedField>, DatabaseError> {
    let rows: Vec<FieldRow> = on_backend!(conn, |c| fields_of!(
        account_id,
        client_fields::client_id.eq(client_id.0)
    )
    .load(c))?;
    rows.into_iter().map(read_field).collect()
}

/// The extra fields of several clients, by client.
pub(crate) fn list_fields_of_clients(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    client_ids: &[i64],
) -> Result<HashMap<i64, Vec<ClientField>>, DatabaseError> {
    let rows: Vec<FieldRow> = on_backend!(conn, |c| fields_of!(
        account_id,
        client_fields::client_id.eq_any(client_ids)
    )
    .load(c))?;
    let mut by_client: HashMap<i64, Vec<ClientField>> = HashMap::new();
    for row in rows {
        let client_id = row.0;
        let field = read_field(row)?.field;
        by_client.entry(client_id).or_default().push(field);
    }
    Ok(by_client)
}

#[derive(Debug, Insertable)]
#[diesel(table_name = client_fields, treat_none_as_default_value = false)]
struct NewFieldRow {
    account_id: i64,
    client_id: i64,
    custom_field_id: i64,
    value: Value,
}

/// Gives the client these values in the fields, whether it had some or not.
pub(crate) fn set_client_fields(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    client_id: ClientId,
    fields: &[PlacedField],
) -> Result<(), DatabaseError> {
    if fields.is_empty() {
        return Ok(());
    }
    let rows: Vec<NewFieldRow> = fields
        .iter()
        .map(|placed| NewFieldRow {
            account_id: account_id.0,
            client_id: client_id.0,
            custom_field_id: placed.custom_field_id.0,
            value: placed.field.value.to_json(),
        })
        .collect();
    on_backend!(conn, |c| diesel::insert_into(client_fields::table)
        .values(&rows)
        .on_conflict((client_fields::client_id, client_fields::custom_field_id))
        .do_update()
        .set(client_fields::value.eq(excluded(client_fields::value)))
        .execute(c))?;
    Ok(())
}

/// Removes all extra fields of the client.
pub(crate) fn delete_fields_of_client(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    client_id: ClientId,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(
        client_fields::table
            .filter(client_fields::account_id.eq(account_id.0))
            .filter(client_fields::client_id.eq(client_id.0))
    )
    .execute(c))?;
    Ok(())
}

/// Id and place of the account's custom fields of these names, by name.
pub(crate) fn list_fields_by_name(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    names: &[&str],
) -> Result<HashMap<String, (CustomFieldId, i64)>, DatabaseError> {
    let rows: Vec<(String, i64, i64)> = on_backend!(conn, |c| custom_fields::table
        .filter(custom_fields::account_id.eq(account_id.0))
        .filter(custom_fields::name.eq_any(names))
        .select((
            custom_fields::name,
            custom_fields::id,
            custom_fields::position
        ))
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|(name, id, position)| (name, (CustomFieldId(id), position)))
        .collect())
}
