//! An answer that can be stored and given again.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Responder};
use http_api::{ApiError, ETag, IDEMPOTENCY_REPLAYED};
use serde::Serialize;

/// The answer to a POST: status, the headers that belong to it, and its JSON body as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) location: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) replayed: bool,
}

impl Answer {
    /// 201 with `Location`, and `ETag` where the record has a revision.
    ///
    /// # Errors
    /// [`ApiError::Internal`] if `body` cannot be written as JSON.
    pub fn created(
        location: impl Into<String>,
        revision: Option<i64>,
        body: &impl Serialize,
    ) -> Result<Self, ApiError> {
        let mut answer = Self::with_status(StatusCode::CREATED, body)?;
        answer.location = Some(location.into());
        answer.etag = revision.map(|revision| ETag(revision).to_string());
        Ok(answer)
    }

    /// 202 with `Location`: what was asked for goes on, and is to be looked at there.
    ///
    /// # Errors
    /// [`ApiError::Internal`] if `body` cannot be written as JSON.
    pub fn accepted(location: impl Into<String>, body: &impl Serialize) -> Result<Self, ApiError> {
        let mut answer = Self::with_status(StatusCode::ACCEPTED, body)?;
        answer.location = Some(location.into());
        Ok(answer)
    }

    /// 200 with a record that has changed, and its `ETag`.
    ///
    /// # Errors
    /// [`ApiError::Internal`] if `body` cannot be written as JSON.
    pub fn of_record(revision: i64, body: &impl Serialize) -> Result<Self, ApiError> {
        let mut answer = Self::with_status(StatusCode::OK, body)?;
        answer.etag = Some(ETag(revision).to_string());
        Ok(answer)
    }

    /// An answer with any status of success, without headers of its own.
    ///
    /// # Errors
    /// [`ApiError::Internal`] if `body` cannot be written as JSON.
    pub fn with_status(status: StatusCode, body: &impl Serialize) -> Result<Self, ApiError> {
        Ok(Self {
            status,
            location: None,
            etag: None,
            body: serde_json::to_vec(body).map_err(ApiError::internal)?,
            replayed: false,
        })
    }

    /// Puts another body in place, as when part of an answer must not be stored.
    ///
    /// # Errors
    /// [`ApiError::Internal`] if `body` cannot be written as JSON.
    pub fn set_body(&mut self, body: &impl Serialize) -> Result<(), ApiError> {
        self.body = serde_json::to_vec(body).map_err(ApiError::internal)?;
        Ok(())
    }

    /// The JSON body as bytes.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether this answer was given before.
    pub fn is_replayed(&self) -> bool {
        self.replayed
    }
}

impl Responder for Answer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if let Some(etag) = self.etag {
            response.insert_header((header::ETAG, etag));
        }
        if self.replayed {
            response.insert_header((IDEMPOTENCY_REPLAYED, "true"));
        }
        response.content_type("application/json").body(self.body)
    }
}
