//! Disabled webhooks as protobuf.

use crate::{DecodeError, DisabledReason, Timestamp, WebhookDisabled, WebhookId, WebhookKind, raw};

impl WebhookDisabled {
    pub(crate) fn to_raw(&self) -> raw::WebhookDisabled {
        raw::WebhookDisabled {
            webhook_id: self.webhook_id.0,
            name: self.name.clone(),
            kind: self.kind.to_raw(),
            reason: self.reason.to_raw(),
            disabled_at_us: self.disabled_at.0,
        }
    }

    pub(crate) fn from_raw(raw: raw::WebhookDisabled) -> Result<Self, DecodeError> {
        Ok(Self {
            webhook_id: WebhookId(raw.webhook_id),
            name: raw.name,
            kind: WebhookKind::from_raw(raw.kind)?,
            reason: DisabledReason::from_raw(raw.reason)?,
            disabled_at: Timestamp(raw.disabled_at_us),
        })
    }
}

impl WebhookKind {
    fn to_raw(self) -> i32 {
        match self {
            Self::Webhook => raw::WebhookKind::Webhook,
            Self::Trigger => raw::WebhookKind::Trigger,
        }
        .into()
    }

    fn from_raw(raw: i32) -> Result<Self, DecodeError> {
        match raw::WebhookKind::try_from(raw) {
            Ok(raw::WebhookKind::Webhook) => Ok(Self::Webhook),
            Ok(raw::WebhookKind::Trigger) => Ok(Self::Trigger),
            Ok(raw::WebhookKind::Unspecified) => Err(DecodeError::missing("kind")),
            Err(unknown) => Err(DecodeError::invalid("kind", unknown.to_string())),
        }
    }
}

impl DisabledReason {
    fn to_raw(self) -> i32 {
        match self {
            Self::Gone => raw::DisabledReason::Gone,
            Self::Failing => raw::DisabledReason::Failing,
        }
        .into()
    }

    fn from_raw(raw: i32) -> Result<Self, DecodeError> {
        match raw::DisabledReason::try_from(raw) {
            Ok(raw::DisabledReason::Gone) => Ok(Self::Gone),
            Ok(raw::DisabledReason::Failing) => Ok(Self::Failing),
            Ok(raw::DisabledReason::Unspecified) => Err(DecodeError::missing("reason")),
            Err(unknown) => Err(DecodeError::invalid("reason", unknown.to_string())),
        }
    }
}
