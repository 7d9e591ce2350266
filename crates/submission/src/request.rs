//! From a request to a tree.

use crate::limits::{Budget, Limits};
use crate::media_type::{Format, MediaType};
use crate::{Object, ReadError, charset, form, json, multipart};

/// What came over HTTP.
#[derive(Debug, Clone, Copy)]
pub struct Posted<'a> {
    /// The header, if there was one.
    pub content_type: Option<&'a str>,
    /// What follows `?` in the URL, still encoded; may be empty.
    pub query: &'a str,
    /// All of it; may be empty whatever the header says.
    pub body: &'a [u8],
    /// What is refused before it is read.
    pub limits: Limits,
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Submission {
    /// The names of the query.
    pub query: Object,
    /// The names of the body.
    pub body: Object,
}

/// Reads a request.
///
/// JSON (also as `text/plain`, under the type of a form, or under none), forms with
/// PHP brackets and `multipart/form-data`.
///
/// # Errors
/// [`ReadError`]: nothing can be read, or it is more than the limits allow.
pub fn read(posted: &Posted<'_>) -> Result<Submission, ReadError> {
    let mut budget = Budget::new(posted.limits);
    let query = form::read(posted.query.as_bytes(), None, &mut budget)?;
    let body = read_body(posted, &mut budget)?;
    Ok(Submission { query, body })
}

fn read_body(posted: &Posted<'_>, budget: &mut Budget) -> Result<Object, ReadError> {
    if posted.body.trim_ascii().is_empty() {
        return Ok(Object::new());
    }
    let media_type = MediaType::parse(posted.content_type.unwrap_or_default());
    let charset = media_type.charset();
    let format = media_type
        .format(posted.body)
        .ok_or(ReadError::UnsupportedMediaType)?;
    match format {
        Format::Json => json::read(&charset::decode_body(posted.body, charset), budget),
        Format::JsonElseForm => {
            let mut spent = budget.clone();
            match json::read(&charset::decode_body(posted.body, charset), &mut spent) {
                Err(ReadError::Malformed(_)) => form::read(posted.body, charset, budget),
                read => read,
            }
        }
        Format::Form => form::read(without_mark(posted.body), charset, budget),
        Format::Multipart => {
            let boundary = media_type.parameter("boundary");
            multipart::read(posted.body, boundary, charset, budget)
        }
    }
}

/// Without white space around and the byte order mark of UTF-8 before it.
fn without_mark(body: &[u8]) -> &[u8] {
    let body = body.trim_ascii();
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    fn posted<'a>(content_type: Option<&'a str>, query: &'a str, body: &'a [u8]) -> Posted<'a> {
        Posted {
            content_type,
            query,
            body,
            limits: Limits { keys: 3, depth: 1 },
        }
    }

    fn json(content_type: Option<&str>, body: &[u8]) -> serde_json::Value {
        let submission = read(&posted(content_type, "", body)).unwrap();
        serde_json::Value::from(&Value::Object(submission.body))
    }

    #[test]
    fn one_lead_in_every_dress() {
        let expected = serde_json::json!({"name": "Иван", "phone": "8 800"});
        let form = Some("application/x-www-form-urlencoded");
        for (content_type, body) in [
            (None, r#"{"name":"Иван","phone":"8 800"}"#),
            (Some("text/plain"), r#"{"name":"Иван","phone":"8 800"}"#),
            (form, r#"{"name":"Иван","phone":"8 800"}"#),
            (form, "\u{feff}name=Иван&phone=8+800\r\n"),
            (None, "name=%D0%98%D0%B2%D0%B0%D0%BD&phone=8%20800"),
            (None, "name=%C8%E2%E0%ED&phone=8+800"),
            (Some("application/json"), "name=%C8%E2%E0%ED&phone=8+800"),
            (
                Some("multipart/form-data"),
                "--1\nContent-Disposition: x; name=name\n\nИван\n--1\nContent-Disposition: x; name=phone\n\n8 800\n--1--",
            ),
        ] {
            assert_eq!(
                json(content_type, body.as_bytes()),
                expected,
                "{content_type:?} {body}"
            );
        }
        let cp1251 = Some("application/x-www-form-urlencoded; charset=windows-1251");
        assert_eq!(json(cp1251, b"name=%C8%E2\xe0\xed&phone=8+800"), expected);
        let cp1251 = Some("application/json; charset=windows-1251");
        assert_eq!(
            json(
                cp1251,
                b"{\"name\":\"\xc8\xe2\xe0\xed\",\"phone\":\"8 800\"}"
            ),
            expected
        );
        assert_eq!(
            json(None, b"{\"name\":\"\xc8\xe2\xe0\xed\",\"phone\":\"8 800\"}"),
            expected
        );
    }

    #[test]
    fn a_form_that_looks_like_json_is_a_form() {
        let form = Some("application/x-www-form-urlencoded");
        assert_eq!(
            json(form, b"[a]=1&x=2"),
            serde_json::json!({"[a]": "1", "x": "2"})
        );
    }

    #[test]
    fn an_empty_body_is_fine_whatever_its_type() {
        for content_type in [None, Some("application/json"), Some("image/png")] {
            let submission = read(&posted(content_type, "phone=1&a[b]=2", b" \r\n")).unwrap();
            assert!(submission.body.is_empty());
            assert_eq!(submission.query.len(), 2);
        }
    }

    #[test]
    fn limits_count_over_query_and_body() {
        let json = Some("application/json");
        assert!(read(&posted(json, "a=1", b"{\"b\":[2,3]}")).is_ok());
        let error = read(&posted(json, "a=1&b=2", b"{\"b\":[2,3]}"));
        assert_eq!(error, Err(ReadError::TooManyKeys));
        assert_eq!(
            read(&posted(json, "a[b][c]=1", b"")),
            Err(ReadError::TooDeep)
        );
    }

    #[test]
    fn other_media_types_are_refused() {
        let error = read(&posted(Some("application/xml"), "", b"<a/>"));
        assert_eq!(error, Err(ReadError::UnsupportedMediaType));
    }
}
