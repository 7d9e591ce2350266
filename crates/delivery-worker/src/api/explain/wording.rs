//! What became of an event, in sentences for whoever asks.

use events::Timestamp;

use super::RuleResponse;
use super::address::describe_refusal;
use super::facts::Facts;
use super::outcome::{Now, Outcome};
use crate::api::deliveries::describe_turn;
use crate::store::delivery_log::LoggedDelivery;

/// What holds a delivery up, in a sentence.
pub(super) fn hold(
    outcome: Outcome,
    delivery: &LoggedDelivery,
    facts: &Facts,
    now: &Now,
) -> String {
    match outcome {
        Outcome::Held(obstacle) => obstacle.describe(delivery, now.unusable.as_deref(), now.time),
        Outcome::AddressRefused => {
            let attempt = facts.last_attempt.as_ref();
            let tried = attempt.and_then(|attempt| attempt.error.as_deref());
            let why = tried.or(now.refusal.as_deref()).unwrap_or("it is refused");
            describe_refusal(&facts.url, why)
        }
        _ => String::new(),
    }
}

/// What ends it, in a sentence.
fn way_out(outcome: Outcome, delivery: &LoggedDelivery) -> String {
    match outcome {
        Outcome::Held(obstacle) => obstacle.way_out(delivery),
        Outcome::AddressRefused if delivery.is_pending() => format!(
            "It is tried again at {}.",
            show_time(delivery.row.due_at_us)
        ),
        Outcome::AddressRefused | Outcome::Failed if delivery.row.attempts > 0 => {
            "It can be retried.".to_owned()
        }
        _ => "It can be sent once that is mended.".to_owned(),
    }
}

/// The whole of it.
pub(super) fn summarize(
    outcome: Outcome,
    facts: &Facts,
    rules: &[RuleResponse],
    now: &Now,
) -> String {
    let noun = facts.noun;
    let failed: Vec<&str> = rules
        .iter()
        .filter(|rule| rule.passed == Some(false))
        .map(|rule| rule.detail.as_str())
        .collect();
    match &facts.delivery {
        Some(delivery) if failed.is_empty() => of_matched(outcome, delivery, facts, now),
        Some(delivery) => format!(
            "{} By the rules it should not have been sent, which is a fault of Dealwire and \
             should be reported: {}",
            of_matched(outcome, delivery, facts, now),
            failed.join(" ")
        ),
        None => match outcome {
            Outcome::NotMatched if !failed.is_empty() => {
                format!("The event did not fire this {noun}. {}", failed.join(" "))
            }
            Outcome::NotMatched if facts.body.is_none() => format!(
                "The event did not fire this {noun}. Why cannot be told: what the event said is \
                 no longer kept."
            ),
            Outcome::NotMatched if is_active_unknown(facts) => format!(
                "The event did not fire this {noun}. Why cannot be told: whether it was switched \
                 on when the event came is not known."
            ),
            Outcome::NoLongerKept => format!(
                "Whether the event fired this {noun} cannot be told: its deliveries are no longer \
                 kept."
            ),
            Outcome::Erased => format!(
                "The event did not fire this {noun}. Why cannot be told: a person was erased from \
                 the event, so that conditions cannot be judged again."
            ),
            _ => format!(
                "The event did not fire this {noun}, although by the rules it should have, which \
                 is a fault of Dealwire and should be reported."
            ),
        },
    }
}

/// Whether nobody wrote down if the webhook was switched on when the event came.
fn is_active_unknown(facts: &Facts) -> bool {
    let version = facts.version.as_ref();
    version.is_some_and(|version| version.active.is_none())
}

/// What became of an event that fired the webhook.
fn of_matched(outcome: Outcome, delivery: &LoggedDelivery, facts: &Facts, now: &Now) -> String {
    let noun = facts.noun;
    let row = &delivery.row;
    let tries = attempts(row.attempts);
    let last = match (row.last_status, row.last_error.as_deref()) {
        (Some(status), _) => format!("the receiver answered {status}"),
        (None, Some(error)) => error.to_owned(),
        (None, None) => "no answer came".to_owned(),
    };
    match outcome {
        Outcome::Delivered => {
            format!("The event fired this {noun} and was delivered: {last}, after {tries}.")
        }
        Outcome::Pending | Outcome::Retrying if row.held_for.is_some() => format!(
            "The event fired this {noun} and waits for its turn: {}.",
            describe_turn(row.held_for.as_deref().unwrap_or_default())
        ),
        Outcome::Pending if row.due_at_us > now.time.0 => format!(
            "The event fired this {noun} and is sent at {}.",
            show_time(row.due_at_us)
        ),
        Outcome::Pending => format!("The event fired this {noun} and is about to be sent."),
        Outcome::Retrying => format!(
            "The event fired this {noun} and did not arrive yet: {last}. After {tries} it is tried \
             again at {}.",
            show_time(row.due_at_us)
        ),
        Outcome::Held(_) => format!(
            "The event fired this {noun} and waits. {} {}",
            hold(outcome, delivery, facts, now),
            way_out(outcome, delivery)
        ),
        Outcome::AddressRefused => format!(
            "The event fired this {noun} and has not arrived. {} {}",
            hold(outcome, delivery, facts, now),
            way_out(outcome, delivery)
        ),
        Outcome::Failed => format!(
            "The event fired this {noun} and was given up after {tries}: {last}. {}",
            way_out(outcome, delivery)
        ),
        Outcome::Expired => format!(
            "The event fired this {noun} and was not sent in time, so that it was given up after \
             {tries}."
        ),
        Outcome::Dropped => {
            format!("The event fired this {noun}, which was deleted before it was sent.")
        }
        Outcome::Skipped => match &row.last_error {
            Some(because) => format!("The event fired this {noun} and was skipped: {because}."),
            None => format!("The event fired this {noun} and was left out on purpose."),
        },
        Outcome::Erased => format!(
            "The event fired this {noun} and was {}. What was sent is gone, since a person was \
             erased from it.",
            row.state
        ),
        Outcome::NotMatched | Outcome::NoLongerKept => {
            format!(
                "The event fired this {noun}; its delivery is {}.",
                row.state
            )
        }
    }
}

/// `no attempt`, `1 attempt`, `2 attempts`.
pub(super) fn attempts(count: i64) -> String {
    match count {
        0 => "no attempt".to_owned(),
        1 => "1 attempt".to_owned(),
        more => format!("{more} attempts"),
    }
}

/// RFC 3339.
pub(super) fn show_time(micros: i64) -> String {
    Timestamp(micros).to_rfc3339()
}
