//! The pairs that a stage trigger sends (WIRE 3).

use std::borrow::Cow;

use events::{Change, Event};
use serde_json::Value as Json;
use uuid::Uuid;

use super::flat::{Entries, Value};
use crate::domain::field;
use crate::domain::record::Record;
use crate::domain::trigger::{
    CallMethod, Parameter, ParameterSource, SystemValue, TriggerSettings,
};

/// How a trigger's receiver is asked, and what for.
#[derive(Debug, PartialEq)]
pub(super) struct Call {
    pub(super) method: CallMethod,
    parameters: Vec<Parameter>,
}

impl Call {
    pub(super) fn of(trigger: &TriggerSettings) -> Self {
        Self {
            method: trigger.method,
            parameters: trigger.parameters.clone(),
        }
    }

    /// The pairs in the order configured; `None` for an event that is not of an
    /// order.
    pub(super) fn entries<'a>(&'a self, event: &'a Event) -> Option<Entries<'a>> {
        if !matches!(event.change, Change::Order(_)) {
            return None;
        }
        let record = Record::of(&event.change)?;
        let pair = |parameter: &'a Parameter| {
            let value = match &parameter.source {
                ParameterSource::Field(field) => field.value(&record).into(),
                ParameterSource::Value(literal) => literal_value(literal),
                ParameterSource::System(system) => system_value(*system, event),
            };
            (parameter.name.as_str(), value)
        };
        Some(self.parameters.iter().map(pair).collect())
    }
}

/// What is missing is an empty string in every format.
const MISSING: Value<'static> = Value::Text(Cow::Borrowed(""));

impl<'a> From<field::Value<'a>> for Value<'a> {
    fn from(value: field::Value<'a>) -> Self {
        match value {
            field::Value::Null => MISSING,
            field::Value::Text(text) => Self::Text(text),
            field::Value::Integer(number) => Self::Integer(Some(number)),
            field::Value::Number(number) => Self::number(number),
            field::Value::Price(price) => Self::Price(Some(price)),
            field::Value::Flag(flag) => Self::Flag(flag),
            field::Value::Tags(tags) => Self::Text(Cow::Owned(tags.join(","))),
        }
    }
}

impl Value<'_> {
    fn number(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(number)
        } else {
            MISSING
        }
    }
}

/// Only text, numbers, yes and no are saved; anything else is as if missing.
fn literal_value(literal: &Json) -> Value<'_> {
    match literal {
        Json::String(text) => text.as_str().into(),
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(Some(integer)),
            None => number.as_f64().map_or(MISSING, Value::number),
        },
        Json::Null | Json::Array(_) | Json::Object(_) => MISSING,
    }
}

/// The pairs without the order's values.
pub(super) fn least_entries(trigger: &TriggerSettings) -> Entries<'_> {
    let pairs = trigger.parameters.iter();
    pairs
        .map(|parameter| (parameter.name.as_str(), least_value(parameter)))
        .collect()
}

fn least_value(parameter: &Parameter) -> Value<'_> {
    match &parameter.source {
        ParameterSource::Field(_) => MISSING,
        ParameterSource::Value(literal) => literal_value(literal),
        ParameterSource::System(SystemValue::EventId) => {
            Value::Text(Cow::Owned(Uuid::nil().to_string()))
        }
        // Ten digits, for the next 250 years.
        ParameterSource::System(SystemValue::Timestamp) => Value::Integer(Some(1_000_000_000)),
    }
}

fn system_value(system: SystemValue, event: &Event) -> Value<'static> {
    match system {
        SystemValue::EventId => Value::Text(Cow::Owned(event.id.to_string())),
        SystemValue::Timestamp => Value::Integer(Some(event.occurred_at.unix_seconds())),
    }
}

#[cfg(test)]
mod tests;
