//! Successful answers: a record, a created record, and nothing.

use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

use crate::etag::{ETag, IfNoneMatch};

/// One record as it is now: 200 with its `ETag`, or 304 if the caller has this revision.
#[derive(Debug, Clone)]
pub struct Record<T> {
    /// The record's revision.
    pub revision: i64,
    /// The record as it goes on the wire.
    pub body: T,
    /// What the caller has; [`IfNoneMatch::default`] for answers to writes.
    pub if_none_match: IfNoneMatch,
}

impl<T> Record<T> {
    /// The answer to a write: always with the body.
    pub fn new(revision: i64, body: T) -> Self {
        Self {
            revision,
            body,
            if_none_match: IfNoneMatch::default(),
        }
    }

    /// The answer to a read.
    #[must_use]
    pub fn unless(mut self, if_none_match: IfNoneMatch) -> Self {
        self.if_none_match = if_none_match;
        self
    }
}

impl<T: Serialize> Responder for Record<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let etag = (header::ETAG, ETag(self.revision).header_value());
        if self.if_none_match.matches(self.revision) {
            HttpResponse::NotModified().insert_header(etag).finish()
        } else {
            HttpResponse::Ok().insert_header(etag).json(self.body)
        }
    }
}

/// 201 with `Location`, and `ETag` where the record has a revision.
#[derive(Debug, Clone)]
pub struct Created<T> {
    /// The path of the new record from the root, such as `/api/v1/orders/42`.
    pub location: String,
    /// The record's revision, if it has any.
    pub revision: Option<i64>,
    /// The record as it goes on the wire.
    pub body: T,
}

impl<T: Serialize> Responder for Created<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Created();
        response.insert_header((header::LOCATION, self.location));
        if let Some(revision) = self.revision {
            response.insert_header((header::ETAG, ETag(revision).header_value()));
        }
        response.json(self.body)
    }
}

/// 204: done, and nothing to say.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

impl Responder for NoContent {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::FromRequest;
    use actix_web::test::TestRequest;
    use serde_json::json;

    use super::*;

    #[actix_web::test]
    async fn a_copy_that_is_current_is_not_sent_again() {
        let request = TestRequest::default()
            .insert_header(("If-None-Match", "\"3\""))
            .to_http_request();
        let condition = IfNoneMatch::extract(&request).await.unwrap();
        let same = Record::new(3, json!({})).unless(condition.clone());
        let response = same.respond_to(&request);
        assert_eq!(response.status(), 304);
        assert_eq!(response.headers().get("etag").unwrap(), "\"3\"");
        let newer = Record::new(4, json!({})).unless(condition);
        assert_eq!(newer.respond_to(&request).status(), 200);
    }

    #[actix_web::test]
    async fn creating_says_where() {
        let request = TestRequest::default().to_http_request();
        let created = Created {
            location: "/api/v1/orders/42".to_owned(),
            revision: Some(1),
            body: json!({"id": 42}),
        };
        let response = created.respond_to(&request);
        assert_eq!(response.status(), 201);
        assert_eq!(
            response.headers().get("location").unwrap(),
            "/api/v1/orders/42"
        );
        assert_eq!(response.headers().get("etag").unwrap(), "\"1\"");
        assert_eq!(NoContent.respond_to(&request).status(), 204);
    }
}
