//! What a rule says, in a sentence for the manager who asks why.

use events::{Action, Change, OrderSnapshot};
use serde_json::Value as Json;

use super::names::{show_pipeline, show_stage};
use super::{Occasion, Rule, Subject};
use crate::domain::condition::RowResult;
use crate::domain::record::Component;
use crate::domain::stage::AccountStages;
use crate::domain::trigger::TriggerEvent;

/// How many values a sentence lists before it only counts the rest.
const MAX_LISTED: usize = 8;
/// How much of a value a sentence shows, in characters.
const MAX_VALUE_CHARS: usize = 60;

/// Of an event that fires no webhook, whatever is set.
pub(crate) fn no_occasion(event_type: &str) -> String {
    format!(
        "The event is {event_type}, which fires no webhook: only changes of orders, tasks and \
         clients do, and webhook.disabled."
    )
}

/// Why a rule let an event pass, or did not.
pub(super) fn detail(
    rule: Rule,
    passed: bool,
    subject: Subject<'_>,
    occasion: &Occasion<'_>,
    known: &AccountStages,
    rows: &[RowResult],
) -> String {
    let noun = subject.noun();
    match rule {
        Rule::Event => event(passed, subject, occasion.event.change.event_type()),
        Rule::Stage => stage(passed, subject, occasion, known),
        Rule::Changed => changed(subject, occasion),
        Rule::SkipOwn => match (&subject.filter.skip_token, &occasion.event.actor.token_id) {
            (None, _) => format!("The {noun} skips nobody's changes."),
            (Some(token), Some(own)) if own == token => {
                format!("The change was made with token {token}, whose changes the {noun} skips.")
            }
            (Some(token), Some(other)) => format!(
                "The change was made with token {other}; the {noun} skips changes of token {token}."
            ),
            (Some(token), None) => format!(
                "The change was made without an API token; the {noun} skips changes of token {token}."
            ),
        },
        Rule::Condition => condition(passed, subject, rows),
    }
}

/// Whether the webhook chose events of this type.
pub(super) fn event(passed: bool, subject: Subject<'_>, event_type: &str) -> String {
    let noun = subject.noun();
    if passed {
        return format!("The event is {event_type}, and the {noun} is for it.");
    }
    let chosen: Vec<String> = subject.events.names().map(str::to_owned).collect();
    match (subject.trigger, chosen.is_empty()) {
        (Some(trigger), _) => format!(
            "The event is {event_type}; the trigger fires when {}, which is {}.",
            wish(trigger.event, "its stage"),
            list(&chosen, "or")
        ),
        (None, true) => format!("The event is {event_type}; the webhook is for no event at all."),
        (None, false) => format!(
            "The event is {event_type}; the webhook is for {} only.",
            list(&chosen, "and")
        ),
    }
}

fn stage(
    passed: bool,
    subject: Subject<'_>,
    occasion: &Occasion<'_>,
    known: &AccountStages,
) -> String {
    let filter = subject.filter;
    if subject.trigger.is_none() && filter.stages.is_empty() && filter.pipelines.is_empty() {
        return "The webhook is for every stage and every pipeline.".to_owned();
    }
    let mut wishes = Vec::new();
    if let Some(trigger) = subject.trigger {
        let stage = show_stage(trigger.stage, occasion, known);
        wishes.push(format!(
            "the trigger fires when {}",
            wish(trigger.event, &format!("stage {stage}"))
        ));
    }
    let noun = subject.noun();
    if !filter.stages.is_empty() {
        let stages = filter.stages.iter();
        let shown: Vec<String> = stages.map(|id| show_stage(*id, occasion, known)).collect();
        wishes.push(format!("the {noun} is for stage {}", list(&shown, "or")));
    }
    if !filter.pipelines.is_empty() {
        let pipelines = filter.pipelines.iter();
        let shown: Vec<String> = pipelines
            .map(|id| show_pipeline(*id, occasion, known))
            .collect();
        wishes.push(format!("the {noun} is for pipeline {}", list(&shown, "or")));
    }
    let happened = whereabouts(occasion, known, !filter.pipelines.is_empty());
    let joint = if passed { ", and " } else { "; " };
    format!("{happened}{joint}{}.", wishes.join(" and "))
}

/// What a trigger waits for.
fn wish(event: TriggerEvent, stage: &str) -> String {
    match event {
        TriggerEvent::Entered => format!("an edit brings an order into {stage}"),
        TriggerEvent::CreatedIn => format!("an order is created in {stage}"),
        TriggerEvent::EnteredOrCreated => {
            format!("an order comes into {stage} or is created in it")
        }
        TriggerEvent::Left => format!("an edit takes an order out of {stage}"),
        TriggerEvent::Changed => {
            format!("an order is edited while it is in {stage}, before and after")
        }
    }
}

