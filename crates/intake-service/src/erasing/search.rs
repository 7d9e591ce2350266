//! Whether a request that was kept names a person.

use std::panic::{AssertUnwindSafe, catch_unwind};

use contacts::ContactFinder;
use submission::{Limits, Object, Posted, Value, read};

use crate::store::erasures::KeptRequest;

/// What was refused for its size is looked into as well.
const LIMITS: Limits = Limits {
    keys: 100_000,
    depth: 64,
};

/// Whether the person is named in it: in the bytes as they came, or in what they say, where they
/// are encoded in another way.
pub(super) fn names(finder: &ContactFinder, request: &KeptRequest) -> bool {
    finder.is_in_bytes(&request.query)
        || finder.is_in_bytes(&request.body)
        || finder.is_in(&request.headers.to_string())
        || finder.is_in(request.error.as_deref().unwrap_or_default())
        || says(finder, request)
}

fn says(finder: &ContactFinder, request: &KeptRequest) -> bool {
    // The reader is fuzzed; but one body that it cannot bear must not keep all others.
    let submission = catch_unwind(AssertUnwindSafe(|| {
        read(&Posted {
            content_type: request.content_type.as_deref(),
            query: &String::from_utf8_lossy(&request.query),
            body: &request.body,
            limits: LIMITS,
        })
    }));
    let Ok(Ok(submission)) = submission else {
        return false;
    };
    is_in_object(finder, &submission.query) || is_in_object(finder, &submission.body)
}

fn is_in_object(finder: &ContactFinder, object: &Object) -> bool {
    object
        .iter()
        .any(|(name, value)| finder.is_in(name) || is_in_value(finder, value))
}

fn is_in_value(finder: &ContactFinder, value: &Value) -> bool {
    match value {
        Value::Text(text) | Value::Number(text) => finder.is_in(text),
        Value::List(items) => items.iter().any(|item| is_in_value(finder, item)),
        Value::Object(object) => is_in_object(finder, object),
        Value::File(file) => finder.is_in(&file.name),
        Value::Null | Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn posted(content_type: &str, body: &[u8]) -> KeptRequest {
        KeptRequest {
            id: 1,
            content_type: Some(content_type.to_owned()),
            error: None,
            query: Vec::new(),
            headers: json!({}),
            body: body.to_vec(),
        }
    }

    #[test]
    fn a_person_is_found_whatever_was_posted() {
        let finder = ContactFinder::new(Some("+79998888888"), Some("иван@пример.рф"));
        let cp1251 = "text/plain; charset=windows-1251";
        for (content_type, body) in [
            ("application/json", &b"{\"phone\":79998888888}"[..]),
            (
                "application/json",
                b"{\"a\":{\"b\":[\"8 (999) 888-88-88\"]}}",
            ),
            ("application/json", b"{\"phone\":\"7999\\u0038888888\"}"),
            ("application/json", b"{\"broken\": \"89998888888"),
            (
                "application/json",
                "{\"email\":\"\\u0438\\u0432\\u0430\\u043d@пример.рф\"}".as_bytes(),
            ),
            (
                "application/x-www-form-urlencoded",
                b"t=%2B7+999+888%2D88%2D88",
            ),
            (
                cp1251,
                b"{\"email\":\"\xe8\xe2\xe0\xed@\xef\xf0\xe8\xec\xe5\xf0.\xf0\xf4\"}",
            ),
        ] {
            let request = posted(content_type, body);
            assert!(
                names(&finder, &request),
                "{}",
                String::from_utf8_lossy(body)
            );
        }
        let other = posted("application/json", b"{\"phone\":79998888889,\"n\":9998888}");
        assert!(!names(&finder, &other));
        let referred = KeptRequest {
            headers: json!({"referer": "https://example.com/?p=%2B79998888888"}),
            ..other
        };
        assert!(names(&finder, &referred));
    }
}
