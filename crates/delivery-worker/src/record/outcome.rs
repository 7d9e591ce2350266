//! What became of a claim.

use std::time::Duration;

use bytes::Bytes;
use events::Timestamp;

use super::first_attempt::FirstAttempt;
use crate::domain::delivery::{DeliveryId, DeliveryState};
use crate::domain::webhook::WebhookId;
use crate::retry::{Effect, Health};
use crate::send::{OutgoingRequest, SendOutcome, Sent};

/// The end of one claim, to be recorded.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) delivery: DeliveryId,
    pub(crate) webhook: WebhookId,
    /// The claim that it belongs to.
    pub(crate) claim_no: i64,
    pub(crate) kind: OutcomeKind,
    pub(crate) effect: Effect,
    pub(crate) health: Health,
    /// The attempt, if one was made.
    pub(crate) log: Option<AttemptLog>,
    /// Why none was made, where that ends the delivery.
    pub(crate) unsent_because: Option<String>,
}

/// What the delivery becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutcomeKind {
    /// It arrived.
    Delivered,
    /// It waits for its next attempt.
    Retry {
        /// For so long.
        pause: Duration,
    },
    /// It is over.
    Failed,
    /// It was too old.
    Expired,
    /// Nothing was tried; anybody may claim it.
    Released,
}

impl OutcomeKind {
    /// The delivery's state after it.
    pub(crate) fn state(self) -> DeliveryState {
        match self {
            Self::Delivered => DeliveryState::Delivered,
            Self::Retry { .. } | Self::Released => DeliveryState::Pending,
            Self::Failed => DeliveryState::Failed,
            Self::Expired => DeliveryState::Expired,
        }
    }
}

impl Outcome {
    /// A claim that is given up without an attempt.
    pub(crate) fn released(delivery: DeliveryId, webhook: WebhookId, claim_no: i64) -> Self {
        Self {
            delivery,
            webhook,
            claim_no,
            kind: OutcomeKind::Released,
            effect: Effect::None,
            health: Health::Unknown,
            log: None,
            unsent_because: None,
        }
    }

    /// What the delivery shows as its last error.
    pub(crate) fn error(&self) -> Option<String> {
        match &self.log {
            Some(log) => log.summary(),
            None => self.unsent_because.as_deref().map(clean),
        }
    }

    /// What its delivery's row alone keeps of it, if that is all there is to keep: a first attempt
    /// that succeeded.
    pub(crate) fn first_attempt(&self) -> Option<FirstAttempt> {
        let log = self.log.as_ref()?;
        (self.kind == OutcomeKind::Delivered && log.number == 1)
            .then(|| FirstAttempt::of(self.claim_no, log))
            .flatten()
    }

    /// The new due time, for a retry.
    pub(crate) fn due_again_us(&self, now_us: i64) -> Option<i64> {
        match self.kind {
            OutcomeKind::Retry { pause } => {
                let pause_us = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
                Some(now_us.saturating_add(pause_us))
            }
            _ => None,
        }
    }
}

/// One attempt as the log shows it. Text is free of NUL, which PostgreSQL
/// refuses; bytes are as on the wire.
#[derive(Debug, Clone)]
pub(crate) struct AttemptLog {
    /// Counts from 1.
    pub(crate) number: i64,
    pub(crate) settings_version: i64,
    pub(crate) started_at: Timestamp,
    pub(crate) duration_us: i64,
    pub(crate) status: Option<i64>,
    pub(crate) error_kind: Option<&'static str>,
    pub(crate) error: Option<String>,
    pub(crate) remote: Option<String>,
    pub(crate) request: OutgoingRequest,
    /// Whether an edit was sent as an add.
    pub(crate) as_add: bool,
    pub(crate) response: Option<LoggedAnswer>,
}

/// An answer as on the wire.
#[derive(Debug, Clone)]
pub(crate) struct LoggedAnswer {
    /// Status line and headers.
    pub(crate) head: Vec<u8>,
    /// The first 4 KiB.
    pub(crate) body: Bytes,
    /// Whether that was all.
    pub(crate) is_complete: bool,
}

/// Longer sentences are cut; the rest is in the bytes.
const MAX_ERROR_CHARS: usize = 500;

impl AttemptLog {
    /// Writes an attempt down.
    pub(crate) fn new(
        number: i64,
        settings_version: i64,
        started_at: Timestamp,
        request: OutgoingRequest,
        as_add: bool,
        sent: &Sent,
    ) -> Self {
        let mut log = Self {
            number,
            settings_version,
            started_at,
            duration_us: i64::try_from(sent.duration.as_micros()).unwrap_or(i64::MAX),
            status: None,
            error_kind: None,
            error: None,
            remote: sent.remote.map(|address| address.to_string()),
            request,
            as_add,
            response: None,
        };
        match &sent.outcome {
            SendOutcome::Answered(answer) => {
                log.status = Some(answer.status.into());
                log.response = Some(LoggedAnswer {
                    head: answer.logged_head(),
                    body: answer.body.clone(),
                    is_complete: answer.is_body_complete,
                });
            }
            SendOutcome::Failed(failure) => {
                log.error_kind = Some(failure.kind.as_str());
                log.error = Some(clean(&failure.detail));
            }
        }
        log
    }

    /// What a list shows beside the status.
    pub(crate) fn summary(&self) -> Option<String> {
        let kind = self.error_kind?;
        Some(match &self.error {
            Some(error) => format!("{kind}: {error}"),
            None => kind.to_owned(),
        })
    }
}

fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == '\0' {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .take(MAX_ERROR_CHARS)
        .collect()
}
