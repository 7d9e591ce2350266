//! One id per request, through logs and events: `X-Request-Id`.

use std::fmt;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use uuid::Uuid;

use crate::problem::ApiError;

/// The header that carries the id, in requests and answers.
pub const REQUEST_ID: &str = "X-Request-Id";

const MAX_BYTES: usize = 128;

/// The id of a request: the client's own if it sent a usable one, a random one otherwise; and its
/// place in its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationId {
    id: String,
    traceparent: String,
}

impl CorrelationId {
    /// A new random id.
    pub fn random() -> Self {
        Self::untraced(Uuid::new_v4().hyphenated().to_string())
    }

    fn untraced(id: String) -> Self {
        Self {
            id,
            traceparent: String::new(),
        }
    }

    /// The id as text: 1 to 128 visible ASCII characters.
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// The request's place in its trace, as in the header of W3C Trace Context; empty where it is
    /// not traced.
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    pub(crate) fn in_trace(self, traceparent: String) -> Self {
        Self {
            traceparent,
            ..self
        }
    }

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        headers
            .get(REQUEST_ID)
            .and_then(|value| value.to_str().ok())
            .filter(|text| (1..=MAX_BYTES).contains(&text.len()))
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))
            .map_or_else(Self::random, |text| Self::untraced(text.to_owned()))
    }

    pub(crate) fn header_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.id).ok()
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl FromRequest for CorrelationId {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let set = request.extensions().get::<Self>().cloned();
        ready(Ok(set.unwrap_or_else(|| Self::of(request.headers()))))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn id_for(sent: &str) -> CorrelationId {
        let request = TestRequest::default()
            .insert_header((REQUEST_ID, sent))
            .to_http_request();
        CorrelationId::of(request.headers())
    }

    #[test]
    fn a_usable_id_is_kept_and_another_replaced() {
        assert_eq!(id_for("abc-1").as_str(), "abc-1");
        for bad in ["", "a b", "é", &"x".repeat(129)] {
            let id = id_for(bad);
            assert_ne!(id.as_str(), bad);
            assert_eq!(id.as_str().len(), 36);
        }
        assert_ne!(id_for(""), id_for(""));
    }
}
