//! Rows of clients; their extra fields are in [`client_fields`](super::client_fields).

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, ClientId, ClientSnapshot, DirectoryEntryId, Timestamp};
use http_api::{PageRequest, TimeRange};

use crate::domain::client::{normalized_email, normalized_phone};
use crate::domain::directory::DirectoryKind;
use crate::domain::stored::Stored;
use crate::store::client_fields::list_fields_of_clients;
use crate::store::narrowing::{Lock, any_of, one_row, page_of, reserve_ids};
use crate::store::references::first_entry;
use crate::store::schema::clients;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = clients)]
struct ClientRow {
    id: i64,
    realname: String,
    email: String,
    phone: String,
    position: String,
    status_id: Option<i64>,
    text: String,
    revision: i64,
    created_at_us: i64,
    updated_at_us: i64,
}

/// What of a client can change, its revision and time among it.
#[derive(Debug, Insertable, AsChangeset)]
#[diesel(table_name = clients)]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
struct ClientColumns<'a> {
    realname: &'a str,
    email: &'a str,
    email_normalized: Option<String>,
    phone: &'a str,
    phone_normalized: Option<String>,
    position: &'a str,
    text: &'a str,
    revision: i64,
    updated_at_us: i64,
}

impl<'a> ClientColumns<'a> {
    fn of(client: &'a ClientSnapshot, revision: i64) -> Self {
        Self {
            realname: &client.realname,
            email: &client.email,
            email_normalized: normalized_email(&client.email),
            phone: &client.phone,
            phone_normalized: normalized_phone(&client.phone),
            position: &client.position,
            text: &client.text,
            revision,
            updated_at_us: client.updated_at.0,
        }
    }
}

impl From<ClientRow> for Stored<ClientSnapshot> {
    fn from(row: ClientRow) -> Self {
        let client = ClientSnapshot {
            id: ClientId(row.id),
            realname: row.realname,
            email: row.email,
            phone: row.phone,
            position: row.position,
            status_id: row.status_id.map(DirectoryEntryId),
            text: row.text,
            fields: Vec::new(),
            created_at: Timestamp(row.created_at_us),
            updated_at: Timestamp(row.updated_at_us),
        };
        Self {
            revision: row.revision,
            record: client,
        }
    }
}

/// What a list of clients is narrowed by.
#[derive(Debug, Clone)]
pub(crate) struct ClientList {
    pub(crate) status_ids: Vec<i64>,
    /// In E.164.
    pub(crate) phones: Vec<String>,
    /// In comparable spelling.
    pub(crate) emails: Vec<String>,
    pub(crate) created: TimeRange,
    pub(crate) updated: TimeRange,
    pub(crate) page: PageRequest,
}

/// The client, if it is the account's; without its extra fields.
pub(crate) fn find_client(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: ClientId,
    lock: Lock,
) -> Result<Option<Stored<ClientSnapshot>>, DatabaseError> {
    let row: Option<ClientRow> = one_row!(
        conn,
        lock,
        clients::table
            .filter(clients::account_id.eq(account_id.0))
            .filter(clients::id.eq(id.0))
            .select(ClientRow::as_select())
    )?;
    Ok(row.map(Stored::from))
}

/// The clients of these ids that the account has, with their extra fields, by id;
/// kept from other writers until the transaction ends.
pub(crate) fn lock_clients(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    ids: &[i64],
) -> Result<HashMap<ClientId, Stored<ClientSnapshot>>, DatabaseError> {
    // In order of id, so that two who lock several do not wait for each other.
    macro_rules! these {
        () => {
            clients::table
                .filter(clients::account_id.eq(account_id.0))
                .filter(clients::id.eq_any(ids))
                .order(clients::id)
                .select(ClientRow::as_select())
        };
    }
    let rows: Vec<ClientRow> = match conn {
        Connection::Sqlite(c) => these!().load(*c)?,
        Connection::Postgres(c) => these!().for_no_key_update().load(*c)?,
    };
    let mut fields = list_fields_of_clients(conn, account_id, ids)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut client = Stored::from(row);
            client.record.fields = fields.remove(&client.record.id.0).unwrap_or_default();
            (client.record.id, client)
        })
        .collect())
}

