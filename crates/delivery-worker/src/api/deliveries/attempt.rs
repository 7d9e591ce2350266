//! One attempt as the API shows it: request and answer taken apart from the bytes
//! that were logged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use events::Timestamp;
use serde::Serialize;
use url::{Position, Url};
use utoipa::ToSchema;

use super::to_millis;
use crate::store::delivery_log::{AttemptBodyRow, AttemptRow};

/// An attempt with what is kept of it.
#[derive(Debug)]
pub(super) struct LoggedAttempt {
    pub(super) row: AttemptRow,
    /// Head and body.
    pub(super) request: Option<(Vec<u8>, Vec<u8>)>,
    /// Head, body, and whether that was all of it.
    pub(super) answer: Option<(Vec<u8>, Vec<u8>, bool)>,
}

impl LoggedAttempt {
    /// Of what the log has of it.
    pub(super) fn of(row: AttemptRow, bodies: Option<AttemptBodyRow>) -> Self {
        let (request, answer) = bodies.map_or((None, None), |bodies| {
            let is_complete = bodies.response_complete;
            let body = bodies.response_body.unwrap_or_default();
            let answer = bodies.response_head.map(|head| (head, body, is_complete));
            (Some((bodies.request_head, bodies.request_body)), answer)
        });
        Self {
            row,
            request,
            answer,
        }
    }
}

/// One request, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptResponse {
    /// Counts from 1, as the receiver was told in `X-Delivery-Attempt`.
    number: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    started_at: String,
    /// Until the answer's headers, or the failure, in milliseconds.
    ms: i64,
    /// `success` (any 2xx), `http_error` (any other status), or where it failed without an answer:
    /// `dns`, `blocked`, `connect`, `tls`, `timeout`, `reset`, `bad_response`.
    #[schema(example = "timeout")]
    outcome: String,
    /// What was wrong, in a sentence.
    error: Option<String>,
    /// The address that was connected to.
    #[schema(example = "203.0.113.7:443")]
    remote: Option<String>,
    /// Null once it is no longer kept, or was erased (`erased_at`).
    request: Option<RequestResponse>,
    /// Null if there was none, or once it is no longer kept or was erased (`erased_at`).
    response: Option<AnswerResponse>,
}

/// A request as on the wire, values of the webhook's own headers as `***`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestResponse {
    /// The method.
    #[schema(example = "POST")]
    method: String,
    /// The whole URL, with the query that was sent.
    url: String,
    /// In the order of the wire.
    headers: Vec<HeaderResponse>,
    #[serde(flatten)]
    body: BodyResponse,
}

/// A receiver's answer as on the wire.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnswerResponse {
    /// The status.
    status: Option<i64>,
    /// In the order of the wire.
    headers: Vec<HeaderResponse>,
    #[serde(flatten)]
    body: BodyResponse,
    /// Whether there was more of the body than is kept, which is 4 KiB.
    truncated: bool,
}

/// A header.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct HeaderResponse {
    /// Its name.
    pub(in crate::api) name: String,
    /// Its value.
    pub(in crate::api) value: String,
}

/// A body of whatever bytes.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct BodyResponse {
    /// The body, in `body_encoding`.
    body: String,
    /// `text`, or `base64` if the body is not UTF-8.
    #[schema(example = "text")]
    body_encoding: &'static str,
}

impl AttemptResponse {
    /// `url` is that of the settings which the attempt used.
    pub(super) fn new(logged: LoggedAttempt, url: Option<&String>) -> Self {
        let LoggedAttempt {
            row: attempt,
            request,
            answer,
        } = logged;
        let outcome = match (attempt.status, attempt.error_kind) {
            (Some(200..=299), _) => "success".to_owned(),
            (Some(_), _) => "http_error".to_owned(),
            (None, kind) => kind.unwrap_or_else(|| "unknown".to_owned()),
        };
        let request = request.map(|(head, body)| RequestResponse::new(&head, &body, url));
        let response = answer.map(|(head, body, is_complete)| {
            AnswerResponse::new(attempt.status, &head, &body, is_complete)
        });
        Self {
            number: attempt.number,
            started_at: Timestamp(attempt.started_at_us).to_rfc3339(),
            ms: to_millis(attempt.duration_us),
            outcome,
            error: attempt.error,
            remote: attempt.remote,
            request,
            response,
        }
    }
}

impl RequestResponse {
    fn new(head: &[u8], body: &[u8], url: Option<&String>) -> Self {
        let head = Head::parse(head);
        let mut words = head.first_line.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        Self {
            method,
            url: url.map_or_else(|| target.to_owned(), |url| requested_url(url, target)),
            headers: head.headers,
            body: BodyResponse::new(body),
        }
    }
}

