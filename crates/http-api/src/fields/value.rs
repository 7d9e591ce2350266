//! From a JSON value to what it means, or what is wrong with it.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde_json::Value;

use super::{TextLimit, shorten};
use crate::problem::code;

/// Why a value is refused: what a custom check answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The stable code of the error.
    pub code: &'static str,
    /// What to do about it.
    pub message: Cow<'static, str>,
}

impl Invalid {
    /// A refusal with a code of the caller's.
    pub fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The value is of another JSON type than `expected`, such as "a number".
    pub fn wrong_type(expected: &str, got: &Value) -> Self {
        Self::new(
            code::WRONG_TYPE,
            format!("Send {expected}, not {}.", kind_of(got)),
        )
    }
}

/// The text of `value`, for use in custom checks.
///
/// # Errors
/// Not text, longer than `limit`, or with U+0000 in it.
pub fn read_text(value: &Value, limit: TextLimit) -> Result<String, Invalid> {
    let text = value
        .as_str()
        .ok_or_else(|| Invalid::wrong_type("text", value))?;
    check_text(text, limit)?;
    Ok(text.to_owned())
}

/// Checks a text's length and that it has no U+0000.
///
/// # Errors
/// `too_long`, `nul_character`.
pub fn check_text(text: &str, limit: TextLimit) -> Result<(), Invalid> {
    if let Some(excess) = limit.excess(text) {
        return Err(Invalid::new(code::TOO_LONG, excess));
    }
    if text.contains('\0') {
        return Err(Invalid::new(
            code::NUL_CHARACTER,
            "Remove the character U+0000: it cannot be stored.",
        ));
    }
    Ok(())
}

/// The id of something, for use in custom checks.
///
/// # Errors
/// Not an integer, or not a positive one.
pub fn read_id(value: &Value) -> Result<i64, Invalid> {
    let id = read_whole(value)?;
    if id > 0 {
        Ok(id)
    } else {
        Err(Invalid::new(
            code::OUT_OF_RANGE,
            "Send a positive integer: ids begin at 1.",
        ))
    }
}

pub(super) fn read_integer(value: &Value, range: &RangeInclusive<i64>) -> Result<i64, Invalid> {
    let number = read_whole(value)?;
    if range.contains(&number) {
        Ok(number)
    } else {
        Err(Invalid::new(
            code::OUT_OF_RANGE,
            format!("Send an integer from {} to {}.", range.start(), range.end()),
        ))
    }
}

/// The integer that a value is, for use in custom checks. One that is written with a point or an
/// exponent, as some languages write every number, is one as well if its fraction is zero.
///
/// # Errors
/// Not an integer, or one of more than 18 digits.
pub fn read_whole(value: &Value) -> Result<i64, Invalid> {
    if let Some(number) = value.as_i64() {
        return Ok(number);
    }
    let Value::Number(number) = value else {
        return Err(Invalid::wrong_type("an integer", value));
    };
    match number.as_f64() {
        Some(size) if size.abs() <= MAX_EXACT && size.fract() == 0.0 => Ok(exact(size)),
        Some(size) if size.fract() != 0.0 => Err(Invalid::wrong_type("an integer", value)),
        // Numbers of 20 digits and more are parsed as a float, and are not exact any more.
        _ => Err(Invalid::new(
            code::OUT_OF_RANGE,
            "Send an integer of at most 18 digits, without a point or an exponent.",
        )),
    }
}

/// Up to here a double is every integer.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

#[expect(
    clippy::cast_possible_truncation,
    reason = "it has no fraction and is not beyond what is exact"
)]
fn exact(size: f64) -> i64 {
    size as i64
}

pub(super) fn read_name<T: Copy>(value: &Value, names: &[(&str, T)]) -> Result<T, Invalid> {
    let sent = value
        .as_str()
        .ok_or_else(|| Invalid::wrong_type("text", value))?;
    names
        .iter()
        .find(|(name, _)| *name == sent)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| {
            let known: Vec<String> = names.iter().map(|(name, _)| format!("{name:?}")).collect();
            Invalid::new(
                code::UNKNOWN_VALUE,
                format!("Send one of {}, not {:?}.", known.join(", "), shorten(sent)),
            )
        })
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.as_f64().is_some_and(|size| size.fract() != 0.0) => {
            "a number with a fraction"
        }
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
