//! What a row compares with, in the form that comparing wants.

mod any;
mod read;

use std::cmp::Ordering;

use events::Price;

use crate::domain::field::Value;
use any::AnyOperand;

/// The value of a row. Lists are sorted.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// The operator takes none.
    None,
    /// For texts, colors and choices; a single tag.
    Text(String),
    /// For texts, colors and choices.
    Texts(Vec<String>),
    /// For ids and times.
    Integer(i64),
    /// For ids and times.
    Integers(Vec<i64>),
    /// For money, in minor units.
    Price(Price),
    /// For money, in minor units.
    Prices(Vec<Price>),
    /// Yes or no.
    Flag(bool),
    /// A set of tags.
    Tags(Vec<String>),
    /// For clients' own fields.
    Any(AnyOperand),
    /// For clients' own fields.
    Anys(Vec<AnyOperand>),
}

impl Operand {
    /// Whether a field has this value. Nothing equals null.
    pub(super) fn equals(&self, actual: &Value<'_>) -> bool {
        match (self, actual) {
            (Self::Text(text), Value::Text(actual)) => text == actual,
            (Self::Integer(number), Value::Integer(actual)) => number == actual,
            (Self::Price(price), Value::Price(actual)) => price == actual,
            (Self::Flag(flag), Value::Flag(actual)) => flag == actual,
            (Self::Tags(tags), Value::Tags(actual)) => {
                actual.iter().all(|tag| has(tags, tag))
                    && tags.iter().all(|tag| actual.contains(tag))
            }
            (Self::Any(operand), actual) => operand.equals(actual),
            _ => false,
        }
    }

    /// How a field stands to this value; `None` if they cannot be compared.
    pub(super) fn order_of(&self, actual: &Value<'_>) -> Option<Ordering> {
        match (self, actual) {
            (Self::Integer(number), Value::Integer(actual)) => Some(actual.cmp(number)),
            (Self::Price(price), Value::Price(actual)) => Some(actual.cmp(price)),
            (Self::Any(operand), actual) => operand.order_of(actual),
            _ => None,
        }
    }

    /// Whether a field has one of these values.
    pub(super) fn includes(&self, actual: &Value<'_>) -> bool {
        match (self, actual) {
            (Self::Texts(texts), Value::Text(actual)) => has(texts, actual),
            (Self::Integers(numbers), Value::Integer(actual)) => {
                numbers.binary_search(actual).is_ok()
            }
            (Self::Prices(prices), Value::Price(actual)) => prices.binary_search(actual).is_ok(),
            (Self::Tags(tags), Value::Tags(actual)) => actual.iter().any(|tag| has(tags, tag)),
            (Self::Anys(operands), actual) => operands.iter().any(|operand| operand.equals(actual)),
            _ => false,
        }
    }

    /// Whether this text is part of a field, or this tag among its tags.
    pub(super) fn is_within(&self, actual: &Value<'_>) -> bool {
        match (self, actual) {
            (Self::Text(text), Value::Text(actual)) => actual.contains(text.as_str()),
            (Self::Text(tag), Value::Tags(actual)) => actual.contains(tag),
            (Self::Any(operand), actual) => operand.is_within(actual),
            _ => false,
        }
    }

    /// Whether a field begins with this text.
    pub(super) fn begins(&self, actual: &Value<'_>) -> bool {
        match (self, actual) {
            (Self::Text(text), Value::Text(actual)) => actual.starts_with(text.as_str()),
            (Self::Any(operand), actual) => operand.begins(actual),
            _ => false,
        }
    }
}

fn has(sorted: &[String], text: &str) -> bool {
    sorted
        .binary_search_by(|known| known.as_str().cmp(text))
        .is_ok()
}
