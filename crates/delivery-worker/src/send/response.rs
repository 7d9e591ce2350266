//! Reading an answer, with limits.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Response, Version};
use tokio::time::{Instant, timeout_at};

use super::outcome::Answer;

/// How much of a body is read, so that its connection can be used again.
const MAX_READ_BYTES: usize = 64 * 1024;
/// How much of it is kept for the log.
const MAX_KEPT_BYTES: usize = 4 * 1024;

/// Reads the body as far as limits and deadline allow. The status is the
/// outcome whatever happens to the body. Also says whether the connection can
/// take another request.
pub(super) async fn read(response: Response<Incoming>, deadline: Instant) -> (Answer, bool) {
    let (head, mut body) = response.into_parts();
    let mut read = ReadBody::default();
    if body.is_end_stream() {
        read.is_at_end = true;
    } else {
        // What came before the deadline is kept.
        drop(timeout_at(deadline, read.fill(&mut body)).await);
    }
    let says_close = head
        .headers
        .get_all(CONNECTION)
        .iter()
        .any(|value| has_token(value, "close"));
    let is_reusable = read.is_at_end && !says_close && head.version == Version::HTTP_11;
    let answer = Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        is_body_complete: read.is_at_end && read.length <= MAX_KEPT_BYTES,
        body: read.kept.freeze(),
    };
    (answer, is_reusable)
}

#[derive(Default)]
struct ReadBody {
    kept: BytesMut,
    length: usize,
    is_at_end: bool,
}

impl ReadBody {
    async fn fill(&mut self, body: &mut Incoming) {
        while self.length <= MAX_READ_BYTES {
            match body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.take(&data);
                    }
                }
                // A body that breaks off is kept as far as it came.
                Some(Err(_broken)) => return,
                None => {
                    self.is_at_end = true;
                    return;
                }
            }
        }
    }

    fn take(&mut self, data: &Bytes) {
        let room = MAX_KEPT_BYTES - self.kept.len();
        self.kept.extend_from_slice(&data[..data.len().min(room)]);
        self.length += data.len();
    }
}

fn has_token(value: &HeaderValue, token: &str) -> bool {
    value.to_str().is_ok_and(|text| {
        text.split(',')
            .any(|part| part.trim().eq_ignore_ascii_case(token))
    })
}
