//! What became of an event, in one word.

use events::Timestamp;

use super::facts::Facts;
use crate::api::deliveries::Obstacle;
use crate::domain::delivery::DeliveryState;
use crate::send::FailureKind;
use crate::store::delivery_log::LoggedDelivery;

/// What became of an event that a webhook was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    /// It did not fire the webhook.
    NotMatched,
    /// The receiver took it.
    Delivered,
    /// It is about to be sent.
    Pending,
    /// It was tried and will be again.
    Retrying,
    /// It is kept until that is over.
    Held(Obstacle),
    /// The address behind the URL may not be called.
    AddressRefused,
    /// All attempts are used up, or the receiver's refusal ended it.
    Failed,
    /// It became too old.
    Expired,
    /// The webhook was deleted.
    Dropped,
    /// It was left out on purpose.
    Skipped,
    /// A person was erased from it.
    Erased,
    /// Too much of it is gone to tell.
    NoLongerKept,
}

impl Outcome {
    /// The wire name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NotMatched => "not_matched",
            Self::Delivered => "delivered",
            Self::Pending => "pending",
            Self::Retrying => "retrying",
            Self::Held(Obstacle::Inactive) => "held_inactive",
            Self::Held(Obstacle::Disabled) => "held_disabled",
            Self::Held(Obstacle::Paused) => "held_paused",
            Self::Held(Obstacle::Breaker) => "held_breaker",
            Self::Held(Obstacle::Unusable) => "held_unusable",
            Self::AddressRefused => "address_refused",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Dropped => "dropped",
            Self::Skipped => "skipped",
            Self::Erased => "erased",
            Self::NoLongerKept => "no_longer_kept",
        }
    }
}

/// What is so now, and not in the database.
#[derive(Debug)]
pub(super) struct Now {
    pub(super) time: Timestamp,
    /// Why nothing can be sent for the webhook.
    pub(super) unusable: Option<String>,
    /// Why the address behind its URL may not be called.
    pub(super) refusal: Option<String>,
}

/// Of an event with a delivery.
pub(super) fn of_delivery(facts: &Facts, delivery: &LoggedDelivery, now: &Now) -> Outcome {
    if delivery.row.erased_at_us.is_some() {
        return Outcome::Erased;
    }
    let was_blocked = facts.last_attempt.as_ref().is_some_and(|attempt| {
        attempt.error_kind.as_deref() == Some(FailureKind::Blocked.as_str())
    });
    match DeliveryState::parse(&delivery.row.state) {
        Some(DeliveryState::Delivered) => Outcome::Delivered,
        Some(DeliveryState::Failed) if was_blocked => Outcome::AddressRefused,
        Some(DeliveryState::Failed) => Outcome::Failed,
        Some(DeliveryState::Expired) => Outcome::Expired,
        Some(DeliveryState::Dropped) => Outcome::Dropped,
        Some(DeliveryState::Skipped) => Outcome::Skipped,
        Some(DeliveryState::Pending) => of_pending(delivery, was_blocked, now),
        None => Outcome::NoLongerKept,
    }
}

fn of_pending(delivery: &LoggedDelivery, was_blocked: bool, now: &Now) -> Outcome {
    if let Some(obstacle) = Obstacle::of(delivery, now.unusable.as_deref(), now.time) {
        Outcome::Held(obstacle)
    } else if delivery.standing.open_until.is_some() {
        // Half open: it may be the one that is tried, or not.
        Outcome::Held(Obstacle::Breaker)
    } else if was_blocked || (delivery.row.attempts == 0 && now.refusal.is_some()) {
        Outcome::AddressRefused
    } else if delivery.row.attempts > 0 {
        Outcome::Retrying
    } else {
        Outcome::Pending
    }
}
