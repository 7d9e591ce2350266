//! Clients as protobuf.

use super::keys::ClientKey;
use crate::raw::client_field::Value as RawValue;
use crate::{
    Action, ClientChanged, ClientField, ClientId, ClientSnapshot, DecodeError, DirectoryEntryId,
    FieldValue, Timestamp, raw,
};

impl ClientChanged {
    pub(crate) fn to_raw(&self) -> raw::ClientChanged {
        let previous = self.previous.as_ref().map(|previous| {
            let mut named = raw::ClientSnapshot::default();
            carry(&self.changed, &previous.to_raw(), &mut named);
            named
        });
        raw::ClientChanged {
            action: self.action.to_raw(),
            revision: self.revision,
            client: Some(self.client.to_raw()),
            changed: self.changed.clone(),
            previous,
        }
    }

    pub(crate) fn from_raw(raw: raw::ClientChanged) -> Result<Self, DecodeError> {
        let after = raw.client.ok_or_else(|| DecodeError::missing("client"))?;
        let previous = raw.previous.map(|named| {
            let mut whole = after.clone();
            carry(&raw.changed, &named, &mut whole);
            ClientSnapshot::from_raw(whole)
        });
        Ok(Self {
            action: Action::from_raw(raw.action)?,
            revision: raw.revision,
            client: ClientSnapshot::from_raw(after),
            changed: raw.changed,
            previous,
        })
    }
}

/// Copies the named fields. A name that a newer version added means nothing here.
fn carry(names: &[String], from: &raw::ClientSnapshot, to: &mut raw::ClientSnapshot) {
    for key in names.iter().filter_map(|name| ClientKey::parse(name)) {
        key.carry(from, to);
    }
}

impl ClientSnapshot {
    pub(crate) fn to_raw(&self) -> raw::ClientSnapshot {
        raw::ClientSnapshot {
            id: self.id.0,
            realname: self.realname.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
            position: self.position.clone(),
            status_id: self.status_id.map(|id| id.0),
            text: self.text.clone(),
            fields: self.fields.iter().map(ClientField::to_raw).collect(),
            created_at_us: self.created_at.0,
            updated_at_us: self.updated_at.0,
        }
    }

    pub(crate) fn from_raw(raw: raw::ClientSnapshot) -> Self {
        Self {
            id: ClientId(raw.id),
            realname: raw.realname,
            email: raw.email,
            phone: raw.phone,
            position: raw.position,
            status_id: raw.status_id.map(DirectoryEntryId),
            text: raw.text,
            fields: raw.fields.into_iter().map(ClientField::from_raw).collect(),
            created_at: Timestamp(raw.created_at_us),
            updated_at: Timestamp(raw.updated_at_us),
        }
    }
}

impl ClientField {
    fn to_raw(&self) -> raw::ClientField {
        let value = match &self.value {
            FieldValue::Null => None,
            FieldValue::Text(text) => Some(RawValue::Text(text.clone())),
            FieldValue::Integer(number) => Some(RawValue::Integer(*number)),
            FieldValue::Number(number) => Some(RawValue::Number(*number)),
            FieldValue::Flag(flag) => Some(RawValue::Flag(*flag)),
        };
        raw::ClientField {
            name: self.name.clone(),
            value,
        }
    }

    fn from_raw(raw: raw::ClientField) -> Self {
        let value = match raw.value {
            None => FieldValue::Null,
            Some(RawValue::Text(text)) => FieldValue::Text(text),
            Some(RawValue::Integer(number)) => FieldValue::Integer(number),
            Some(RawValue::Number(number)) => FieldValue::Number(number),
            Some(RawValue::Flag(flag)) => FieldValue::Flag(flag),
        };
        Self {
            name: raw.name,
            value,
        }
    }
}
