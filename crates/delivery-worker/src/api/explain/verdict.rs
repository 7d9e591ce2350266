//! From what is known to an explanation.

use events::{EventId, Timestamp};

use super::facts::Facts;
use super::outcome::{Now, Outcome, of_delivery};
use super::{ExplanationResponse, RuleResponse};
use crate::api::deliveries::DeliveryResponse;
use crate::domain::webhook::{EventSwitches, WebhookId};
use crate::matching::{Rule, RuleResult, Subject, judge, no_occasion};
use crate::store::delivery_log::LoggedDelivery;

/// Explains what became of an event.
pub(super) fn explain(
    webhook: WebhookId,
    event_id: EventId,
    facts: Facts,
    now: &Now,
) -> ExplanationResponse {
    let mut rules = judge_all(&facts);
    let outcome = match &facts.delivery {
        Some(delivery) => of_delivery(&facts, delivery, now),
        None => without_delivery(&facts, &rules),
    };
    let summary = summarize(outcome, &facts, &rules, now);
    rules.push(delivery_rule(&facts, outcome));
    rules.extend(
        facts
            .delivery
            .as_ref()
            .and_then(|delivery| holding_up(outcome, delivery, &facts, now)),
    );
    ExplanationResponse {
        webhook_id: webhook.0,
        event_id: event_id.to_string(),
        event_type: facts.event.event_type,
        outcome: outcome.as_str(),
        summary,
        settings_version: facts.version.map(|version| version.version),
        rules,
        delivery: facts
            .delivery
            .map(|delivery| DeliveryResponse::new(delivery, now.time)),
    }
}

/// What the rules say, up to whether a delivery was due.
fn judge_all(facts: &Facts) -> Vec<RuleResponse> {
    let noun = facts.noun;
    if facts.event.is_made_up() {
        let detail = "The event never came: it was made up for a test request.";
        return vec![RuleResponse::new(Rule::Event.as_str(), Some(false), detail)];
    }
    let Some(version) = &facts.version else {
        let came = show_time(facts.event.received_at_us);
        return vec![RuleResponse::new(
            "existed",
            Some(false),
            format!("The {noun} was created after the event came, which was at {came}."),
        )];
    };
    if facts.was_gone {
        let detail = format!("The {noun} was deleted before the event came.");
        return vec![RuleResponse::new("existed", Some(false), detail)];
    }
    let mut rules = vec![
        RuleResponse::new(
            "existed",
            Some(true),
            format!(
                "The {noun} was there when the event came, with version {} of its settings.",
                version.version
            ),
        ),
        RuleResponse::new(
            "active",
            Some(version.active),
            format!(
                "The {noun} was switched {} when the event came.",
                if version.active { "on" } else { "off" }
            ),
        ),
    ];
    match (&facts.settings, &facts.body) {
        (Some(settings), Some(event)) => {
            let judged = judge(Subject::from(settings), event, &facts.stages);
            let is_erased = facts.event.erased_at_us.is_some();
            rules.extend(judged.into_iter().map(|result| {
                if is_erased && speaks_of_persons(&result) {
                    cannot_be_judged(&result, "a person was erased from the event")
                } else {
                    result.into()
                }
            }));
        }
        (Some(settings), None) => rules.push(judge_type(facts, settings.events)),
        (None, _) => rules.push(RuleResponse::new(
            Rule::Event.as_str(),
            Some(false),
            format!("The settings that the {noun} had cannot be read, so that no event fires it."),
        )),
    }
    rules
}

/// Whether a result may be another than it was before a person was erased.
fn speaks_of_persons(result: &RuleResult) -> bool {
    match result.rule {
        Rule::Event | Rule::Stage | Rule::SkipOwn => false,
        // What is blank before and after counts as unchanged.
        Rule::Changed => !result.passed,
        Rule::Condition => !result.rows.is_empty(),
    }
}

fn cannot_be_judged(result: &RuleResult, why: &str) -> RuleResponse {
    RuleResponse::new(
        result.rule.as_str(),
        None,
        format!("This cannot be judged again: {why}."),
    )
}

/// By its type alone, which is all that is kept of an event.
fn judge_type(facts: &Facts, events: EventSwitches) -> RuleResponse {
    let event_type = facts.event.event_type.as_str();
    let (passed, detail) = match EventSwitches::from_names([event_type]) {
        Err(_) => (false, no_occasion(event_type)),
        Ok(switch) if events.intersects(switch) => (
            true,
            format!(
                "The event is {event_type}, and the {} is for it. What else it said is no longer \
                 kept.",
                facts.noun
            ),
        ),
        Ok(_) => (
            false,
            format!(
                "The event is {event_type}; the {} is for {}.",
                facts.noun,
                events.names().collect::<Vec<_>>().join(", ")
            ),
        ),
    };
    RuleResponse::new(Rule::Event.as_str(), Some(passed), detail)
}

