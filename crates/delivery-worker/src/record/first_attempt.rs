//! A first attempt that succeeded, as its delivery's row keeps it: nearly all that there are.
//!
//! The request is left out. It is worked out again from the event, the version of the settings and
//! what is here; a checksum tells whether that gave the same bytes.

use events::Timestamp;
use prost::Message;

use super::AttemptLog;
use crate::headers::{DELIVERY_NEXT_ATTEMPT, OUR_NAME, WEBHOOK_SIGNATURE};
use crate::send::OutgoingRequest;

/// See the module. Numbers of fields are for ever: rows are read by later versions.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct FirstAttempt {
    #[prost(int64, tag = "1")]
    pub(crate) claim_no: i64,
    #[prost(int64, tag = "2")]
    pub(crate) settings_version: i64,
    #[prost(int64, tag = "3")]
    pub(crate) started_at_us: i64,
    #[prost(int64, tag = "4")]
    pub(crate) duration_us: i64,
    #[prost(int64, optional, tag = "5")]
    pub(crate) status: Option<i64>,
    #[prost(string, optional, tag = "6")]
    pub(crate) remote: Option<String>,
    /// `User-Agent`.
    #[prost(string, tag = "7")]
    pub(crate) user_agent: String,
    /// `webhook-signature`.
    #[prost(string, tag = "8")]
    pub(crate) signature: String,
    /// `X-Delivery-Next-Attempt`, Unix seconds.
    #[prost(int64, optional, tag = "9")]
    pub(crate) next_attempt_seconds: Option<i64>,
    /// Whether an edit was sent as an add.
    #[prost(bool, tag = "10")]
    pub(crate) as_add: bool,
    /// Of the request, as [`checksum`] has it.
    #[prost(fixed32, tag = "11")]
    pub(crate) checksum: u32,
}

/// What the receiver answered, kept apart from the rest: it is erased apart.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct FirstAnswer {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) head: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) body: Vec<u8>,
    #[prost(bool, tag = "3")]
    pub(crate) is_complete: bool,
}

impl FirstAttempt {
    /// `None` for a request that could not be worked out again by what is kept.
    pub(super) fn of(claim_no: i64, log: &AttemptLog) -> Option<Self> {
        let headers = log.request.headers();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let next_attempt_seconds = match text(DELIVERY_NEXT_ATTEMPT) {
            Some(seconds) => Some(seconds.parse().ok()?),
            None => None,
        };
        Some(Self {
            claim_no,
            settings_version: log.settings_version,
            started_at_us: log.started_at.0,
            duration_us: log.duration_us,
            status: log.status,
            remote: log.remote.clone(),
            user_agent: OUR_NAME.to_owned(),
            signature: text(WEBHOOK_SIGNATURE)?.to_owned(),
            next_attempt_seconds,
            as_add: log.as_add,
            checksum: checksum(&log.request),
        })
    }

    /// When it would have been tried again.
    pub(crate) fn next_attempt_at(&self) -> Option<Timestamp> {
        self.next_attempt_seconds
            .and_then(Timestamp::from_unix_seconds)
    }
}

impl FirstAnswer {
    /// The answer that an attempt got.
    pub(crate) fn of(log: &AttemptLog) -> Option<Self> {
        let answer = log.response.as_ref()?;
        Some(Self {
            head: answer.head.clone(),
            body: answer.body.to_vec(),
            is_complete: answer.is_complete,
        })
    }
}

/// CRC-32 (IEEE 802.3) of the head, as it is logged, and the body.
pub(crate) fn checksum(request: &OutgoingRequest) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(request.logged_head().as_bytes());
    hasher.update(request.body());
    hasher.finalize()
}
