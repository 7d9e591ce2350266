//! A request that is ready to go out, and to be logged.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_LENGTH, HOST};
use hyper::{HeaderMap, Method, Request};

use crate::address::WebhookUrl;
use crate::headers::MASK;

/// One request to one receiver.
#[derive(Debug, Clone)]
pub(crate) struct OutgoingRequest {
    method: Method,
    url: WebhookUrl,
    headers: HeaderMap,
    body: Bytes,
    time_limit: Duration,
}

impl OutgoingRequest {
    /// Puts `Host` and `Content-Length` before `headers`; `Host` is always the
    /// URL's.
    pub(crate) fn new(
        method: Method,
        url: WebhookUrl,
        headers: HeaderMap,
        body: Bytes,
        time_limit: Duration,
    ) -> Self {
        let mut all = HeaderMap::with_capacity(headers.len() + 2);
        all.insert(HOST, url.authority().clone());
        if !body.is_empty() || method == Method::POST {
            all.insert(CONTENT_LENGTH, body.len().into());
        }
        for (name, value) in headers {
            if let Some(name) = name
                && name != HOST
                && name != CONTENT_LENGTH
            {
                all.insert(name, value);
            }
        }
        Self {
            method,
            url,
            headers: all,
            body,
            time_limit,
        }
    }

    /// Where it goes.
    pub(crate) fn url(&self) -> &WebhookUrl {
        &self.url
    }

    /// The body, as signed and sent.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    /// The method.
    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    /// The headers in the order of the wire; values of the webhook's own are marked
    /// sensitive.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How long an answer may take.
    pub(crate) fn time_limit(&self) -> Duration {
        self.time_limit
    }

    /// Request line and headers as on the wire, for the delivery log; values
    /// of the webhook's own headers are masked.
    pub(crate) fn logged_head(&self) -> String {
        let mut head = String::with_capacity(512);
        head.push_str(self.method.as_str());
        head.push(' ');
        let target = self.url.path_and_query();
        head.push_str(target.path());
        if let Some(query) = target.query() {
            head.push('?');
            head.push_str(query);
        }
        head.push_str(" HTTP/1.1\r\n");
        for (name, value) in &self.headers {
            head.push_str(name.as_str());
            head.push_str(": ");
            if value.is_sensitive() {
                head.push_str(MASK);
            } else {
                head.push_str(&String::from_utf8_lossy(value.as_bytes()));
            }
            head.push_str("\r\n");
        }
        head
    }

    /// The request in the client library's terms.
    pub(super) fn to_http(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.url.path_and_query().clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}
