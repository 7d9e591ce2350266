//! From what was rendered to a request that is ready to go out: addressed, signed,
//! with its headers. Deliveries, tests and previews all take this way.

use events::Timestamp;
use hyper::Method;
use hyper::header::InvalidHeaderValue;

use crate::address::{QueryError, WebhookUrl};
use crate::domain::delivery::DeliveryId;
use crate::headers::{CallbackHeaders, CustomHeaders, OUR_NAME};
use crate::render::Rendered;
use crate::send::{OutgoingRequest, TIME_LIMIT};
use crate::sign::Signer;

/// All that a request needs besides what was rendered.
#[derive(Debug)]
pub(crate) struct Assembly<'a> {
    /// The webhook's URL.
    pub(crate) url: &'a WebhookUrl,
    /// Its own headers.
    pub(crate) own: &'a CustomHeaders,
    /// Who says that it is from us, and how.
    pub(crate) sender: Sender<'a>,
    /// The delivery.
    pub(crate) delivery: DeliveryId,
    /// The attempt's number, from 1.
    pub(crate) number: i64,
    /// When it is tried again if this attempt fails; none of the last one and of tests.
    pub(crate) next_attempt_at: Option<Timestamp>,
    /// The record's revision; none of a bulk delete or of the test request.
    pub(crate) revision: Option<i64>,
    /// When the attempt begins.
    pub(crate) at: Timestamp,
}

/// Who a request is from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sender<'a> {
    /// This program: signed now.
    Us(&'a Signer),
    /// Whoever made the same request before.
    Then {
        /// What it called itself.
        user_agent: &'a str,
        /// Its signature.
        signature: &'a str,
    },
}

/// Why a request cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AssemblyError {
    /// The query makes the URL too long.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A header cannot be sent.
    #[error("a header cannot be sent: {0}")]
    Header(#[from] InvalidHeaderValue),
}

impl Assembly<'_> {
    /// The request. A `GET` is signed by its whole query, as sent (WIRE 4).
    pub(crate) fn request(&self, rendered: Rendered) -> Result<OutgoingRequest, AssemblyError> {
        let url = self.url.with_query(&rendered.query)?;
        let signed = match rendered.method {
            Method::GET => url.query().as_bytes(),
            _ => &rendered.body,
        };
        let delivery_id = self.delivery.to_string();
        let timestamp_seconds = self.at.unix_seconds();
        let signature;
        let (user_agent, signature) = match self.sender {
            Sender::Us(signer) => {
                signature = signer.sign(&delivery_id, timestamp_seconds, signed);
                (OUR_NAME, signature.as_str())
            }
            Sender::Then {
                user_agent,
                signature,
            } => (user_agent, signature),
        };
        let headers = CallbackHeaders {
            user_agent,
            content_type: rendered.content_type,
            delivery_id: &delivery_id,
            timestamp_seconds,
            signature,
            attempt: u32::try_from(self.number).unwrap_or(u32::MAX),
            next_attempt_seconds: self.next_attempt_at.map(Timestamp::unix_seconds),
            revision: self.revision,
            own: self.own,
        }
        .assemble()?;
        Ok(OutgoingRequest::new(
            rendered.method,
            url,
            headers,
            rendered.body,
            TIME_LIMIT,
        ))
    }
}

#[cfg(test)]
mod tests {
    use events::Clock;
    use hyper::HeaderMap;
    use standardwebhooks::Webhook;

    use super::*;
    use crate::address::AddressPolicy;
    use crate::secret::WebhookSecret;

    /// The request of a `GET` trigger with this rendered query, and its verifier.
    fn asked(url: &str, query: &str) -> (Result<OutgoingRequest, AssemblyError>, Webhook) {
        let secret = WebhookSecret::generate().unwrap();
        let verifier = Webhook::new(&secret.expose()).unwrap();
        let now = Clock::System.now();
        let assembly = Assembly {
            url: &WebhookUrl::parse(url, &AddressPolicy::default()).unwrap(),
            own: &CustomHeaders::parse([("X-Key", "s3cret")]).unwrap(),
            sender: Sender::Us(&Signer::new(&[secret])),
            delivery: DeliveryId::of_test(now),
            number: 2,
            next_attempt_at: Some(Timestamp(now.0 + 5_000_000)),
            revision: Some(7),
            at: now,
        };
        let rendered = Rendered {
            method: Method::GET,
            content_type: None,
            body: bytes::Bytes::new(),
            query: query.to_owned(),
        };
        (assembly.request(rendered), verifier)
    }

    /// What a receiver parses out of the logged head: the query and the headers.
    fn received(request: &OutgoingRequest) -> (String, HeaderMap) {
        let head = request.logged_head();
        let mut lines = head.trim_end().split("\r\n");
        let target = lines.next().unwrap().split(' ').nth(1).unwrap();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            let name: hyper::header::HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        });
        (query.to_owned(), headers.collect())
    }

    #[test]
    fn a_get_is_signed_by_its_whole_query() {
        for (url, query, sent) in [
            (
                "https://a.example/h?k=%20",
                "x=1&y=+%25",
                "k=%20&x=1&y=+%25",
            ),
            ("https://a.example/h", "test=test", "test=test"),
            ("https://a.example/h?k", "", "k"),
            ("https://a.example/h", "", ""),
        ] {
            let (request, verifier) = asked(url, query);
            let (query, headers) = received(&request.unwrap());
            assert_eq!(query, sent);
            verifier.verify(query.as_bytes(), &headers).unwrap();
            assert!(verifier.verify(b"x=2", &headers).is_err());
            for absent in ["content-type", "content-length", "transfer-encoding"] {
                assert!(!headers.contains_key(absent), "{absent}");
            }
            assert_eq!(headers["x-delivery-attempt"], "2");
            let told: i64 = headers["x-delivery-next-attempt"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            let sent: i64 = headers["webhook-timestamp"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            assert_eq!(told - sent, 5);
            assert_eq!(headers["x-record-revision"], "7");
        }
    }

    #[test]
    fn a_query_that_makes_the_url_too_long_makes_no_request() {
        let (request, _) = asked("https://a.example/h?k=1", &"x".repeat(8_192));
        let error = request.unwrap_err();
        assert!(matches!(error, AssemblyError::Query(_)), "{error}");
    }
}