/// The URL of the settings with what was asked for in place of its path and query:
/// a stage trigger's parameters are in there.
fn requested_url(url: &str, target: &str) -> String {
    match Url::parse(url) {
        Ok(parsed) => format!("{}{target}", &parsed[..Position::BeforePath]),
        Err(_other_version) => url.to_owned(),
    }
}

impl AnswerResponse {
    fn new(status: Option<i64>, head: &[u8], body: &[u8], is_complete: bool) -> Self {
        Self {
            status,
            headers: Head::parse(head).headers,
            body: BodyResponse::new(body),
            truncated: !is_complete,
        }
    }
}

impl BodyResponse {
    pub(in crate::api) fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self {
                body: text.to_owned(),
                body_encoding: "text",
            },
            Err(_not_text) => Self {
                body: STANDARD.encode(bytes),
                body_encoding: "base64",
            },
        }
    }
}

/// First line and headers of a message.
#[derive(Debug, Default)]
struct Head {
    first_line: String,
    headers: Vec<HeaderResponse>,
}

impl Head {
    /// Bytes that are not UTF-8 are shown as U+FFFD.
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
        let first_line = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap_or((line, ""));
                HeaderResponse {
                    name: name.to_owned(),
                    value: value.trim_start().to_owned(),
                }
            })
            .collect();
        Self {
            first_line,
            headers,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attempt(status: Option<i64>, error_kind: Option<&str>) -> AttemptRow {
        AttemptRow {
            claim_no: 2,
            number: 2,
            settings_version: 1,
            started_at_us: 1_767_323_045_123_456,
            duration_us: 1_499,
            status,
            error_kind: error_kind.map(str::to_owned),
            error: None,
            remote: Some("127.0.0.1:80".to_owned()),
        }
    }

    #[test]
    fn request_and_answer_are_shown_as_on_the_wire() {
        let body = AttemptBodyRow {
            request_head: b"POST /hook?a=1 HTTP/1.1\r\nhost: a.example\r\nx-key: ***\r\n".to_vec(),
            request_body: b"id=42&event=delete".to_vec(),
            response_head: Some(b"HTTP/1.1 200\r\nx-odd: a: \xff\r\n".to_vec()),
            response_body: Some(vec![0, 0xff]),
            response_complete: false,
        };
        let url = "https://a.example/hook?a=1".to_owned();
        let shown = AttemptResponse::new(
            LoggedAttempt::of(attempt(Some(200), None), Some(body)),
            Some(&url),
        );
        assert_eq!(
            serde_json::to_value(shown).unwrap(),
            json!({
                "number": 2,
                "started_at": "2026-01-02T03:04:05.123456Z",
                "ms": 1,
                "outcome": "success",
                "error": null,
                "remote": "127.0.0.1:80",
                "request": {
                    "method": "POST",
                    "url": "https://a.example/hook?a=1",
                    "headers": [
                        {"name": "host", "value": "a.example"},
                        {"name": "x-key", "value": "***"},
                    ],
                    "body": "id=42&event=delete",
                    "body_encoding": "text",
                },
                "response": {
                    "status": 200,
                    "headers": [{"name": "x-odd", "value": "a: \u{fffd}"}],
                    "body": "AP8=",
                    "body_encoding": "base64",
                    "truncated": true,
                },
            })
        );
    }

    #[test]
    fn the_url_has_the_query_that_was_sent() {
        for (url, target) in [
            ("https://a.example:8443/hook", "/hook?k=1&name=%D0%AB+%26"),
            ("https://a.example:8443/hook?k=1", "/hook?k=1&name="),
            ("https://a.example:8443/", "/"),
        ] {
            assert_eq!(
                requested_url(url, target),
                format!("https://a.example:8443{target}")
            );
        }
    }

    #[test]
    fn outcomes_are_told_apart() {
        for (status, kind, expected) in [
            (Some(204), None, "success"),
            (Some(199), None, "http_error"),
            (Some(302), None, "http_error"),
            (Some(500), None, "http_error"),
            (None, Some("timeout"), "timeout"),
            (None, Some("blocked"), "blocked"),
        ] {
            let shown = AttemptResponse::new(LoggedAttempt::of(attempt(status, kind), None), None);
            assert_eq!(shown.outcome, expected, "{status:?} {kind:?}");
            assert!(shown.request.is_none() && shown.response.is_none());
        }
    }

    #[test]
    fn without_an_answer_there_is_only_the_request() {
        let body = AttemptBodyRow {
            request_head: b"POST / HTTP/1.1\r\n".to_vec(),
            request_body: Vec::new(),
            response_head: None,
            response_body: None,
            response_complete: false,
        };
        let shown = AttemptResponse::new(
            LoggedAttempt::of(attempt(None, Some("reset")), Some(body)),
            None,
        );
        assert!(shown.response.is_none());
        let request = shown.request.unwrap();
        assert_eq!(
            (request.method.as_str(), request.url.as_str()),
            ("POST", "/")
        );
    }
}