/// Of an event without a delivery.
fn without_delivery(facts: &Facts, rules: &[RuleResponse]) -> Outcome {
    if rules.iter().any(|rule| rule.passed == Some(false)) {
        return Outcome::NotMatched;
    }
    if facts.event.matched > facts.deliveries {
        return Outcome::NoLongerKept;
    }
    if facts.event.erased_at_us.is_some() {
        return Outcome::Erased;
    }
    Outcome::NotMatched
}

fn delivery_rule(facts: &Facts, outcome: Outcome) -> RuleResponse {
    let (passed, detail) = match (&facts.delivery, outcome) {
        (Some(delivery), _) => (
            true,
            format!(
                "The event was given a delivery at {}; it is {}, after {}.",
                show_time(delivery.row.created_at_us),
                delivery.row.state,
                attempts(delivery.row.attempts)
            ),
        ),
        (None, Outcome::NoLongerKept) => (
            false,
            "Deliveries of this event are no longer kept.".to_owned(),
        ),
        (None, _) => (
            false,
            format!("The event was given no delivery for this {}.", facts.noun),
        ),
    };
    RuleResponse::new("delivery", Some(passed), detail)
}

/// What keeps a delivery from being sent.
fn holding_up(
    outcome: Outcome,
    delivery: &LoggedDelivery,
    facts: &Facts,
    now: &Now,
) -> Option<RuleResponse> {
    let rule = match outcome {
        Outcome::HeldInactive => "inactive",
        Outcome::HeldDisabled => "disabled",
        Outcome::HeldPaused => "paused",
        Outcome::HeldUnusable => "unusable",
        Outcome::AddressRefused => "address",
        _ => return None,
    };
    let detail = hold(outcome, delivery, facts, now);
    Some(RuleResponse::new(rule, Some(false), detail))
}

/// What holds a delivery up, in a sentence.
fn hold(outcome: Outcome, delivery: &LoggedDelivery, facts: &Facts, now: &Now) -> String {
    let noun = facts.noun;
    let standing = &delivery.standing;
    match outcome {
        Outcome::HeldInactive => match delivery.inactive_reason() {
            Some(reason) => format!("Dealwire switched the {noun} off ({reason})."),
            None => format!("The {noun} is switched off."),
        },
        Outcome::HeldDisabled => {
            let since = standing.disabled_at.map(Timestamp::to_rfc3339);
            let since = since.unwrap_or_default();
            let why = match standing.disabled_reason.as_deref() {
                Some("gone") => "the receiver answered 410, so that it wants no more",
                _ => "nothing arrived at the receiver for too long",
            };
            format!("The {noun} is disabled since {since}: {why}.")
        }
        Outcome::HeldPaused => match (standing.paused_at, standing.paused_until) {
            (None, Some(until)) => format!(
                "The {noun} is paused until {}, as the receiver asked.",
                until.to_rfc3339()
            ),
            _ => format!("The {noun} is paused."),
        },
        Outcome::HeldUnusable => format!(
            "Nothing can be sent for the {noun} now: {}.",
            now.unusable
                .as_deref()
                .unwrap_or("its settings cannot be read")
        ),
        Outcome::AddressRefused => {
            let attempt = facts.last_attempt.as_ref();
            let tried = attempt.and_then(|attempt| attempt.error.as_deref());
            let why = tried.or(now.refusal.as_deref()).unwrap_or("it is refused");
            format!("The address behind {} may not be called: {why}.", facts.url)
        }
        _ => String::new(),
    }
}

fn summarize(outcome: Outcome, facts: &Facts, rules: &[RuleResponse], now: &Now) -> String {
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
        Outcome::HeldInactive
        | Outcome::HeldDisabled
        | Outcome::HeldPaused
        | Outcome::HeldUnusable => format!(
            "The event fired this {noun} and waits. {} It is sent when that ends.",
            hold(outcome, delivery, facts, now)
        ),
        Outcome::AddressRefused => format!(
            "The event fired this {noun} and was not delivered. {}",
            hold(outcome, delivery, facts, now)
        ),
        Outcome::Failed => format!(
            "The event fired this {noun} and was given up after {tries}: {last}. It can be retried."
        ),
        Outcome::Expired => format!(
            "The event fired this {noun} and was not sent in time, so that it was given up after \
             {tries}."
        ),
        Outcome::Dropped => {
            format!("The event fired this {noun}, which was deleted before it was sent.")
        }
        Outcome::Skipped => format!("The event fired this {noun} and was left out on purpose."),
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

fn attempts(count: i64) -> String {
    match count {
        0 => "no attempt".to_owned(),
        1 => "1 attempt".to_owned(),
        more => format!("{more} attempts"),
    }
}

fn show_time(micros: i64) -> String {
    Timestamp(micros).to_rfc3339()
}
