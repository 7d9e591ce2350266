//! What keeps the deliveries of a webhook from being sent, whatever their time is: in
//! a word, until when, and in sentences for whoever looks.

use events::Timestamp;

use crate::domain::webhook_record::Standing;
use crate::ordering::HeldFor;
use crate::store::delivery_log::LoggedDelivery;

/// Why a pending delivery waits for its webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::api) enum Obstacle {
    /// The webhook is disabled.
    Disabled,
    /// It is switched off.
    Inactive,
    /// A person or the receiver asked to wait.
    Paused,
    /// Its settings or its secret cannot be read.
    Unusable,
    /// Its circuit breaker is open, or half open.
    Breaker,
}

impl Obstacle {
    /// What stands in the way of a delivery, what somebody has to act on first; `unusable` says why
    /// nothing can be sent for the webhook, if that is so.
    pub(in crate::api) fn of(
        delivery: &LoggedDelivery,
        unusable: Option<&str>,
        now: Timestamp,
    ) -> Option<Self> {
        let standing = &delivery.standing;
        if !delivery.is_pending() {
            None
        } else if standing.disabled_at.is_some() {
            Some(Self::Disabled)
        } else if !delivery.is_webhook_active() {
            Some(Self::Inactive)
        } else if standing.is_paused(now) {
            Some(Self::Paused)
        } else if unusable.is_some() {
            Some(Self::Unusable)
        } else {
            let is_open = standing.open_until.is_some_and(|until| until > now);
            is_open.then_some(Self::Breaker)
        }
    }

    /// The wire name.
    pub(in crate::api) fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Inactive => "inactive",
            Self::Paused => "paused",
            Self::Unusable => "unusable",
            Self::Breaker => "breaker",
        }
    }

    /// When it ends by itself, if it does.
    pub(in crate::api) fn until(self, standing: &Standing) -> Option<Timestamp> {
        match self {
            Self::Paused if standing.paused_at.is_none() => standing.paused_until,
            Self::Breaker => standing.open_until,
            _ => None,
        }
    }

    /// What holds the delivery up, in a sentence.
    pub(in crate::api) fn describe(
        self,
        delivery: &LoggedDelivery,
        unusable: Option<&str>,
        now: Timestamp,
    ) -> String {
        let noun = delivery.webhook.kind.as_str();
        let standing = &delivery.standing;
        match self {
            // By whom is not said: a person may have, before there was this reason.
            Self::Inactive => match delivery.inactive_reason() {
                Some(reason) => format!(
                    "The {noun} is switched off, and cannot be switched on as it is: {}.",
                    gone(reason)
                ),
                None => format!("The {noun} is switched off."),
            },
            Self::Disabled => {
                let since = standing.disabled_at.map(Timestamp::to_rfc3339);
                let since = since.unwrap_or_default();
                let why = match standing.disabled_reason.as_deref() {
                    Some("gone") => "the receiver answered 410, so that it wants no more",
                    _ => "nothing arrived at the receiver for too long",
                };
                format!("The {noun} is disabled since {since}: {why}.")
            }
            Self::Paused => match self.until(standing) {
                Some(until) => format!(
                    "The {noun} is paused until {}, as the receiver asked.",
                    until.to_rfc3339()
                ),
                None => format!("The {noun} is paused."),
            },
            Self::Unusable => format!(
                "Nothing can be sent for the {noun} now: {}.",
                unusable.unwrap_or("its settings cannot be read")
            ),
            Self::Breaker => describe_breaker(standing, now),
        }
    }

    /// What ends it, in a sentence.
    pub(in crate::api) fn way_out(self, delivery: &LoggedDelivery) -> String {
        let noun = delivery.webhook.kind.as_str();
        match self {
            Self::Inactive | Self::Disabled => {
                format!(
                    "It is sent once the {noun} is switched on again: PATCH {{\"active\": true}}."
                )
            }
            Self::Breaker => {
                "It is sent, without an attempt spent on waiting, once the receiver answers again."
                    .to_owned()
            }
            Self::Paused => match self.until(&delivery.standing) {
                Some(until) if until.0 < delivery.row.due_at_us => {
                    let due = Timestamp(delivery.row.due_at_us).to_rfc3339();
                    format!("It is tried again at {due}, when its own time has come.")
                }
                Some(_) => "It is sent then.".to_owned(),
                None => "It is sent when that ends.".to_owned(),
            },
            Self::Unusable => "It is sent once that is mended.".to_owned(),
        }
    }
}

fn describe_breaker(standing: &Standing, now: Timestamp) -> String {
    let until = standing.open_until.unwrap_or(now);
    let failures = standing.failures_in_a_row;
    if now < until {
        return format!(
            "The circuit breaker is open until {} after {failures} failures in a row; one request \
             is tried then.",
            until.to_rfc3339()
        );
    }
    format!(
        "The circuit breaker is half open since {} after {failures} failures in a row: one request \
         at a time is tried until one arrives.",
        until.to_rfc3339()
    )
}

/// What a reason means, in words.
fn gone(reason: &str) -> String {
    match reason {
        "stage_deleted" => "its stage was deleted; choose another one".to_owned(),
        "pipeline_deleted" => "its pipeline was deleted; choose another one".to_owned(),
        other => other.to_owned(),
    }
}

/// What has to happen first where changes of a record go in order, as the row names it.
pub(in crate::api) fn describe_turn(held_for: &str) -> &'static str {
    if held_for == HeldFor::Gap.as_str() {
        "an earlier revision of the record has not arrived, and is waited for a while"
    } else {
        "another change of the record goes first"
    }
}
