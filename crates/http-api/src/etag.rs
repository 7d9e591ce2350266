//! Revisions as entity tags: `ETag`, `If-Match`, `If-None-Match` (RFC 9110, 8.8.3 and 13.1).

use std::fmt;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest};

use crate::problem::ApiError;

/// The tag of a record's revision: `"<revision>"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ETag(pub i64);

impl ETag {
    /// The tag as a header's value.
    pub fn header_value(self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string())
            .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// What a condition header asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Condition {
    #[default]
    Absent,
    Any,
    Tags(Vec<Tag>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    weak: bool,
    opaque: String,
}

/// `If-Match`: write only if the record is still at this revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IfMatch(Condition);

impl IfMatch {
    /// Refuses the write if the caller has seen another revision than `current`.
    ///
    /// Comparison is strong: a weak tag never matches.
    ///
    /// # Errors
    /// [`ApiError::PreconditionFailed`] with the current tag.
    pub fn check(&self, current: i64) -> Result<(), ApiError> {
        let holds = match &self.0 {
            Condition::Absent | Condition::Any => true,
            Condition::Tags(tags) => tags
                .iter()
                .any(|tag| !tag.weak && tag.opaque == current.to_string()),
        };
        if holds {
            Ok(())
        } else {
            Err(ApiError::PreconditionFailed {
                current: ETag(current),
            })
        }
    }

    /// Whether the caller set any condition.
    pub fn is_present(&self) -> bool {
        self.0 != Condition::Absent
    }
}

/// `If-None-Match`: answer 304 if the caller already has this revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IfNoneMatch(Condition);

impl IfNoneMatch {
    /// Whether the caller's copy is of the revision `current`. Comparison is weak.
    pub fn matches(&self, current: i64) -> bool {
        match &self.0 {
            Condition::Absent => false,
            Condition::Any => true,
            Condition::Tags(tags) => tags.iter().any(|tag| tag.opaque == current.to_string()),
        }
    }
}

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(condition(request, &header::IF_MATCH, "If-Match").map(Self))
    }
}

impl FromRequest for IfNoneMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(condition(request, &header::IF_NONE_MATCH, "If-None-Match").map(Self))
    }
}

fn condition(
    request: &HttpRequest,
    header: &HeaderName,
    name: &'static str,
) -> Result<Condition, ApiError> {
    let refused = || ApiError::InvalidHeader {
        name,
        detail: "send * or a list of entity tags in double quotes",
    };
    let mut condition = Condition::Absent;
    for value in request.headers().get_all(header) {
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_not_text| refused())?;
        let next = parse(text).ok_or_else(refused)?;
        condition = match (condition, next) {
            (Condition::Tags(mut all), Condition::Tags(more)) => {
                all.extend(more);
                Condition::Tags(all)
            }
            (Condition::Any, _) | (_, Condition::Any) => Condition::Any,
            (_, next) => next,
        };
    }
    Ok(condition)
}

fn parse(text: &str) -> Option<Condition> {
    if text.trim() == "*" {
        return Some(Condition::Any);
    }
    let mut tags = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (weak, quoted) = match rest.strip_prefix("W/") {
            Some(after) => (true, after),
            None => (false, rest),
        };
        let (opaque, after) = quoted.strip_prefix('"')?.split_once('"')?;
        tags.push(Tag {
            weak,
            opaque: opaque.to_owned(),
        });
        rest = after.trim_start();
        if !rest.is_empty() {
            rest = rest.strip_prefix(',')?.trim_start();
        }
    }
    (!tags.is_empty()).then_some(Condition::Tags(tags))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    async fn if_match(value: &str) -> Result<IfMatch, ApiError> {
        let request = TestRequest::default()
            .insert_header(("If-Match", value))
            .to_http_request();
        IfMatch::extract(&request).await
    }

    #[actix_web::test]
    async fn a_write_needs_the_current_revision() {
        for good in ["\"7\"", "*", "\"6\", \"7\"", " \"7\" ,\"9\""] {
            if_match(good).await.unwrap().check(7).unwrap();
        }
        for stale in ["\"6\"", "W/\"7\"", "\"07\""] {
            assert!(
                matches!(
                    if_match(stale).await.unwrap().check(7),
                    Err(ApiError::PreconditionFailed { current: ETag(7) })
                ),
                "{stale}"
            );
        }
        IfMatch::default().check(7).unwrap();
    }

    #[actix_web::test]
    async fn nonsense_is_refused_not_ignored() {
        for bad in ["7", "\"7", "", "\"7\" \"8\"", "\"7\",x"] {
            assert!(
                matches!(
                    if_match(bad).await,
                    Err(ApiError::InvalidHeader {
                        name: "If-Match",
                        ..
                    })
                ),
                "{bad}"
            );
        }
    }

    #[actix_web::test]
    async fn a_read_compares_weakly() {
        let request = TestRequest::default()
            .insert_header(("If-None-Match", "W/\"7\""))
            .to_http_request();
        let condition = IfNoneMatch::extract(&request).await.unwrap();
        assert!(condition.matches(7));
        assert!(!condition.matches(8));
        assert!(!IfNoneMatch::default().matches(7));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".{0,64}") {
            let _ = parse(&text);
        }

        #[test]
        fn a_tag_we_write_is_one_we_read(revision: i64) {
            let condition = parse(&ETag(revision).to_string()).unwrap();
            prop_assert!(IfMatch(condition).check(revision).is_ok());
        }
    }
}