/// Where the order of an event is and was.
fn whereabouts(occasion: &Occasion<'_>, known: &AccountStages, with_pipelines: bool) -> String {
    let Some(change) = occasion.order() else {
        return match occasion.record.component() {
            Component::Client => "The event is of a client, which is in no stage".to_owned(),
            _ => "The event is of a task, which is in no stage".to_owned(),
        };
    };
    let place = |order: &OrderSnapshot| {
        let stage = show_stage(order.stage.id, occasion, known);
        if !with_pipelines {
            return stage;
        }
        let pipeline = show_pipeline(order.pipeline.id, occasion, known);
        format!("{stage} of pipeline {pipeline}")
    };
    let now = place(&change.order);
    let before = change.previous.as_ref();
    match change.action {
        Action::Add => format!("The order was created in stage {now}"),
        Action::Delete => format!("The order was deleted while it was in stage {now}"),
        Action::Edit => match before.filter(|order| order.stage.id != change.order.stage.id) {
            Some(order) => format!("The order went from stage {} to stage {now}", place(order)),
            None if before.is_some() => format!("The order's stage is {now}, as before"),
            None => format!("The order's stage is {now}"),
        },
    }
}

fn changed(subject: Subject<'_>, occasion: &Occasion<'_>) -> String {
    let noun = subject.noun();
    let asked = &subject.filter.changed;
    if asked.is_empty() {
        return format!("The {noun} does not ask which fields changed.");
    }
    let hits: Vec<String> = asked
        .iter()
        .filter(|field| field.is_changed(&occasion.record))
        .map(ToString::to_string)
        .collect();
    if !hits.is_empty() {
        return format!(
            "The edit changed {}, which the {noun} asks for.",
            list(&hits, "and")
        );
    }
    let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
    let asked = list(&asked, "or");
    let happened = match occasion.record.action {
        Action::Add => "An addition changes no field".to_owned(),
        Action::Delete => "A deletion changes no field".to_owned(),
        Action::Edit => match keys_of(&occasion.event.change) {
            [] => "The edit changed no field".to_owned(),
            keys => format!("The edit changed {}", list(keys, "and")),
        },
    };
    format!("{happened}; the {noun} asks for a change of {asked}.")
}

/// The wire keys that an edit changed.
fn keys_of(change: &Change) -> &[String] {
    match change {
        Change::Order(change) => &change.changed,
        Change::Task(change) => &change.changed,
        Change::Client(change) => &change.changed,
        _ => &[],
    }
}

fn condition(passed: bool, subject: Subject<'_>, rows: &[RowResult]) -> String {
    let noun = subject.noun();
    if subject.filter.condition.is_none() {
        return format!("The {noun} has no condition.");
    }
    if passed {
        return "The condition holds.".to_owned();
    }
    let misses: Vec<String> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| !row.holds && !is_in_a_group_that_holds(row, rows))
        .map(|(place, row)| miss(place + 1, row))
        .collect();
    format!("The condition does not hold: {}.", list(&misses, "and"))
}

/// Whether a row is one of an inner `any`, of which another row holds: then it is no
/// reason. An outer `any` has failed with all of its rows.
fn is_in_a_group_that_holds(row: &RowResult, rows: &[RowResult]) -> bool {
    let group = |row: &RowResult| {
        let (group, _) = row.pointer.rsplit_once('/')?;
        // `/condition/all/1/any`, and not `/condition/any`.
        let is_inner = group.ends_with("/any") && group.matches('/').count() > 2;
        is_inner.then(|| group.to_owned())
    };
    let own = group(row);
    own.is_some() && rows.iter().any(|other| other.holds && group(other) == own)
}

/// `row 2 is false (price is 500; asked for: greater 1000)`.
fn miss(number: usize, row: &RowResult) -> String {
    let asked = match &row.value {
        Some(value) => format!("{} {}", row.operator, show(value)),
        None => row.operator.to_owned(),
    };
    format!(
        "row {number} is false ({} is {}; asked for: {asked})",
        row.field,
        show(&row.actual)
    )
}

/// A value as the wire has it, shortened.
fn show(value: &Json) -> String {
    let text = value.to_string();
    if text.chars().count() <= MAX_VALUE_CHARS {
        return text;
    }
    let shown: String = text.chars().take(MAX_VALUE_CHARS).collect();
    format!("{shown}…")
}

/// `a, b and c`.
fn list(items: &[String], joint: &str) -> String {
    let more = items.len().saturating_sub(MAX_LISTED);
    if more > 0 {
        return format!("{} {joint} {more} more", items[..MAX_LISTED].join(", "));
    }
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [others @ .., last] => format!("{} {joint} {last}", others.join(", ")),
    }
}
