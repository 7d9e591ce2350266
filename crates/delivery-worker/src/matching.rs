//! Which webhooks an event fires. Pure: decided once, at ingest, and recorded.
//!
//! There is one list of rules. The pipeline asks whether all of them hold
//! ([`fires`]), and the API what each of them says ([`judge`]), so that the two
//! cannot disagree.

mod names;
mod rule;
mod wording;

use events::{Change, Event, OrderChanged, PipelineId, StageId};

use crate::domain::condition::RowResult;
use crate::domain::filter::Filter;
use crate::domain::record::Record;
use crate::domain::stage::AccountStages;
use crate::domain::trigger::{TriggerEvent, TriggerSettings};
use crate::domain::webhook::{EventSwitches, WebhookSettings};
use crate::lane::{Component, RecordKey};
pub(crate) use rule::Rule;
pub(crate) use wording::no_occasion;

/// What decides whether an event fires a webhook.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The events that it chose.
    pub(crate) events: EventSwitches,
    /// What they have to meet.
    pub(crate) filter: &'a Filter,
    /// A trigger's stage.
    pub(crate) trigger: Option<StageTrigger>,
}

/// What decides whether an event fires a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StageTrigger {
    /// What has to happen.
    pub(crate) event: TriggerEvent,
    /// In which stage.
    pub(crate) stage: StageId,
    /// The pipeline of that stage.
    pub(crate) pipeline: PipelineId,
}

impl From<&TriggerSettings> for StageTrigger {
    fn from(settings: &TriggerSettings) -> Self {
        Self {
            event: settings.event,
            stage: settings.stage,
            pipeline: settings.pipeline,
        }
    }
}

impl<'a> From<&'a WebhookSettings> for Subject<'a> {
    fn from(settings: &'a WebhookSettings) -> Self {
        Self {
            events: settings.events,
            filter: &settings.filter,
            trigger: settings.trigger.as_ref().map(StageTrigger::from),
        }
    }
}

impl Subject<'_> {
    /// What a person calls it.
    fn noun(&self) -> &'static str {
        match self.trigger {
            Some(_) => "trigger",
            None => "webhook",
        }
    }
}

/// An event that may fire webhooks: what all of them ask of it, worked out once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occasion<'a> {
    /// The event.
    pub(crate) event: &'a Event,
    /// Its switch.
    pub(crate) switch: EventSwitches,
    /// What it tells of its record.
    pub(crate) record: Record<'a>,
}

impl<'a> Occasion<'a> {
    /// `None` for an event that fires no webhook, whatever is set.
    pub(crate) fn of(event: &'a Event) -> Option<Self> {
        Some(Self {
            event,
            switch: EventSwitches::of(&event.change)?,
            record: Record::of(&event.change)?,
        })
    }

    /// The change of an order, if it is one.
    pub(crate) fn order(&self) -> Option<&'a OrderChanged> {
        match &self.event.change {
            Change::Order(change) => Some(change),
            _ => None,
        }
    }
}

/// What a rule said of an event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RuleResult {
    /// Which rule.
    pub(crate) rule: Rule,
    /// Whether it lets the event pass.
    pub(crate) passed: bool,
    /// Why, in a sentence with the values at hand.
    pub(crate) detail: String,
    /// What each row of the condition came to; empty for the other rules.
    pub(crate) rows: Vec<RowResult>,
}

/// Whether an event fires an active webhook. A webhook that is paused or disabled
/// is fired all the same: its deliveries wait.
pub(crate) fn fires(subject: Subject<'_>, occasion: &Occasion<'_>) -> bool {
    Rule::ALL.iter().all(|rule| rule.passes(subject, occasion))
}

/// What every rule says of an event, in their order, also behind one that it does
/// not pass. `known` names the stages that the event itself does not name.
pub(crate) fn judge(subject: Subject<'_>, event: &Event, known: &AccountStages) -> Vec<RuleResult> {
    let Some(occasion) = Occasion::of(event) else {
        return vec![judge_other(subject, event)];
    };
    Rule::ALL
        .into_iter()
        .map(|rule| {
            let passed = rule.passes(subject, &occasion);
            let rows = match (&subject.filter.condition, rule) {
                (Some(condition), Rule::Condition) => condition.rows(&occasion.record),
                _ => Vec::new(),
            };
            RuleResult {
                rule,
                passed,
                detail: wording::detail(rule, passed, subject, &occasion, known, &rows),
                rows,
            }
        })
        .collect()
}

/// What there is to say of an event that is of no record: filters do not apply to it.
fn judge_other(subject: Subject<'_>, event: &Event) -> RuleResult {
    let switch = EventSwitches::of(&event.change);
    let passed = switch.is_some_and(|switch| subject.events.intersects(switch));
    let event_type = event.change.event_type();
    RuleResult {
        rule: Rule::Event,
        passed,
        detail: match switch {
            Some(_) => wording::event(passed, subject, event_type),
            None => wording::no_occasion(event_type),
        },
        rows: Vec::new(),
    }
}

/// The record that a change is of; `None` for a bulk delete, and for what is
/// no record at all.
pub(crate) fn record_of(change: &Change) -> Option<RecordKey> {
    let (component, id) = match change {
        Change::Order(change) => (Component::Order, change.order.id.0),
        Change::Task(change) => (Component::Task, change.task.id.0),
        Change::Client(change) => (Component::Client, change.client.id.0),
        Change::TasksOfOrderDeleted(_)
        | Change::Pipeline(_)
        | Change::LeadConversionRequested(_)
        | Change::LeadConverted(_)
        | Change::TokenRevoked(_)
        | Change::PersonErased(_)
        | Change::WebhookDisabled(_) => return None,
    };
    Some(RecordKey { component, id })
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
