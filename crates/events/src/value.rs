//! JSON values that several kinds of record share.

use serde_json::{Map, Number, Value};

use crate::{FieldValue, Mark};

/// Whole doubles up to here are exact, hence written as integers.
const EXACT_WHOLE: f64 = 9_007_199_254_740_992.0;

pub(crate) fn optional_integer(id: Option<i64>) -> Value {
    id.map_or(Value::Null, Value::from)
}

/// An object in the order of the marks; of two with one key the later value.
pub(crate) fn object_of_marks(marks: &[Mark]) -> Value {
    let entries = marks
        .iter()
        .map(|mark| (mark.key.clone(), mark.value.as_str().into()));
    Value::Object(entries.collect::<Map<_, _>>())
}

impl FieldValue {
    /// As JSON: numbers in their shortest form, `5` rather than `5.0`.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => text.as_str().into(),
            Self::Integer(number) => (*number).into(),
            Self::Number(number) => json_number(*number),
            Self::Flag(flag) => (*flag).into(),
        }
    }
}

fn json_number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < EXACT_WHOLE {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and within i64")]
        let whole = number as i64;
        return whole.into();
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_their_shortest_form() {
        for (value, json) in [
            (FieldValue::Integer(i64::MIN), "-9223372036854775808"),
            (FieldValue::Integer(7701), "7701"),
            (FieldValue::Number(5.0), "5"),
            (FieldValue::Number(-0.0), "0"),
            (FieldValue::Number(0.1), "0.1"),
            (FieldValue::Number(-2.5), "-2.5"),
            (FieldValue::Number(1e300), "1e300"),
            (FieldValue::Number(f64::NAN), "null"),
            (FieldValue::Flag(true), "true"),
            (FieldValue::Null, "null"),
            (FieldValue::Text("Москва".into()), "\"Москва\""),
        ] {
            let written = value.to_json().to_string().replace("e+", "e");
            assert_eq!(written, json);
        }
    }
}
