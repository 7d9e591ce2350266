//! From what is known to an explanation.

use events::{Change, Event, EventId};

use super::facts::Facts;
use super::outcome::{Now, Outcome, of_delivery};
use super::wording::{attempts, hold, show_time, summarize};
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
    // Where a rule tells why there is no delivery, that there is none is no reason more.
    let is_told =
        outcome == Outcome::NotMatched && rules.iter().any(|rule| rule.passed == Some(false));
    if !is_told {
        rules.push(delivery_rule(&facts, outcome));
    }
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
            .map(|delivery| DeliveryResponse::new(delivery, now.unusable.as_deref(), now.time)),
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
            was_there(noun, version.version, facts.current_version),
        ),
        RuleResponse::new("active", version.active, was_active(noun, version.active)),
    ];
    match (&facts.settings, &facts.body) {
        (Some(_), Some(event)) if is_of_itself(event, facts.id) => {
            let detail = format!("The event tells of the {noun} itself, which it never fires.");
            rules.push(RuleResponse::new(Rule::Event.as_str(), Some(false), detail));
        }
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

/// Whether an event tells that this webhook was disabled.
fn is_of_itself(event: &Event, id: WebhookId) -> bool {
    matches!(&event.change, Change::WebhookDisabled(change) if change.webhook_id.0 == id.0)
}

fn was_active(noun: &str, active: Option<bool>) -> String {
    let switched = match active {
        Some(true) => "on",
        Some(false) => "off",
        None => {
            return format!(
                "Whether the {noun} was switched on when the event came is not known: its \
                 settings are from before that was written down."
            );
        }
    };
    format!("The {noun} was switched {switched} when the event came.")
}

fn was_there(noun: &str, version: i64, current: i64) -> String {
    let since = if version < current {
        format!(
            ", which are at version {current} by now: the rules are judged by the former, and what \
             is sent is made by the latter"
        )
    } else {
        String::new()
    };
    format!(
        "The {noun} was there when the event came, with version {version} of its settings{since}."
    )
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
        Outcome::Held(obstacle) => obstacle.as_str(),
        Outcome::AddressRefused => "address",
        _ => return None,
    };
    let detail = hold(outcome, delivery, facts, now);
    Some(RuleResponse::new(rule, Some(false), detail))
}
