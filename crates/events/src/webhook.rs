//! A webhook was disabled.

mod convert;

use crate::{Timestamp, WebhookId};

/// The delivery worker disabled a webhook or a trigger: what it has to send waits
/// until somebody enables it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDisabled {
    /// The webhook or trigger.
    pub webhook_id: WebhookId,
    /// Its name at that time.
    pub name: String,
    /// Which of the two it is.
    pub kind: WebhookKind,
    /// Why.
    pub reason: DisabledReason,
    /// When.
    pub disabled_at: Timestamp,
}

/// What calls receivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookKind {
    /// Fired by any change that it chose.
    Webhook,
    /// Bound to a pipeline stage.
    Trigger,
}

impl WebhookKind {
    /// The wire name: `webhook`, `trigger`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Trigger => "trigger",
        }
    }
}

/// Why a webhook was disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisabledReason {
    /// The receiver answered 410.
    Gone,
    /// Nothing arrived for too long.
    Failing,
}

impl DisabledReason {
    /// The wire name: `gone`, `failing`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}
