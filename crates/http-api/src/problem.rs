//! The closed set of errors that an API answers with, and their form on the wire.
//!
//! RFC 9457 `application/problem+json`: `{type, title, status, detail, code, errors?}`. The code is
//! stable; texts may improve.

mod body;
mod field_error;

use std::error::Error;
use std::time::Duration;

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};

use crate::etag::ETag;
use crate::token::{Scope, Unauthenticated};

pub use body::{PROBLEM_CONTENT_TYPE, Problem};
pub use field_error::{FieldError, code};

/// Everything an API may answer other than success.
///
/// Variants are told apart by what the caller can do about them.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 400: the body is not JSON.
    #[error("The body is not valid JSON: {detail}.")]
    MalformedJson {
        /// What the parser met and where.
        detail: String,
    },
    /// 400: query parameters are unknown or cannot be read; each error names one.
    #[error("The query string has {} to correct.", count(.errors, "parameter", "parameters"))]
    InvalidQuery {
        /// One per parameter; the pointer is the parameter's name.
        errors: Vec<FieldError>,
    },
    /// 400: a request header cannot be read.
    #[error("The header {name} is not valid: {detail}.")]
    InvalidHeader {
        /// The header.
        name: &'static str,
        /// What is expected in it.
        detail: &'static str,
    },
    /// 401: no token, or one that is not accepted.
    #[error("{0}")]
    Unauthenticated(Unauthenticated),
    /// 403: the token lacks a scope.
    #[error("The token lacks the scope {scope}; ask for one that has it.")]
    Forbidden {
        /// What the request needs.
        scope: Scope,
    },
    /// 404: nothing here, or nothing of this account.
    #[error("There is nothing at this address.")]
    NotFound,
    /// 404: a name in the address is none of those that exist.
    #[error("{detail}")]
    UnknownAddress {
        /// Which name, and which ones there are.
        detail: String,
    },
    /// 405: the resource exists but does not do this.
    #[error("This resource does not answer that method; it answers {}.", join(.allow))]
    MethodNotAllowed {
        /// What it does answer.
        allow: Vec<Method>,
    },
    /// 408: the body did not arrive in time.
    #[error("The body did not arrive in time; send it again.")]
    RequestTimeout,
    /// 410: what is asked for existed and is no longer kept.
    #[error("{detail}")]
    Gone {
        /// What is gone and how to go on.
        detail: String,
        /// The oldest position that is still kept.
        oldest_seq: i64,
    },
    /// 422: the body is JSON, but fields are wrong.
    #[error("The body has {} to correct.", count(.0, "field", "fields"))]
    Unprocessable(Vec<FieldError>),
    /// 409: something else still refers to it.
    #[error("{detail}")]
    InUse {
        /// What refers to it.
        detail: String,
        /// How many do.
        count: i64,
    },
    /// 409: the request does not fit the current state.
    #[error("{detail}")]
    Conflict {
        /// What stands in the way.
        detail: String,
    },
    /// 422: the idempotency key was used with another request.
    #[error("This Idempotency-Key was used with another request; use a new key for a new request.")]
    IdempotencyMismatch,
    /// 409: the first request with this idempotency key is still being answered.
    #[error("A request with this Idempotency-Key is still being answered; repeat it in a moment.")]
    IdempotencyInFlight,
    /// 412: `If-Match` names another revision.
    #[error("The record has changed: its ETag is now {current}; read it again and repeat.")]
    PreconditionFailed {
        /// The current tag.
        current: ETag,
    },
    /// 413: the body is too large.
    #[error("The body is larger than {limit_bytes} bytes; send less at a time.")]
    PayloadTooLarge {
        /// The most that is read.
        limit_bytes: usize,
    },
    /// 415: the body is not of a type that is read here.
    #[error("The body must be sent as application/json, in UTF-8 and without Content-Encoding.")]
    UnsupportedMediaType,
    /// 429: too many requests.
    #[error("Too many requests; wait as long as Retry-After says.")]
    TooManyRequests {
        /// When to try again.
        retry_after: Duration,
    },
    /// 503: something needed to answer is away.
    #[error("The service cannot answer now; repeat the request as Retry-After says.")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
        /// What is away, for the log only.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// 500: our fault; shows nothing outside, is logged once.
    #[error("Something went wrong on our side; it has been logged.")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl ApiError {
    /// An error of ours, to be logged once at the boundary and shown to nobody.
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// 503 with the usual wait, keeping what is away for the log.
    pub fn unavailable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable {
            retry_after: Duration::from_secs(1),
            source: Some(error.into()),
        }
    }

    /// 422 for one field.
    pub fn field(
        pointer: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self::Unprocessable(vec![FieldError::new(pointer, code, message)])
    }

    /// The status line.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MalformedJson { .. } | Self::InvalidQuery { .. } | Self::InvalidHeader { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::NotFound | Self::UnknownAddress { .. } => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Gone { .. } => StatusCode::GONE,
            Self::Unprocessable(_) | Self::IdempotencyMismatch => StatusCode::UNPROCESSABLE_ENTITY,
            Self::InUse { .. } | Self::Conflict { .. } | Self::IdempotencyInFlight => {
                StatusCode::CONFLICT
            }
            Self::PreconditionFailed { .. } => StatusCode::PRECONDITION_FAILED,
            Self::PayloadTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable code; part of the contract.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MalformedJson { .. } => "malformed_json",
            Self::InvalidQuery { .. } => "invalid_query",
            Self::InvalidHeader { .. } => "invalid_header",
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound | Self::UnknownAddress { .. } => "not_found",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::Gone { .. } => "gone",
            Self::Unprocessable(_) => "invalid_fields",
            Self::InUse { .. } => "in_use",
            Self::Conflict { .. } => "conflict",
            Self::IdempotencyMismatch => "idempotency_key_reused",
            Self::IdempotencyInFlight => "idempotency_key_in_flight",
            Self::PreconditionFailed { .. } => "precondition_failed",
            Self::PayloadTooLarge { .. } => "payload_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::Unavailable { .. } => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// The error as it goes on the wire.
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.status(), self.code(), self.to_string());
        match self {
            Self::InvalidQuery { errors } | Self::Unprocessable(errors) => {
                problem.errors.clone_from(errors);
            }
            Self::InUse { count, .. } => problem.count = Some(*count),
            Self::Gone { oldest_seq, .. } => problem.oldest_seq = Some(*oldest_seq),
            _ => {}
        }
        problem
    }

    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Unauthenticated(reason) => Some((
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(reason.challenge()),
            )),
            Self::MethodNotAllowed { allow } => {
                Some((header::ALLOW, HeaderValue::from_str(&join(allow)).ok()?))
            }
            Self::PreconditionFailed { current } => Some((header::ETAG, current.header_value())),
            Self::TooManyRequests { retry_after } | Self::Unavailable { retry_after, .. } => {
                Some((
                    header::RETRY_AFTER,
                    HeaderValue::from(retry_after_seconds(*retry_after)),
                ))
            }
            _ => None,
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.problem().into_response();
        if let Some((name, value)) = self.header() {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// Whole seconds, rounded up, and never 0: a client that is told 0 repeats at once.
fn retry_after_seconds(wait: Duration) -> u64 {
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    whole.max(1)
}

fn join(methods: &[Method]) -> String {
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    names.join(", ")
}

fn count(errors: &[FieldError], one: &str, many: &str) -> String {
    match errors.len() {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::{Value, json};

    use super::*;

    async fn answer(error: ApiError) -> (HttpResponse, Value) {
        let response = error.error_response();
        let copy = error.error_response();
        let bytes = to_bytes(copy.into_body()).await.unwrap();
        (response, serde_json::from_slice(&bytes).unwrap())
    }

    #[actix_web::test]
    async fn field_errors_are_listed_with_pointers() {
        let (response, body) =
            answer(ApiError::field("/price", code::TOO_LONG, "Send less.")).await;
        assert_eq!(response.status(), 422);
        assert_eq!(
            response.headers().get("content-type").unwrap(),
            "application/problem+json"
        );
        assert_eq!(
            body,
            json!({
                "type": "urn:dealwire:problem:invalid_fields",
                "title": "Unprocessable Entity",
                "status": 422,
                "detail": "The body has 1 field to correct.",
                "code": "invalid_fields",
                "errors": [{"pointer": "/price", "code": "too_long", "message": "Send less."}],
            })
        );
    }

    #[actix_web::test]
    async fn internal_errors_show_nothing() {
        let (response, body) = answer(ApiError::internal("password is hunter2")).await;
        assert_eq!(response.status(), 500);
        assert!(!body.to_string().contains("hunter2"));
        assert_eq!(body["code"], "internal");
    }

    #[actix_web::test]
    async fn headers_go_with_their_errors() {
        let (response, body) = answer(ApiError::Unavailable {
            retry_after: Duration::from_millis(1500),
            source: None,
        })
        .await;
        assert_eq!(response.headers().get("retry-after").unwrap(), "2");
        assert_eq!(body["status"], 503);

        let (response, _) = answer(ApiError::MethodNotAllowed {
            allow: vec![Method::GET, Method::POST],
        })
        .await;
        assert_eq!(response.headers().get("allow").unwrap(), "GET, POST");

        let (response, _) = answer(ApiError::PreconditionFailed { current: ETag(7) }).await;
        assert_eq!(response.headers().get("etag").unwrap(), "\"7\"");

        let (response, _) = answer(ApiError::Unauthenticated(Unauthenticated::Missing)).await;
        assert_eq!(
            response.headers().get("www-authenticate").unwrap(),
            "Bearer"
        );
    }

    #[actix_web::test]
    async fn counts_and_positions_are_members_of_their_own() {
        let (_, body) = answer(ApiError::InUse {
            detail: "Two orders use this entry.".to_owned(),
            count: 2,
        })
        .await;
        assert_eq!(body["count"], 2);
        let (response, body) = answer(ApiError::Gone {
            detail: "Events before 90 are no longer kept.".to_owned(),
            oldest_seq: 90,
        })
        .await;
        assert_eq!(response.status(), 410);
        assert_eq!(body["oldest_seq"], 90);
    }
}
