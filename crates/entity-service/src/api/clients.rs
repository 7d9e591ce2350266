//! `/clients`: the people that orders belong to.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

pub(crate) use create::create_client;
pub(crate) use delete::delete_client;
pub(crate) use get::get_client;
pub(crate) use list::list_clients;
pub(crate) use update::update_client;

use std::collections::BTreeMap;

use events::{ClientField, ClientSnapshot, DirectoryEntryId, FieldValue};
use http_api::{Fields, Invalid, Presence, check_text, code};
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::reading::{LINE, TEXT, text};
use crate::domain::client::{ClientPatch, MAX_FIELDS, field_value};
use crate::domain::custom_field::check_field_name;
use crate::domain::stored::Stored;

/// A client to add, or what shall change of one. A client has a name, a phone or an email;
/// everything else may be left out.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; ClientPatch holds what was read"
)]
pub(crate) struct ClientRequest {
    /// Full name, up to 255 characters.
    #[schema(example = "Иван")]
    realname: Option<String>,
    /// Up to 255 characters; kept as sent, compared in lower case where it is a valid address.
    #[schema(example = "a@b.ru")]
    email: Option<String>,
    /// Up to 255 characters; kept as sent, compared in E.164 where it has that form.
    #[schema(example = "79998888888")]
    phone: Option<String>,
    /// Job title, up to 255 characters.
    position: Option<String>,
    /// Entry of the directory `client_status`; the first one in a new client.
    id_status: Option<i64>,
    /// Up to 64 KiB.
    text: Option<String>,
    /// Extra fields by name, 200 at most: text, numbers, true, false or null. They are merged by
    /// name; null is a value like others, and null for all of them removes them. An unknown name
    /// becomes a text custom field. Numbers of more than 18 digits are sent as text.
    #[schema(value_type = Option<Object>, example = json!({"Город": "Москва"}))]
    fields: Option<BTreeMap<String, Value>>,
}

/// A client.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body; the crate events writes it")]
pub(crate) struct ClientResponse {
    /// Its id.
    id: i64,
    /// Full name.
    realname: String,
    /// As sent.
    email: String,
    /// As sent.
    phone: String,
    /// Job title.
    position: String,
    /// Entry of the directory `client_status`.
    id_status: Option<i64>,
    /// Description.
    text: String,
    /// Extra fields by name, in the order of the custom fields.
    #[schema(value_type = Object)]
    fields: BTreeMap<String, Value>,
    /// Grows by one with each change; the `ETag`.
    revision: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Reads all keys that can be set. A wrong one counts as absent and is recorded.
fn read_patch(fields: &mut Fields) -> ClientPatch {
    ClientPatch {
        realname: text(fields, "realname", LINE),
        email: text(fields, "email", LINE),
        phone: text(fields, "phone", LINE),
        position: text(fields, "position", LINE),
        status_id: fields.id("id_status").map(DirectoryEntryId),
        text: text(fields, "text", TEXT),
        fields: read_extra(fields),
    }
}

fn read_extra(fields: &mut Fields) -> Presence<Vec<ClientField>> {
    let extra = fields.entries("fields", MAX_FIELDS, |name, value| {
        check_field_name(name).map_err(|error| Invalid::new(code::INVALID, error.to_string()))?;
        let value = field_value(value).ok_or_else(|| refuse_value(value))?;
        if let FieldValue::Text(text) = &value {
            check_text(text, TEXT)?;
        }
        Ok(value)
    });
    extra.map(|extra| {
        extra
            .into_iter()
            .map(|(name, value)| ClientField { name, value })
            .collect()
    })
}

fn refuse_value(value: &Value) -> Invalid {
    match value {
        Value::Number(_) => Invalid::new(
            code::OUT_OF_RANGE,
            "Send a number of so many digits as text; as a number it would be rounded.",
        ),
        other => Invalid::wrong_type("text, a number, true, false or null", other),
    }
}

fn show(client: &Stored<ClientSnapshot>) -> Value {
    events::rest::client_body(&client.record, client.revision)
}
