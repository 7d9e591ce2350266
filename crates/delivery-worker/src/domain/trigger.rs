//! Stage triggers: a webhook bound to a pipeline stage (S2, WIRE 3).

mod names;

use events::{Action, OrderChanged, PipelineId, StageId};
use serde::{Deserialize, Serialize};

use super::field::Field;
use super::webhook::EventSwitches;
pub(crate) use names::{is_parameter_name, suggest_name};

/// The most parameters of one trigger.
pub(crate) const MAX_PARAMETERS: usize = 100;
/// The longest literal, in characters.
pub(crate) const MAX_LITERAL_CHARS: usize = 4_096;
/// The name that marks a test request, which no parameter can have.
pub(crate) const TEST_NAME: &str = "test";

/// What makes a webhook a trigger; stored as JSON within the settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TriggerSettings {
    /// Its stage.
    pub(crate) stage: StageId,
    /// The pipeline of that stage.
    pub(crate) pipeline: PipelineId,
    /// What has to happen.
    pub(crate) event: TriggerEvent,
    /// How the receiver is asked.
    #[serde(default)]
    pub(crate) method: CallMethod,
    /// What is sent, and nothing else.
    #[serde(default)]
    pub(crate) parameters: Vec<Parameter>,
}

/// A change to what makes a trigger: `None` keeps what is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TriggerPatch {
    /// Another stage. Its pipeline follows from it, see `api::callbacks::stages`.
    pub(crate) stage: Option<StageId>,
    /// Another event.
    pub(crate) event: Option<TriggerEvent>,
    /// Another method.
    pub(crate) method: Option<CallMethod>,
    /// Other parameters, in place of all the old.
    pub(crate) parameters: Option<Vec<Parameter>>,
}

impl TriggerPatch {
    /// Puts the patch into `trigger`.
    pub(crate) fn apply(self, trigger: &mut TriggerSettings) {
        let Self {
            stage,
            event,
            method,
            parameters,
        } = self;
        trigger.stage = stage.unwrap_or(trigger.stage);
        trigger.event = event.unwrap_or(trigger.event);
        trigger.method = method.unwrap_or(trigger.method);
        if let Some(parameters) = parameters {
            trigger.parameters = parameters;
        }
    }
}

/// What has to happen to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TriggerEvent {
    /// An edit brought it into the stage, from whatever pipeline.
    Entered,
    /// It was created in the stage.
    CreatedIn,
    /// Either.
    EnteredOrCreated,
    /// An edit took it out of the stage; not a deletion.
    Left,
    /// An edit changed something while it was in the stage before and after.
    Changed,
}

impl TriggerEvent {
    /// All of them by wire name.
    pub(crate) const NAMES: [(&str, Self); 5] = [
        ("entered", Self::Entered),
        ("created_in", Self::CreatedIn),
        ("entered_or_created", Self::EnteredOrCreated),
        ("left", Self::Left),
        ("changed", Self::Changed),
    ];

    /// The wire name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::CreatedIn => "created_in",
            Self::EnteredOrCreated => "entered_or_created",
            Self::Left => "left",
            Self::Changed => "changed",
        }
    }

    /// The events of orders that can be such a one.
    pub(crate) fn switches(self) -> EventSwitches {
        let names: &[&str] = match self {
            Self::CreatedIn => &["order.add"],
            Self::EnteredOrCreated => &["order.add", "order.edit"],
            Self::Entered | Self::Left | Self::Changed => &["order.edit"],
        };
        // All of them are switches.
        EventSwitches::from_names(names.iter().copied()).unwrap_or_default()
    }

    /// Whether a change of an order is this event of `stage`.
    pub(crate) fn is(self, change: &OrderChanged, stage: StageId) -> bool {
        let now = change.order.stage.id;
        let before = change.previous.as_ref().map(|order| order.stage.id);
        let is_edit = change.action == Action::Edit;
        let entered = is_edit && now == stage && before.is_some_and(|before| before != stage);
        let created = change.action == Action::Add && now == stage;
        match self {
            Self::Entered => entered,
            Self::CreatedIn => created,
            Self::EnteredOrCreated => entered || created,
            Self::Left => is_edit && now != stage && before == Some(stage),
            Self::Changed => is_edit && now == stage && before == Some(stage),
        }
    }
}

/// How a trigger's receiver is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum CallMethod {
    /// Parameters are the body.
    #[default]
    Post,
    /// Parameters join the URL's own query.
    Get,
}

impl CallMethod {
    /// Both by wire name.
    pub(crate) const NAMES: [(&str, Self); 2] = [("POST", Self::Post), ("GET", Self::Get)];

    /// The wire name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Get => "GET",
        }
    }
}

/// A pair to send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Parameter {
    /// `^[a-z][a-z0-9_]{0,63}$`, unique in one trigger.
    pub(crate) name: String,
    /// Where its value comes from.
    #[serde(flatten)]
    pub(crate) source: ParameterSource,
}

/// Where a parameter's value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "lowercase")]
pub(crate) enum ParameterSource {
    /// A field of the order.
    Field(Field),
    /// A literal: text, number, or yes or no.
    Value(serde_json::Value),
    /// Something about the event.
    System(SystemValue),
}

impl ParameterSource {
    /// The wire name of what it is: `field`, `value`, `system`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Field(_) => "field",
            Self::Value(_) => "value",
            Self::System(_) => "system",
        }
    }
}

/// Something about the event itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SystemValue {
    /// Its id.
    EventId,
    /// When it happened, in Unix seconds.
    Timestamp,
}

impl SystemValue {
    /// All of them by wire name.
    pub(crate) const NAMES: [(&str, Self); 2] =
        [("event_id", Self::EventId), ("timestamp", Self::Timestamp)];

    /// The wire name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::EventId => "event_id",
            Self::Timestamp => "timestamp",
        }
    }
}
