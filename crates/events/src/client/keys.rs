//! What integrators can see change in a client, key by key.

use serde_json::{Map, Value};

use crate::value::optional_integer;
use crate::{ClientSnapshot, raw};

/// A wire key of a client (WIRE 1) that an edit can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientKey {
    Realname,
    Email,
    Phone,
    Position,
    Status,
    Text,
    Fields,
}

impl ClientKey {
    /// In the order of a REST body.
    pub(crate) const ALL: [Self; 7] = [
        Self::Realname,
        Self::Email,
        Self::Phone,
        Self::Position,
        Self::Status,
        Self::Text,
        Self::Fields,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Realname => "realname",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Position => "position",
            Self::Status => "id_status",
            Self::Text => "text",
            Self::Fields => "fields",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str() == name)
    }

    pub(crate) fn value(self, client: &ClientSnapshot) -> Value {
        match self {
            Self::Realname => client.realname.as_str().into(),
            Self::Email => client.email.as_str().into(),
            Self::Phone => client.phone.as_str().into(),
            Self::Position => client.position.as_str().into(),
            Self::Status => optional_integer(client.status_id.map(|id| id.0)),
            Self::Text => client.text.as_str().into(),
            Self::Fields => {
                let entries = client
                    .fields
                    .iter()
                    .map(|field| (field.name.clone(), field.value.to_json()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }

    fn differs(self, before: &ClientSnapshot, after: &ClientSnapshot) -> bool {
        match self {
            Self::Realname => before.realname != after.realname,
            Self::Email => before.email != after.email,
            Self::Phone => before.phone != after.phone,
            Self::Position => before.position != after.position,
            Self::Status => before.status_id != after.status_id,
            Self::Text => before.text != after.text,
            Self::Fields => before.fields != after.fields,
        }
    }

    /// Copies what stands behind this key.
    pub(crate) fn carry(self, from: &raw::ClientSnapshot, to: &mut raw::ClientSnapshot) {
        match self {
            Self::Realname => to.realname.clone_from(&from.realname),
            Self::Email => to.email.clone_from(&from.email),
            Self::Phone => to.phone.clone_from(&from.phone),
            Self::Position => to.position.clone_from(&from.position),
            Self::Status => to.status_id = from.status_id,
            Self::Text => to.text.clone_from(&from.text),
            Self::Fields => to.fields.clone_from(&from.fields),
        }
    }
}

impl ClientSnapshot {
    /// The wire keys whose values differ, in the order of a REST body. Empty
    /// means that an edit changed nothing, so that no event is due.
    pub fn changed_keys(before: &Self, after: &Self) -> Vec<String> {
        ClientKey::ALL
            .into_iter()
            .filter(|key| key.differs(before, after))
            .map(|key| key.as_str().to_owned())
            .collect()
    }
}
