//! The journal: every request to an inbound URL, as it came, and what became of it.

mod detail;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod replay;
mod secrets;

pub(crate) use get::get_request;
pub(crate) use list::list_requests;
pub(crate) use replay::replay_request;

use events::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::requests::RequestRow;

/// A request to an inbound URL.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RequestResponse {
    /// Its id; ids grow with time.
    id: i64,
    /// The source whose URL it came to.
    source_id: i64,
    /// When it came, RFC 3339.
    #[schema(format = DateTime)]
    received_at: String,
    /// `POST` or `GET`.
    method: String,
    /// The sender's address; blank if it is not known.
    remote_address: String,
    /// As sent.
    content_type: Option<String>,
    /// The length of the body, as far as it was read.
    body_bytes: i64,
    /// `lead`; `repeat` of a `remoteId`; `double_click`; `test`; `spam` (the honeypot field was
    /// filled in); `ignored` (an event or a call that makes no lead with this sender); `rejected`
    /// (422); `malformed` (400); `too_large` (413); `unsupported` (415); `not_allowed` (405);
    /// `disabled` (the source was switched off); `failed` (through our fault).
    outcome: String,
    /// The status that was answered.
    status: i64,
    /// What was wrong.
    error: Option<String>,
    /// The lead that it made or repeated.
    lead_id: Option<i64>,
    /// The request id (`X-Request-Id`), which its events carry on.
    correlation_id: String,
    /// When it was last read again, RFC 3339.
    #[schema(format = DateTime)]
    replayed_at: Option<String>,
}

impl From<RequestRow> for RequestResponse {
    fn from(row: RequestRow) -> Self {
        let rfc3339 = |micros: i64| Timestamp(micros).to_rfc3339();
        Self {
            id: row.id,
            source_id: row.source_id,
            received_at: rfc3339(row.received_at_us),
            method: row.method,
            remote_address: row.remote_address,
            content_type: row.content_type,
            body_bytes: row.body_bytes,
            outcome: row.outcome,
            status: row.status,
            error: row.error,
            lead_id: row.lead_id,
            correlation_id: row.correlation_id,
            replayed_at: row.replayed_at_us.map(rfc3339),
        }
    }
}
