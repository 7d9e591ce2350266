//! A request as the journal keeps it.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header;
use events::Timestamp;
use http_api::CorrelationId;
use serde_json::{Map, Value};

use super::body::Body;
use crate::domain::request::RawRequest;

/// What lets somebody in somewhere is not for the eyes of those who read the journal.
const SECRET_HEADERS: [&str; 4] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-api-key",
];
/// What stands in their place.
const HIDDEN: &str = "***";

pub(super) fn of(
    request: &HttpRequest,
    address: Option<IpAddr>,
    body: &Body,
    received_at: Timestamp,
    correlation_id: &CorrelationId,
) -> RawRequest {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    RawRequest {
        received_at,
        method: request.method().as_str().to_owned(),
        remote_address: address
            .map(|address| address.to_string())
            .unwrap_or_default(),
        content_type: content_type.map(|value| text(value.as_bytes())),
        query: request.query_string().as_bytes().to_vec(),
        headers: headers(request),
        body: body.bytes.clone(),
        body_bytes: i64::try_from(body.length).unwrap_or(i64::MAX),
        correlation_id: correlation_id.as_str().to_owned(),
        traceparent: correlation_id.traceparent().to_owned(),
    }
}

fn headers(request: &HttpRequest) -> Value {
    let mut shown: Map<String, Value> = Map::new();
    for (name, value) in request.headers() {
        let name = name.as_str();
        let value = if SECRET_HEADERS.contains(&name) {
            HIDDEN.to_owned()
        } else {
            text(value.as_bytes())
        };
        match shown.get_mut(name) {
            Some(Value::String(first)) => {
                first.push_str(", ");
                first.push_str(&value);
            }
            _ => {
                shown.insert(name.to_owned(), Value::String(value));
            }
        }
    }
    Value::Object(shown)
}

/// Headers may hold any bytes but controls; a database's text is UTF-8 without NUL.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', "")
}
