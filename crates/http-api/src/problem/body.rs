//! The body of an error.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::FieldError;

/// The media type of every error body.
pub const PROBLEM_CONTENT_TYPE: &str = "application/problem+json";

/// An error (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:dealwire:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:dealwire:problem:invalid_fields")]
    pub kind: String,
    /// The status in words.
    #[schema(example = "Unprocessable Entity")]
    pub title: &'static str,
    /// The status as a number.
    #[schema(example = 422)]
    pub status: u16,
    /// What is wrong this time and what to do about it.
    #[schema(example = "The body has 1 field to correct.")]
    pub detail: String,
    /// The stable name of the error, to branch on.
    #[schema(example = "invalid_fields")]
    pub code: &'static str,
    /// One per wrong field or query parameter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// How many records stand in the way (code `in_use`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// The oldest event that is still kept (code `gone`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_seq: Option<i64>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: String) -> Self {
        Self {
            kind: format!("urn:dealwire:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            code,
            errors: Vec::new(),
            count: None,
            oldest_seq: None,
        }
    }

    pub(crate) fn into_response(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        HttpResponse::build(status)
            .content_type(PROBLEM_CONTENT_TYPE)
            .json(self)
    }
}
