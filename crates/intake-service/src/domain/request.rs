//! A request to an inbound URL as it came, and what became of it.

use events::Timestamp;
use serde_json::Value;

/// The most of a body that is read (WIRE 2).
pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024;
/// How much is kept of a body that is longer.
pub(crate) const KEPT_OF_LONG_BODY_BYTES: usize = 16 * 1024;

/// A request in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RequestId(pub(crate) i64);

/// What became of a request; a closed set, part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// It made a lead.
    Lead,
    /// Its `remoteId` is that of a lead that was there.
    Repeat,
    /// The same was posted within the last minute (form presets).
    DoubleClick,
    /// A probe.
    Test,
    /// The honeypot field was filled in.
    Spam,
    /// In order, but of a kind that makes no lead with this sender.
    Ignored,
    /// Fields are wrong: 422.
    Rejected,
    /// It could not be read: 400.
    Malformed,
    /// Too long, too many keys or too deep: 413.
    TooLarge,
    /// A media type that holds no fields: 415.
    Unsupported,
    /// A method that the source does not take: 405.
    NotAllowed,
    /// The source was switched off: 404.
    Disabled,
    /// It could not be dealt with through our fault: 202.
    Failed,
}

impl Outcome {
    pub(crate) const ALL: [Self; 13] = [
        Self::Lead,
        Self::Repeat,
        Self::DoubleClick,
        Self::Test,
        Self::Spam,
        Self::Ignored,
        Self::Rejected,
        Self::Malformed,
        Self::TooLarge,
        Self::Unsupported,
        Self::NotAllowed,
        Self::Disabled,
        Self::Failed,
    ];

    /// The name on the wire and in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Repeat => "repeat",
            Self::DoubleClick => "double_click",
            Self::Test => "test",
            Self::Spam => "spam",
            Self::Ignored => "ignored",
            Self::Rejected => "rejected",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Unsupported => "unsupported",
            Self::NotAllowed => "not_allowed",
            Self::Disabled => "disabled",
            Self::Failed => "failed",
        }
    }

    /// Whether nobody could read it yet: such a request is kept until it is replayed (DESIGN 5).
    pub(crate) fn is_unparsed(self) -> bool {
        matches!(self, Self::Malformed | Self::Failed)
    }
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RawRequest {
    pub(crate) received_at: Timestamp,
    pub(crate) method: String,
    /// The client's, as far as it is known.
    pub(crate) remote_address: String,
    pub(crate) content_type: Option<String>,
    /// After the question mark.
    pub(crate) query: Vec<u8>,
    /// Name → value, in lower case; what lets somebody in is not among them.
    pub(crate) headers: Value,
    /// The beginning of it where it is too long.
    pub(crate) body: Vec<u8>,
    /// The length of the body that was sent, as far as it was read.
    pub(crate) body_bytes: i64,
    pub(crate) correlation_id: String,
    /// Its place in its trace; empty where it is not traced. It is not stored.
    pub(crate) traceparent: String,
}
