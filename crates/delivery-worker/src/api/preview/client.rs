//! An order's client as `GET /clients/{id}` answers it, out of a request (WIRE 5).

use events::{
    ClientField, ClientId, ClientSnapshot, DirectoryEntryId, FieldValue, OrderSnapshot, Timestamp,
};
use http_api::{FieldError, Fields, Invalid, Presence, check_text, code};
use serde_json::Value;

use super::order::{LINE, TEXT, read_time, text};

const MAX_FIELDS: usize = 200;
const MAX_FIELD_NAME_CHARS: usize = 64;
/// A larger number would be rounded on its way.
const MAX_NUMBER: f64 = 1e18;
/// The id of a client that names none.
const USUAL_ID: ClientId = ClientId(1);

/// A client as far as it was sent.
#[derive(Debug, Clone)]
pub(super) struct ClientDraft {
    id: Option<i64>,
    realname: String,
    email: String,
    phone: String,
    position: String,
    status_id: Option<i64>,
    text: String,
    fields: Vec<ClientField>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

impl ClientDraft {
    pub(super) fn read(fields: &mut Fields) -> Self {
        let id = fields.id("id");
        let revision = fields.integer("revision", 1..=i64::MAX);
        // Nothing that is sent tells of it.
        fields.not_null("revision", revision);
        let mut line = |key| text(fields, key, LINE).unwrap_or_default();
        let (realname, email) = (line("realname"), line("email"));
        let (phone, position) = (line("phone"), line("position"));
        Self {
            id: fields.not_null("id", id),
            realname,
            email,
            phone,
            position,
            status_id: fields.id("id_status").value(),
            text: text(fields, "text", TEXT).unwrap_or_default(),
            fields: read_extra(fields).unwrap_or_default(),
            created_at: read_time(fields, "created_at"),
            updated_at: read_time(fields, "updated_at"),
        }
    }

    /// Makes it the order's client.
    pub(super) fn join(self, order: &mut OrderSnapshot) -> Result<(), Vec<FieldError>> {
        let sent = self.id.map(ClientId);
        if let (Some(sent), Some(of_order)) = (sent, order.client_id)
            && sent != of_order
        {
            return Err(vec![FieldError::new(
                "/client/id",
                code::INVALID,
                format!("The order is of client {of_order}; send that one, or leave it out."),
            )]);
        }
        let id = order.client_id.or(sent).unwrap_or(USUAL_ID);
        let updated_at = self.updated_at.unwrap_or(order.updated_at);
        order.client_id = Some(id);
        order.client = Some(ClientSnapshot {
            id,
            realname: self.realname,
            email: self.email,
            phone: self.phone,
            position: self.position,
            status_id: self.status_id.map(DirectoryEntryId),
            text: self.text,
            fields: self.fields,
            created_at: self.created_at.unwrap_or(updated_at),
            updated_at,
        });
        Ok(())
    }
}

fn read_extra(fields: &mut Fields) -> Presence<Vec<ClientField>> {
    let extra = fields.entries("fields", MAX_FIELDS, |name, value| {
        let is_name = (1..=MAX_FIELD_NAME_CHARS).contains(&name.chars().count())
            && !name.contains(['[', ']'])
            && !name.chars().any(char::is_control);
        if !is_name {
            return Err(Invalid::new(
                code::INVALID,
                "Send a name of 1 to 64 characters without brackets and control characters.",
            ));
        }
        read_value(value)
    });
    extra.map(|extra| {
        extra
            .into_iter()
            .map(|(name, value)| ClientField { name, value })
            .collect()
    })
}

fn read_value(value: &Value) -> Result<FieldValue, Invalid> {
    match value {
        Value::Null => Ok(FieldValue::Null),
        Value::Bool(flag) => Ok(FieldValue::Flag(*flag)),
        Value::String(text) => {
            check_text(text, TEXT)?;
            Ok(FieldValue::Text(text.clone()))
        }
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Ok(FieldValue::Integer(integer)),
            (None, Some(number)) if number.abs() < MAX_NUMBER => Ok(FieldValue::Number(number)),
            _ => Err(Invalid::new(
                code::OUT_OF_RANGE,
                "Send a number of so many digits as text; as a number it would be rounded.",
            )),
        },
        other => Err(Invalid::wrong_type(
            "text, a number, true, false or null",
            other,
        )),
    }
}
