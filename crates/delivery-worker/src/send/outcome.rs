//! What became of an attempt.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::HeaderMap;

/// An attempt that is over.
#[derive(Debug)]
pub(crate) struct Sent {
    /// What came of it.
    pub(crate) outcome: SendOutcome,
    /// From the start to the last header of the answer, or to the failure.
    pub(crate) duration: Duration,
    /// Whom it connected to; `None` if it did not come that far.
    pub(crate) remote: Option<SocketAddr>,
}

/// What a receiver did.
#[derive(Debug)]
pub(crate) enum SendOutcome {
    /// It answered, with whatever status.
    Answered(Answer),
    /// There is no answer.
    Failed(SendFailure),
}

/// A receiver's answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// All headers.
    pub(crate) headers: HeaderMap,
    /// The first 4 KiB of the body, whatever bytes they are.
    pub(crate) body: Bytes,
    /// Whether `body` is all there was.
    pub(crate) is_body_complete: bool,
}

impl Answer {
    /// Whether the receiver took the callback (S0: any 2xx).
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Status line and headers for the delivery log, in the form of
    /// [`OutgoingRequest::logged_head`](super::OutgoingRequest::logged_head).
    /// Bytes, since a receiver may send any.
    pub(crate) fn logged_head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SendFailure {
    /// The class, for counting and deciding.
    pub(crate) kind: FailureKind,
    /// A sentence for the delivery log.
    pub(crate) detail: String,
}

impl SendFailure {
    pub(super) fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for SendFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.as_str(), self.detail)
    }
}

/// Where an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FailureKind {
    /// The name was not found.
    Dns,
    /// The address may not be called.
    Blocked,
    /// No connection.
    Connect,
    /// No TLS, or a certificate that does not hold.
    Tls,
    /// Not within the time limit.
    Timeout,
    /// The connection ended before an answer.
    Reset,
    /// Something else than HTTP/1.1, or headers without end.
    BadResponse,
}

impl FailureKind {
    /// The stable name, for the API, the database and metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Blocked => "blocked",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::BadResponse => "bad_response",
        }
    }
}

/// How far an attempt got, so that a timeout can say what took so long.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) stage: Stage,
    pub(super) remote: Option<SocketAddr>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            stage: Stage::Resolving,
            remote: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Resolving,
    Connecting,
    Securing,
    Waiting,
}

impl Stage {
    pub(super) fn timed_out(self, limit: Duration) -> SendFailure {
        let missing = match self {
            Self::Resolving => "the name was not looked up",
            Self::Connecting => "no connection was made",
            Self::Securing => "the TLS handshake did not end",
            Self::Waiting => "no complete status line and headers came",
        };
        let seconds = limit.as_secs_f64();
        SendFailure::new(
            FailureKind::Timeout,
            format!("{missing} within {seconds} s"),
        )
    }
}
