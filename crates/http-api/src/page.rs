//! Lists in pages: newest first, with an opaque cursor and a `Link` to the next page.

mod cursor;

use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use url::form_urlencoded;
use utoipa::ToSchema;

pub use cursor::{Cursor, CursorError};

/// Which page of a list is asked for; lists go by id, descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items to answer, 1 to [`PageRequest::MAX_LIMIT`].
    pub limit: i64,
    /// Only records with a lower id; `None` on the first page.
    pub before_id: Option<i64>,
}

impl PageRequest {
    /// Items of a page unless `limit` says otherwise.
    pub const DEFAULT_LIMIT: i64 = 50;
    /// The most items of one page.
    pub const MAX_LIMIT: i64 = 200;

    /// How many rows to ask the database for: one more than a page, to know whether it is the last.
    pub fn fetch_limit(&self) -> i64 {
        self.limit + 1
    }
}

/// One page of a list; as an answer it carries `Link: <…>; rel="next"` with the filters kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    /// The records, newest first.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of up to [`PageRequest::fetch_limit`] rows in descending order of id.
    pub fn from_rows<R>(
        mut rows: Vec<R>,
        request: &PageRequest,
        id_of: impl Fn(&R) -> i64,
        show: impl FnMut(R) -> T,
    ) -> Self {
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows
            .last()
            .filter(|_| more)
            .map(|row| Cursor { id: id_of(row) }.encode());
        Self {
            items: rows.into_iter().map(show).collect(),
            next_cursor,
        }
    }
}

impl<T: Serialize> Responder for Page<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &self.next_cursor {
            let link = next_link(request.path(), request.query_string(), "cursor", cursor);
            response.insert_header((header::LINK, link));
        }
        response.json(self)
    }
}

/// `<path?query>; rel="next"` with the parameter `name` replaced by `value` and all others kept.
pub fn next_link(path: &str, query: &str, name: &str, value: &str) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (key, kept) in form_urlencoded::parse(query.as_bytes()) {
        if key != name {
            pairs.append_pair(&key, &kept);
        }
    }
    pairs.append_pair(name, value);
    format!("<{path}?{}>; rel=\"next\"", pairs.finish())
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;
    use serde_json::{Value, json};

    use super::*;

    fn page(ids: &[i64], limit: i64) -> Page<Value> {
        let request = PageRequest {
            limit,
            before_id: None,
        };
        Page::from_rows(ids.to_vec(), &request, |id| *id, |id| json!({"id": id}))
    }

    #[test]
    fn a_row_too_many_means_another_page() {
        let first = page(&[9, 8, 7], 2);
        assert_eq!(first.items, [json!({"id": 9}), json!({"id": 8})]);
        let cursor = first.next_cursor.unwrap();
        assert_eq!(Cursor::decode(&cursor).unwrap(), Cursor { id: 8 });
        assert_eq!(page(&[7, 6], 2).next_cursor, None);
        assert_eq!(page(&[], 2).items, Vec::<Value>::new());
    }

    #[actix_web::test]
    async fn the_link_keeps_the_filters() {
        let request = TestRequest::with_uri(
            "/api/v1/orders?id_client=1&cursor=old&id_client=2&name=%D0%98+x%26y",
        )
        .to_http_request();
        let page = page(&[9, 8], 1);
        let cursor = page.next_cursor.clone().unwrap();
        let response = page.respond_to(&request);
        let link = response
            .headers()
            .get("link")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(
            link,
            format!(
                "</api/v1/orders?id_client=1&id_client=2&name=%D0%98+x%26y&cursor={cursor}>; \
                 rel=\"next\""
            )
        );
        let body: Value =
            serde_json::from_slice(&to_bytes(response.into_body()).await.unwrap()).unwrap();
        assert_eq!(body, json!({"items": [{"id": 9}], "next_cursor": cursor}));
    }

    #[actix_web::test]
    async fn the_last_page_has_no_link() {
        let request = TestRequest::with_uri("/api/v1/orders").to_http_request();
        let response = page(&[9], 1).respond_to(&request);
        assert!(response.headers().get("link").is_none());
    }
}
