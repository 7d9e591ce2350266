//! Reads a JSON object from a request's body, within bounds of size and time.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use aws_lc_rs::digest;
use futures_util::StreamExt;
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde_json::{Map, Value};

use crate::fields::Fields;
use crate::problem::{ApiError, code};

/// The largest body that is read: 1 MiB.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// How much of an oversized body is thrown away before the connection is given up. A client that
/// is still sending when the connection closes may never see the 413.
const MAX_DISCARDED_BYTES: usize = 16 << 20;
/// How long a body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// A JSON object sent as the body, and the digest of the bytes that it came in.
#[derive(Debug, Clone)]
pub struct JsonBody {
    object: Map<String, Value>,
    sha256: [u8; 32],
}

impl JsonBody {
    /// A reader over the object's fields.
    pub fn into_fields(self) -> Fields {
        Fields::new(self.object)
    }

    /// The object itself.
    pub fn object(&self) -> &Map<String, Value> {
        &self.object
    }

    /// SHA-256 of the body as it was sent; tells two uses of one idempotency key apart.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        // Some editors put a byte order mark before UTF-8; RFC 8259 allows to ignore it.
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let value: Value =
            serde_json::from_slice(text).map_err(|error| ApiError::MalformedJson {
                detail: error.to_string(),
            })?;
        match value {
            Value::Object(object) => Ok(Self {
                object,
                sha256: sha256(bytes),
            }),
            _ => Err(ApiError::field(
                "",
                code::WRONG_TYPE,
                "Send a JSON object: the body must begin with { and end with }.",
            )),
        }
    }
}

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check_headers(request);
        let payload = payload.take();
        async move {
            let announced = checked?;
            Self::parse(&read(payload, announced).await?)
        }
        .boxed_local()
    }
}

/// As [`JsonBody`], for requests that may come without a body: an empty one is `{}`.
#[derive(Debug, Clone)]
pub struct OptionalJsonBody(pub JsonBody);

impl FromRequest for OptionalJsonBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check_headers(request);
        let payload = payload.take();
        async move {
            let bytes = read(payload, checked.as_ref().copied().unwrap_or(0)).await?;
            if bytes.is_empty() {
                return Ok(Self(JsonBody {
                    object: Map::new(),
                    sha256: sha256(&[]),
                }));
            }
            checked?;
            JsonBody::parse(&bytes).map(Self)
        }
        .boxed_local()
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    sum
}

/// Checks type and encoding; answers how many bytes are announced, 0 if unknown.
fn check_headers(request: &HttpRequest) -> Result<usize, ApiError> {
    let content_type = request.content_type().to_ascii_lowercase();
    let is_json = matches!(content_type.as_str(), "" | "application/json" | "text/json")
        || (content_type.starts_with("application/") && content_type.ends_with("+json"));
    let encoded = request
        .headers()
        .get(header::CONTENT_ENCODING)
        .is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if !is_json || encoded {
        return Err(ApiError::UnsupportedMediaType);
    }
    Ok(request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or(0))
}

async fn read(payload: Payload, announced_bytes: usize) -> Result<Vec<u8>, ApiError> {
    if announced_bytes > MAX_DISCARDED_BYTES {
        return Err(too_large());
    }
    tokio::time::timeout(BODY_DEADLINE, collect(payload))
        .await
        .unwrap_or(Err(ApiError::RequestTimeout))
}

async fn collect(mut payload: Payload) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::new();
    let mut received_bytes = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(refused)?;
        received_bytes += chunk.len();
        if received_bytes <= MAX_BODY_BYTES {
            body.extend_from_slice(&chunk);
        } else if received_bytes > MAX_DISCARDED_BYTES {
            break;
        } else {
            body = Vec::new();
        }
    }
    if received_bytes > MAX_BODY_BYTES {
        return Err(too_large());
    }
    Ok(body)
}

fn too_large() -> ApiError {
    ApiError::PayloadTooLarge {
        limit_bytes: MAX_BODY_BYTES,
    }
}

