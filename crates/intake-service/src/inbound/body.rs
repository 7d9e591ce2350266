//! Reading a body that may be longer, or come slower, than anybody wants.

use std::time::Duration;

use actix_web::web::Payload;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::domain::request::{KEPT_OF_LONG_BODY_BYTES, MAX_BODY_BYTES};

/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of a body that is too long is read and thrown away, so that its sender comes to read the
/// answer; who sends more finds the connection closed.
const DRAINED_BYTES: usize = 16 * 1024 * 1024;

/// A body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// All of it, or its beginning.
    pub(super) bytes: Vec<u8>,
    /// How long it is, as far as it was read.
    pub(super) length: usize,
    /// Whether it is too long, so that only its beginning is here.
    pub(super) is_cut: bool,
}

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It did not arrive in time.
    Slow,
    /// The sender broke off, or breaks the rules of HTTP.
    Broken,
}

/// Reads up to [`MAX_BODY_BYTES`]; of what is longer only the beginning.
pub(super) async fn read(mut payload: Payload) -> Result<Body, BodyError> {
    let deadline = Instant::now() + PATIENCE;
    let mut body = Body {
        bytes: Vec::new(),
        length: 0,
        is_cut: false,
    };
    loop {
        let chunk = match timeout_at(deadline, payload.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(None) => break,
            // What is too long needs no end.
            _ if body.is_cut => break,
            Ok(Some(Err(_))) => return Err(BodyError::Broken),
            Err(_) => return Err(BodyError::Slow),
        };
        body.length += chunk.len();
        if body.length <= MAX_BODY_BYTES {
            body.bytes.extend_from_slice(&chunk);
        } else if !body.is_cut {
            body.is_cut = true;
            body.bytes.extend_from_slice(&chunk);
            body.bytes.truncate(KEPT_OF_LONG_BODY_BYTES);
            body.bytes.shrink_to_fit();
        } else if body.length > DRAINED_BYTES {
            break;
        }
    }
    Ok(body)
}
