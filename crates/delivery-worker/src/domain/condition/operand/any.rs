//! Values of clients' own fields, whose kind nobody fixed: they are equal as numbers
//! if both sides are or read as numbers, else as texts. What is asked to be greater or
//! less than a number has to be one: «не знаю» is not above 1000.

use std::borrow::Cow;
use std::cmp::Ordering;

use events::FieldValue;

use crate::domain::field::Value;

/// More digits than a double keeps: such a text with a fraction is no number.
const MAX_EXACT_DIGITS: usize = 15;

/// What such a field is compared with.
#[derive(Debug, Clone)]
pub(in crate::domain::condition) struct AnyOperand {
    text: String,
    number: Option<Number>,
}

#[derive(Debug, Clone, Copy)]
enum Number {
    Whole(i64),
    Real(f64),
}

impl AnyOperand {
    /// `None` for null, lists and objects.
    pub(super) fn parse(value: &serde_json::Value) -> Option<Self> {
        let value = match value {
            serde_json::Value::String(text) => Value::from(text.as_str()),
            serde_json::Value::Bool(flag) => Value::Flag(*flag),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(whole) => Value::Integer(whole),
                None => Value::Number(number.as_f64()?),
            },
            _ => return None,
        };
        Some(Self {
            number: Number::of(&value),
            text: text_of(&value)?.into_owned(),
        })
    }

    pub(super) fn equals(&self, actual: &Value<'_>) -> bool {
        match (self.number, Number::of(actual)) {
            (Some(number), Some(actual)) => actual.partial_cmp(&number) == Some(Ordering::Equal),
            _ => text_of(actual).is_some_and(|actual| *actual == self.text),
        }
    }

    /// How a field stands to this value: a number to a number, a text to a text;
    /// `None` for anything else.
    pub(super) fn order_of(&self, actual: &Value<'_>) -> Option<Ordering> {
        match (self.number, actual) {
            (Some(number), actual) => Number::of(actual)?.partial_cmp(&number),
            (None, Value::Text(actual)) => Some((**actual).cmp(self.text.as_str())),
            (None, _) => None,
        }
    }

    pub(super) fn is_within(&self, actual: &Value<'_>) -> bool {
        text_of(actual).is_some_and(|actual| actual.contains(&self.text))
    }

    pub(super) fn begins(&self, actual: &Value<'_>) -> bool {
        text_of(actual).is_some_and(|actual| actual.starts_with(&self.text))
    }
}

impl Number {
    /// The number that a value is or reads as.
    fn of(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(Self::Whole(*number)),
            Value::Number(number) => Some(Self::Real(*number)),
            Value::Text(text) => Self::read(text),
            _ => None,
        }
    }

    /// A text reads as a number if it is spelled as JSON would spell it, without
    /// an exponent: `007` and `+7` are texts.
    fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (digits, None),
        };
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || (whole.len() > 1 && whole.starts_with('0')) {
            return None;
        }
        match fraction {
            None => text.parse().ok().map(Self::Whole),
            Some(fraction) if is_digits(fraction) => {
                let is_exact = whole.len() + fraction.len() <= MAX_EXACT_DIGITS;
                is_exact.then(|| text.parse().ok().map(Self::Real))?
            }
            Some(_) => None,
        }
    }

    fn partial_cmp(self, other: &Self) -> Option<Ordering> {
        match (self, *other) {
            (Self::Whole(left), Self::Whole(right)) => Some(left.cmp(&right)),
            (left, right) => left.as_f64().partial_cmp(&right.as_f64()),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "the other side has a fraction, or more digits than this"
    )]
    fn as_f64(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Real(number) => number,
        }
    }
}

/// As text; null has none.
fn text_of<'a>(value: &'a Value<'_>) -> Option<Cow<'a, str>> {
    match value {
        Value::Null | Value::Tags(_) => None,
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Flag(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Integer(number) => Some(Cow::Owned(number.to_string())),
        // The spelling of JSON: whole numbers without a fraction.
        Value::Number(number) => Some(Cow::Owned(
            FieldValue::Number(*number).to_json().to_string(),
        )),
        Value::Price(price) => Some(Cow::Owned(price.to_decimal_string())),
    }
}
