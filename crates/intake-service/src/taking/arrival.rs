//! What is to be written, and what was.

use std::sync::Arc;

use events::Timestamp;

use crate::domain::lead::{Lead, LeadDraft};
use crate::domain::request::{Outcome, RawRequest, RequestId};
use crate::domain::source::Source;

/// A request that came, read as far as it can be.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) source: Arc<Source>,
    pub(crate) request: RawRequest,
    pub(crate) verdict: Verdict,
    /// The journal's entry that is read again, if this is one, and when.
    pub(crate) replay: Option<Replay>,
}

/// That a request of the journal is read again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replay {
    pub(crate) request_id: RequestId,
    pub(crate) at: Timestamp,
}

/// What was read of a request.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// A lead; the fingerprint is there where a double click is not another lead.
    Lead {
        draft: Box<LeadDraft>,
        fingerprint: Option<[u8; 32]>,
    },
    /// Only the journal takes it.
    Journal {
        outcome: Outcome,
        /// As answered.
        status: u16,
        /// For the manager.
        error: Option<String>,
    },
}

/// What was written.
#[derive(Debug, Clone)]
pub(crate) enum Kept {
    /// A lead that was made of it.
    Taken(Box<Lead>),
    /// The lead that was there already, as it is now.
    Known(Box<Lead>),
    /// The journal has it, and it made no lead.
    Journalled,
    /// The journal alone has it, through our fault.
    Failed,
}

impl Arrival {
    /// What is to become a lead.
    pub(crate) fn draft(&self) -> Option<&LeadDraft> {
        match &self.verdict {
            Verdict::Lead { draft, .. } => Some(draft),
            Verdict::Journal { .. } => None,
        }
    }

    /// By which a double click is known, where that counts.
    pub(crate) fn fingerprint(&self) -> Option<&[u8; 32]> {
        match &self.verdict {
            Verdict::Lead { fingerprint, .. } => fingerprint.as_ref(),
            Verdict::Journal { .. } => None,
        }
    }

    /// The same request with nothing but its journal entry: it could not be taken.
    pub(crate) fn into_failed(self, error: String) -> Self {
        Self {
            verdict: Verdict::Journal {
                outcome: Outcome::Failed,
                status: 202,
                error: Some(error),
            },
            ..self
        }
    }
}
