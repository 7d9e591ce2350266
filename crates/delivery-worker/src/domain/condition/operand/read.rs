//! Reads the value of a row.

use events::{Color, Price, PriceError};
use http_api::{FieldError, Invalid, TextLimit, code, read_text};
use serde_json::Value as Json;

use super::{AnyOperand, Operand};
use crate::domain::condition::operator::Operator;
use crate::domain::field::FieldKind;

/// The most values of `in`, and the most tags of a set.
const MAX_VALUES: usize = 100;
/// The longest text that is compared, in characters.
const MAX_TEXT_CHARS: usize = 1_000;

/// Everything that is wrong with the value; pointers are below it.
type Errors = Vec<FieldError>;

impl Operand {
    /// Reads the value of an operator that takes one and fits the kind.
    pub(in crate::domain::condition) fn read(
        kind: FieldKind,
        operator: Operator,
        value: &Json,
    ) -> Result<Self, Errors> {
        match (kind, operator) {
            (FieldKind::Tags, Operator::In) => sorted(value, tag).map(Self::Tags),
            (FieldKind::Tags, Operator::Contains) => one(tag(value)).map(Self::Text),
            (FieldKind::Tags, _) => tags(value).map(Self::Tags),
            (_, Operator::In) => Self::read_list(kind, value),
            _ => one(Self::read_one(kind, value)),
        }
    }

    fn read_list(kind: FieldKind, value: &Json) -> Result<Self, Errors> {
        match kind {
            FieldKind::Integer => sorted(value, integer).map(Self::Integers),
            FieldKind::Price => sorted(value, price).map(Self::Prices),
            FieldKind::Any => list(value, any).map(Self::Anys),
            FieldKind::Color => sorted(value, color).map(Self::Texts),
            FieldKind::Choice(names) => {
                sorted(value, |value| choice(value, names)).map(Self::Texts)
            }
            FieldKind::Text | FieldKind::Flag | FieldKind::Tags | FieldKind::Group => {
                sorted(value, text).map(Self::Texts)
            }
        }
    }

    fn read_one(kind: FieldKind, value: &Json) -> Result<Self, Invalid> {
        match kind {
            FieldKind::Integer => integer(value).map(Self::Integer),
            FieldKind::Price => price(value).map(Self::Price),
            FieldKind::Any => any(value).map(Self::Any),
            FieldKind::Color => color(value).map(Self::Text),
            FieldKind::Choice(names) => choice(value, names).map(Self::Text),
            FieldKind::Flag => match value.as_bool() {
                Some(flag) => Ok(Self::Flag(flag)),
                None => Err(Invalid::wrong_type("true or false", value)),
            },
            FieldKind::Text | FieldKind::Tags | FieldKind::Group => text(value).map(Self::Text),
        }
    }
}

fn one<T>(read: Result<T, Invalid>) -> Result<T, Errors> {
    read.map_err(|wrong| vec![FieldError::new("", wrong.code, wrong.message)])
}

fn list<T>(value: &Json, read: impl Fn(&Json) -> Result<T, Invalid>) -> Result<Vec<T>, Errors> {
    let values = match value {
        Json::Array(values) if (1..=MAX_VALUES).contains(&values.len()) => values,
        Json::Array(values) => {
            let sent = values.len();
            let code = if sent == 0 {
                code::REQUIRED
            } else {
                code::TOO_MANY
            };
            let message = format!("Send 1 to {MAX_VALUES} values; there are {sent}.");
            return one(Err(Invalid::new(code, message)));
        }
        other => return one(Err(Invalid::wrong_type("a list", other))),
    };
    let (mut all, mut errors) = (Vec::with_capacity(values.len()), Vec::new());
    for (place, value) in values.iter().enumerate() {
        match read(value) {
            Ok(value) => all.push(value),
            Err(wrong) => {
                let pointer = format!("/{place}");
                errors.push(FieldError::new(pointer, wrong.code, wrong.message));
            }
        }
    }
    if errors.is_empty() {
        Ok(all)
    } else {
        Err(errors)
    }
}

fn sorted<T: Ord>(
    value: &Json,
    read: impl Fn(&Json) -> Result<T, Invalid>,
) -> Result<Vec<T>, Errors> {
    let mut all = list(value, read)?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// A set of tags: a list, or one text as records show it. It may be empty.
fn tags(value: &Json) -> Result<Vec<String>, Errors> {
    let Json::String(together) = value else {
        return match value {
            Json::Array(none) if none.is_empty() => Ok(Vec::new()),
            Json::Array(_) => sorted(value, tag),
            other => one(Err(Invalid::wrong_type(
                "a list of tags, or tags as one text",
                other,
            ))),
        };
    };
    one(text(value))?;
    let parts = together.split(',').map(str::trim);
    let mut all: Vec<String> = parts
        .filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect();
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Tags are kept without blanks around them, and parted by commas.
fn tag(value: &Json) -> Result<String, Invalid> {
    let tag = text(value)?.trim().to_owned();
    if tag.is_empty() || tag.contains(',') {
        return Err(Invalid::new(
            code::INVALID,
            "Send one tag: not empty, and without commas.",
        ));
    }
    Ok(tag)
}

fn text(value: &Json) -> Result<String, Invalid> {
    read_text(value, TextLimit::Chars(MAX_TEXT_CHARS))
}

fn color(value: &Json) -> Result<String, Invalid> {
    let color = Color::parse(&text(value)?).ok_or_else(|| {
        Invalid::new(
            code::INVALID,
            "Send a color as six hex digits, such as AD3939.",
        )
    })?;
    Ok(color.as_str().to_owned())
}

fn choice(value: &Json, names: &[&str]) -> Result<String, Invalid> {
    let sent = text(value)?;
    if names.contains(&sent.as_str()) {
        return Ok(sent);
    }
    let message = format!("Send one of {}.", names.join(", "));
    Err(Invalid::new(code::UNKNOWN_VALUE, message))
}

fn integer(value: &Json) -> Result<i64, Invalid> {
    value.as_i64().ok_or_else(|| {
        if value.is_u64() || value.as_f64().is_some_and(|size| size.abs() >= 1e18) {
            Invalid::new(code::OUT_OF_RANGE, "Send an integer of at most 18 digits.")
        } else {
            Invalid::wrong_type("an integer", value)
        }
    })
}

fn any(value: &Json) -> Result<AnyOperand, Invalid> {
    if value.is_string() {
        text(value)?;
    }
    AnyOperand::parse(value)
        .ok_or_else(|| Invalid::wrong_type("text, a number, or true or false", value))
}

/// A number, or a text such as `1500.50`.
fn price(value: &Json) -> Result<Price, Invalid> {
    let price = match value {
        Json::Number(number) => Price::parse(number),
        Json::String(text) => match decimal(text) {
            Some(price) => price,
            None => {
                return Err(Invalid::new(
                    code::INVALID,
                    "Send an amount such as 1500 or 1500.50.",
                ));
            }
        },
        other => return Err(Invalid::wrong_type("a number", other)),
    };
    price.map_err(|error| {
        let code = match error {
            PriceError::TooManyDecimals => code::INVALID,
            PriceError::TooLarge => code::OUT_OF_RANGE,
        };
        Invalid::new(code, format!("An amount {error}."))
    })
}

/// `None` if the text is no decimal.
fn decimal(text: &str) -> Option<Result<Price, PriceError>> {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (units, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    if !is_digits(units) || !is_digits(decimals) {
        return None;
    }
    Some(Price::parse_decimal(text))
}
