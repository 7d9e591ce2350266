//! Pairs as one JSON object.
//!
//! It is written by hand because the types of S0 have forms of their own: a
//! price without trailing zeros, numbers without exponents.

use std::fmt::{Display, Write};

use events::{ClientField, FieldValue};

use super::flat::{Value, decimal};

pub(super) fn write(entries: &[(&str, Value<'_>)]) -> String {
    let mut json = String::with_capacity(512);
    object(&mut json, entries.iter(), |json, (key, value)| {
        string(json, key);
        json.push(':');
        match value {
            Value::Text(text) => string(json, text),
            Value::Integer(number) => nullable(json, number.as_ref()),
            Value::Number(number) => nullable(json, decimal(*number).as_ref()),
            Value::Price(price) => {
                nullable(json, price.map(|price| price.to_decimal_string()).as_ref());
            }
            Value::Color(Some(color)) => string(json, color),
            Value::Color(None) => json.push_str("null"),
            Value::Flag(flag) => nullable(json, Some(flag)),
            Value::Fields(fields) => object(json, fields.iter(), field),
        }
    });
    json
}

fn field(json: &mut String, field: &ClientField) {
    string(json, &field.name);
    json.push(':');
    match &field.value {
        FieldValue::Null => json.push_str("null"),
        FieldValue::Text(text) => string(json, text),
        FieldValue::Integer(number) => nullable(json, Some(number)),
        FieldValue::Number(number) => nullable(json, decimal(*number).as_ref()),
        FieldValue::Flag(flag) => nullable(json, Some(flag)),
    }
}

fn object<T>(
    json: &mut String,
    members: impl Iterator<Item = T>,
    mut write_member: impl FnMut(&mut String, T),
) {
    json.push('{');
    for (index, member) in members.enumerate() {
        if index > 0 {
            json.push(',');
        }
        write_member(json, member);
    }
    json.push('}');
}

fn nullable(json: &mut String, value: Option<&impl Display>) {
    let _infallible = match value {
        Some(value) => write!(json, "{value}"),
        None => json.write_str("null"),
    };
}

/// Escapes what RFC 8259 says must be escaped; the rest stays UTF-8.
fn string(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\0'..='\x1f' => {
                let _infallible = write!(json, "\\u{:04x}", u32::from(c));
            }
            _ => json.push(c),
        }
    }
    json.push('"');
}
