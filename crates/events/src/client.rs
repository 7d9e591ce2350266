//! Clients.

mod convert;
pub(crate) mod keys;

use crate::{Action, ClientId, DirectoryEntryId, Timestamp};

/// A client was added, edited or deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientChanged {
    /// What happened.
    pub action: Action,
    /// Starts at 1 and grows by exactly one per event of this client.
    pub revision: i64,
    /// The state after the change; on delete the last one.
    pub client: ClientSnapshot,
    /// Wire keys of what an edit changed; `fields` stands for all extra fields.
    pub changed: Vec<String>,
    /// The state before an edit; `None` on add and delete. What `changed` does
    /// not name is as after the edit once the event has travelled.
    pub previous: Option<ClientSnapshot>,
}

/// A client at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientSnapshot {
    /// The client's id.
    pub id: ClientId,
    /// Full name.
    pub realname: String,
    /// As entered.
    pub email: String,
    /// As entered.
    pub phone: String,
    /// Job title.
    pub position: String,
    /// Entry of the directory `client_status`.
    pub status_id: Option<DirectoryEntryId>,
    /// Free text.
    pub text: String,
    /// Extra fields in custom-field order, which receivers see.
    pub fields: Vec<ClientField>,
    /// When the client was added.
    pub created_at: Timestamp,
    /// When the client was last changed.
    pub updated_at: Timestamp,
}

/// An extra field of a client.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientField {
    /// 1–64 characters without brackets and control characters.
    pub name: String,
    /// Its value.
    pub value: FieldValue,
}

/// The value of an extra field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// No value.
    Null,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other finite number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}
