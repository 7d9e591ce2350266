//! `/custom-fields`: what an account keeps of its clients beyond the usual.
//!
//! A client's value under an unknown name makes a field of the kind `text`; here
//! fields are named, ordered and removed on purpose.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

pub(crate) use create::create_custom_field;
pub(crate) use delete::delete_custom_field;
pub(crate) use get::get_custom_field;
pub(crate) use list::list_custom_fields;
pub(crate) use update::update_custom_field;

use http_api::{ApiError, Fields, Invalid, JsonBody, Presence, code};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::api::settings::{SERVER_KEYS, keep_keys, read_position, refuse_keys};
use crate::domain::custom_field::{
    CustomField, CustomFieldPatch, FieldKind, FieldNameError, NewCustomField, check_field_name,
};

/// A custom field to add.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; NewCustomField holds what was read"
)]
pub(crate) struct CreateCustomFieldRequest {
    /// 1 to 64 characters without `[`, `]` and control characters; no other field has it.
    #[schema(example = "Город")]
    name: String,
    /// How forms show it: `text`, `number` or `flag`; text if left out. Values of any kind are taken.
    #[schema(pattern = "^(text|number|flag)$", example = "text")]
    kind: Option<String>,
    /// Its place among the fields, from 0; others move on. The last one if left out.
    position: Option<i64>,
}

/// What shall change of a custom field.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; CustomFieldPatch holds what was read"
)]
pub(crate) struct UpdateCustomFieldRequest {
    /// Its new name; clients keep their values under it.
    name: Option<String>,
    /// How forms show it: `text`, `number` or `flag`.
    #[schema(pattern = "^(text|number|flag)$")]
    kind: Option<String>,
    /// Its new place, from 0; the others close up. Past the end means the end.
    position: Option<i64>,
}

/// A custom field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomFieldResponse {
    /// Its id.
    id: i64,
    /// The key in the `fields` of a client.
    name: String,
    /// How forms show it: `text`, `number` or `flag`.
    #[schema(example = "text")]
    kind: &'static str,
    /// Its place among the fields, from 0; the fields of a client come out in this order.
    position: i64,
    /// Grows by one with each change, a shift of its place included.
    revision: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&CustomField> for CustomFieldResponse {
    fn from(field: &CustomField) -> Self {
        Self {
            id: field.id.0,
            name: field.name.clone(),
            kind: field.kind.as_str(),
            position: field.position,
            revision: field.revision,
            created_at: field.created_at.to_rfc3339(),
            updated_at: field.updated_at.to_rfc3339(),
        }
    }
}

/// Reads a field to add.
fn read_new(body: JsonBody) -> Result<NewCustomField, ApiError> {
    let mut fields = body.into_fields();
    refuse_keys(&mut fields, &SERVER_KEYS);
    let name = read_field_name(&mut fields);
    let kind = fields.one_of("kind", &FieldKind::NAMES);
    let new = NewCustomField {
        name: fields.require("name", name),
        kind: fields.not_null("kind", kind).unwrap_or(FieldKind::Text),
        position: read_position(&mut fields),
    };
    fields.finish()?;
    Ok(new)
}

/// Reads what shall change of `current`.
fn read_patch(body: JsonBody, current: &CustomField) -> Result<CustomFieldPatch, ApiError> {
    let mut fields = body.into_fields();
    let shown = json!(CustomFieldResponse::from(current));
    keep_keys(&mut fields, &SERVER_KEYS, &shown);
    let name = read_field_name(&mut fields);
    let kind = fields.one_of("kind", &FieldKind::NAMES);
    let patch = CustomFieldPatch {
        name: fields.not_null("name", name),
        kind: fields.not_null("kind", kind),
        position: read_position(&mut fields),
    };
    fields.finish()?;
    Ok(patch)
}

fn read_field_name(fields: &mut Fields) -> Presence<String> {
    fields.custom("name", |value| {
        let name = value
            .as_str()
            .ok_or_else(|| Invalid::wrong_type("text", value))?;
        check_field_name(name)
            .map_err(|error| Invalid::new(name_error_code(error, name), error.to_string()))?;
        Ok(name.to_owned())
    })
}

fn name_error_code(error: FieldNameError, name: &str) -> &'static str {
    match error {
        FieldNameError::TooLong(_) => code::TOO_LONG,
        FieldNameError::ControlCharacter if name.contains('\0') => code::NUL_CHARACTER,
        FieldNameError::Empty | FieldNameError::Bracket | FieldNameError::ControlCharacter => {
            code::INVALID
        }
    }
}
