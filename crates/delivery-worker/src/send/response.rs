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

/// An answer whose meaning is settled, and what of its body is still to come.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) answer: Answer,
    pub(super) rest: Rest,
}

/// What became of a body.
#[derive(Debug)]
pub(super) enum Rest {
    /// It is over, and its connection can take another request.
    Reusable,
    /// It is over for one reason or another, and so is its connection.
    Closing,
    /// It was not there in time.
    Late(LateBody),
}

/// Reads the body as far as it comes until then. The status is the outcome
/// whatever happens to the body.
pub(super) async fn read(response: Response<Incoming>, until: Instant) -> Received {
    let (head, mut body) = response.into_parts();
    let mut read = ReadBody::default();
    let end = if body.is_end_stream() {
        Some(End::Whole)
    } else {
        // What came before is kept.
        timeout_at(until, read.fill(&mut body)).await.ok()
    };
    let says_close = head
        .headers
        .get_all(CONNECTION)
        .iter()
        .any(|value| has_token(value, "close"));
    let can_go_on = !says_close && head.version == Version::HTTP_11;
    let answer = Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        is_body_complete: end == Some(End::Whole) && read.length <= MAX_KEPT_BYTES,
        body: read.kept.freeze(),
    };
    let rest = match end {
        Some(End::Whole) if can_go_on => Rest::Reusable,
        Some(_) => Rest::Closing,
        None => Rest::Late(LateBody {
            body,
            length: read.length,
            can_go_on,
        }),
    };
    Received { answer, rest }
}

/// A body that nobody waits for.
#[derive(Debug)]
pub(super) struct LateBody {
    body: Incoming,
    /// How much of it was read, bytes.
    length: usize,
    can_go_on: bool,
}

impl LateBody {
    /// Reads the rest without keeping it. Returns whether the connection can
    /// take another request.
    pub(super) async fn finish(mut self) -> bool {
        let mut read = ReadBody {
            length: self.length,
            keeps_nothing: true,
            ..ReadBody::default()
        };
        read.fill(&mut self.body).await == End::Whole && self.can_go_on
    }
}

/// How reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Everything is there.
    Whole,
    /// It was too much, or broke off; what came is kept.
    Cut,
}

#[derive(Default)]
struct ReadBody {
    kept: BytesMut,
    length: usize,
    keeps_nothing: bool,
}

impl ReadBody {
    async fn fill(&mut self, body: &mut Incoming) -> End {
        while self.length <= MAX_READ_BYTES {
            match body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.take(&data);
                    }
                }
                Some(Err(_broken)) => return End::Cut,
                None => return End::Whole,
            }
        }
        End::Cut
    }

    fn take(&mut self, data: &Bytes) {
        if !self.keeps_nothing {
            let room = MAX_KEPT_BYTES - self.kept.len();
            self.kept.extend_from_slice(&data[..data.len().min(room)]);
        }
        self.length += data.len();
    }
}

fn has_token(value: &HeaderValue, token: &str) -> bool {
    value.to_str().is_ok_and(|text| {
        text.split(',')
            .any(|part| part.trim().eq_ignore_ascii_case(token))
    })
}
