//! Reads headers of a webhook's own.

use http_api::{FieldError, Fields, Invalid, Presence, code};
use serde_json::Value;

use super::own_code;
use crate::api::sentence::sentence;
use crate::domain::webhook::OwnHeader;
use crate::domain::webhook_record::parse_headers;
use crate::headers::{CustomHeaders, HeaderError, MAX_HEADERS};

/// What null means as the value of a header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// The header goes (RFC 7396).
    Remove,
    /// There is nothing to remove yet.
    AreWrong,
}

pub(super) fn read_new_headers(fields: &mut Fields) -> Vec<OwnHeader> {
    let entries = read_headers(fields, Nulls::AreWrong).unwrap_or_default();
    entries
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| OwnHeader { name, value }))
        .collect()
}

pub(super) fn read_headers(
    fields: &mut Fields,
    nulls: Nulls,
) -> Presence<Vec<(String, Option<String>)>> {
    let mut names: Vec<String> = Vec::new();
    // A patch may remove as many as there can be while it sets as many.
    let most = match nulls {
        Nulls::Remove => 2 * MAX_HEADERS,
        Nulls::AreWrong => MAX_HEADERS,
    };
    fields.entries("headers", most, |name, value| {
        let folded = name.to_ascii_lowercase();
        if names.contains(&folded) {
            return Err(header_refused(&HeaderError::Repeated {
                name: name.to_owned(),
            }));
        }
        names.push(folded);
        match value {
            Value::Null if nulls == Nulls::Remove => Ok(None),
            Value::String(text) => CustomHeaders::parse([(name, text.as_str())])
                .map(|_valid| Some(text.clone()))
                .map_err(|errors| header_refused(errors.first().unwrap_or(&HeaderError::TooMany))),
            other => Err(Invalid::wrong_type("text", other)),
        }
    })
}

fn header_refused(error: &HeaderError) -> Invalid {
    let code = match error {
        HeaderError::TooMany => code::TOO_MANY,
        HeaderError::Name { .. } => own_code::HEADER_NAME,
        HeaderError::Reserved { .. } => own_code::HEADER_RESERVED,
        HeaderError::Repeated { .. } => own_code::HEADER_REPEATED,
        HeaderError::ValueTooLong { .. } => code::TOO_LONG,
        HeaderError::Value { .. } => own_code::HEADER_VALUE,
    };
    Invalid::new(code, sentence(&error.to_string()))
}

/// Judges what only the whole of merged headers can show: their number.
pub(in crate::api::callbacks) fn check_merged_headers(headers: &[OwnHeader]) -> Vec<FieldError> {
    let Err(errors) = parse_headers(headers) else {
        return Vec::new();
    };
    let refused = |error: &HeaderError| {
        let invalid = header_refused(error);
        FieldError::new(pointer_to_header(error), invalid.code, invalid.message)
    };
    errors.iter().map(refused).collect()
}

fn pointer_to_header(error: &HeaderError) -> String {
    match error.name() {
        Some(name) => format!("/headers/{}", name.replace('~', "~0").replace('/', "~1")),
        None => "/headers".to_owned(),
    }
}