fn refused(error: PayloadError) -> ApiError {
    match error {
        PayloadError::Overflow => too_large(),
        other => ApiError::MalformedJson {
            detail: format!("the body ended early ({other})"),
        },
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    async fn read_body(request: TestRequest) -> Result<JsonBody, ApiError> {
        let (request, mut payload) = request.to_http_parts();
        JsonBody::from_request(&request, &mut payload).await
    }

    fn post(body: &str) -> TestRequest {
        TestRequest::post()
            .insert_header(("content-type", "application/json"))
            .set_payload(body.to_owned())
    }

    #[actix_web::test]
    async fn an_object_is_read_with_its_digest() {
        let body = read_body(post("{\"a\":1,\"a\":2}")).await.unwrap();
        assert_eq!(body.object()["a"], 2, "the last of two equal keys wins");
        let same = read_body(post("{\"a\":1,\"a\":2}")).await.unwrap();
        let other = read_body(post("{\"a\": 1,\"a\":2}")).await.unwrap();
        assert_eq!(body.sha256(), same.sha256());
        assert_ne!(body.sha256(), other.sha256());
        read_body(post("\u{feff}{}")).await.unwrap();
    }

    #[test]
    fn the_digest_is_sha_256() {
        // FIPS 180-4, the empty message.
        assert_eq!(sha256(b"")[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    }

    #[actix_web::test]
    async fn what_is_not_json_is_located() {
        for (bad, place) in [
            ("", "line 1 column 0"),
            ("{\"a\":}", "line 1 column 6"),
            ("{\n\"a\": nul}", "line 2 column"),
            ("{\"a\":\"\\ud800\"}", "line 1"),
            ("{\"a\":1e999}", "line 1"),
            ("{} {}", "line 1 column 4"),
            ("{'a':1}", "line 1 column 2"),
        ] {
            match read_body(post(bad)).await {
                Err(ApiError::MalformedJson { detail }) => {
                    assert!(detail.contains(place), "{bad}: {detail}");
                }
                other => panic!("{bad}: {other:?}"),
            }
        }
        let bomb = "[".repeat(200_000);
        assert!(matches!(
            read_body(post(&bomb)).await,
            Err(ApiError::MalformedJson { .. })
        ));
    }

    #[actix_web::test]
    async fn what_is_not_an_object_is_a_field_error() {
        for bad in ["[]", "null", "5", "\"{}\""] {
            match read_body(post(bad)).await {
                Err(ApiError::Unprocessable(errors)) => {
                    assert_eq!(
                        (errors[0].pointer.as_str(), errors[0].code),
                        ("", "wrong_type")
                    );
                }
                other => panic!("{bad}: {other:?}"),
            }
        }
    }

    #[actix_web::test]
    async fn media_types_are_checked() {
        for good in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/merge-patch+json",
            "application/vnd.x+json",
        ] {
            let request = TestRequest::post()
                .insert_header(("content-type", good))
                .set_payload("{}");
            read_body(request).await.unwrap();
        }
        read_body(TestRequest::post().set_payload("{}"))
            .await
            .unwrap();
        for bad in ["text/plain", "application/x-www-form-urlencoded", "x+json"] {
            let request = TestRequest::post()
                .insert_header(("content-type", bad))
                .set_payload("{}");
            assert!(matches!(
                read_body(request).await,
                Err(ApiError::UnsupportedMediaType)
            ));
        }
        let zipped = post("{}").insert_header(("content-encoding", "gzip"));
        assert!(matches!(
            read_body(zipped).await,
            Err(ApiError::UnsupportedMediaType)
        ));
    }

    #[actix_web::test]
    async fn bodies_over_a_mebibyte_are_refused() {
        let fits = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_BODY_BYTES - 8));
        assert_eq!(fits.len(), MAX_BODY_BYTES);
        read_body(post(&fits)).await.unwrap();
        assert!(matches!(
            read_body(post(&format!("{fits} "))).await,
            Err(ApiError::PayloadTooLarge {
                limit_bytes: MAX_BODY_BYTES
            })
        ));
    }

    #[actix_web::test]
    async fn an_optional_body_may_be_empty() {
        let (request, mut payload) = TestRequest::post().to_http_parts();
        let OptionalJsonBody(body) = OptionalJsonBody::from_request(&request, &mut payload)
            .await
            .unwrap();
        assert!(body.object().is_empty());
        let (request, mut payload) = post("[]").to_http_parts();
        assert!(
            OptionalJsonBody::from_request(&request, &mut payload)
                .await
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), text in "[\\[\\]{}\":,0-9eE.\\\\u]{0,40}") {
            let _ = JsonBody::parse(&bytes);
            let _ = JsonBody::parse(text.as_bytes());
        }
    }
}