/// One page of the account's clients, newest first, without their extra fields.
pub(crate) fn list_clients(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    list: &ClientList,
) -> Result<Vec<Stored<ClientSnapshot>>, DatabaseError> {
    let rows: Vec<ClientRow> = on_backend!(conn, |c| {
        let mut query = clients::table
            .filter(clients::account_id.eq(account_id.0))
            .select(ClientRow::as_select())
            .into_boxed();
        any_of!(query, clients::status_id, list.status_ids);
        any_of!(query, clients::phone_normalized, list.phones);
        any_of!(query, clients::email_normalized, list.emails);
        page_of!(query, clients, list).load(c)
    })?;
    Ok(rows.into_iter().map(Stored::from).collect())
}

/// Adds a client at revision 1, without its extra fields; its status is the first one of the account's if
/// `first_status` says so. Answers its id and status.
pub(crate) fn insert_client(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    client: &ClientSnapshot,
    first_status: bool,
) -> Result<(ClientId, Option<DirectoryEntryId>), DatabaseError> {
    let row = (
        clients::account_id.eq(account_id.0),
        clients::created_at_us.eq(client.created_at.0),
        ClientColumns::of(client, 1),
    );
    let first = first_entry!(account_id, DirectoryKind::ClientStatus).single_value();
    let given = client.status_id.map(|id| id.0);
    let answer = (clients::id, clients::status_id);
    let (id, status_id): (i64, Option<i64>) = on_backend!(conn, |c| if first_status {
        diesel::insert_into(clients::table)
            .values((row, clients::status_id.eq(first)))
            .returning(answer)
            .get_result(c)
    } else {
        diesel::insert_into(clients::table)
            .values((row, clients::status_id.eq(given)))
            .returning(answer)
            .get_result(c)
    })?;
    Ok((ClientId(id), status_id.map(DirectoryEntryId)))
}

/// Ids for clients that [`insert_clients`] is about to add.
pub(crate) fn reserve_client_ids(
    conn: &mut Connection<'_>,
    count: i64,
) -> Result<Vec<ClientId>, DatabaseError> {
    Ok(reserve_ids!(conn, "clients", count).map(ClientId).collect())
}

/// Adds clients under their reserved ids at revision 1, without extra fields.
pub(crate) fn insert_clients(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    added: &[ClientSnapshot],
) -> Result<(), DatabaseError> {
    if added.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = added
        .iter()
        .map(|client| {
            (
                clients::id.eq(client.id.0),
                clients::account_id.eq(account_id.0),
                clients::created_at_us.eq(client.created_at.0),
                clients::status_id.eq(client.status_id.map(|id| id.0)),
                ClientColumns::of(client, 1),
            )
        })
        .collect();
    on_backend!(conn, |c| diesel::insert_into(clients::table)
        .values(&rows)
        .execute(c))?;
    Ok(())
}

/// Writes all that can change of a client but its extra fields.
pub(crate) fn update_client(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    client: &ClientSnapshot,
    revision: i64,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        clients::table
            .filter(clients::account_id.eq(account_id.0))
            .filter(clients::id.eq(client.id.0))
    )
    .set((
        clients::status_id.eq(client.status_id.map(|id| id.0)),
        ClientColumns::of(client, revision),
    ))
    .execute(c))?;
    Ok(())
}

/// Removes a client whose extra fields are gone.
pub(crate) fn delete_client(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: ClientId,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(
        clients::table
            .filter(clients::account_id.eq(account_id.0))
            .filter(clients::id.eq(id.0))
    )
    .execute(c))?;
    Ok(())
}
