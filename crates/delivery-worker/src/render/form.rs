//! `application/x-www-form-urlencoded`, as `http_build_query` of PHP writes it
//! and `$_POST` reads it back.

use std::fmt::{Display, Write};

use events::FieldValue;

use super::flat::{Value, decimal};

pub(super) fn write(entries: &[(&str, Value<'_>)]) -> String {
    let mut form = Form {
        text: String::with_capacity(512),
    };
    for (key, value) in entries {
        match value {
            Value::Text(text) => form.pair(key, text),
            Value::Integer(number) => form.pair_of(key, number.as_ref()),
            Value::Number(number) => form.pair_of(key, decimal(*number).as_ref()),
            Value::Price(price) => {
                form.pair_of(key, price.map(|price| price.to_decimal_string()).as_ref());
            }
            Value::Color(color) => form.pair(key, color.unwrap_or_default()),
            Value::Flag(flag) => form.pair(key, bit(*flag)),
            // Without an entry there is no pair either, so empty fields leave
            // no trace, as in PHP.
            Value::Fields(fields) => {
                for field in *fields {
                    form.field(key, &field.name, &field.value);
                }
            }
        }
    }
    form.text
}

struct Form {
    text: String,
}

impl Form {
    fn pair(&mut self, key: &str, value: &str) {
        self.key(key);
        self.encode(value);
    }

    /// A value of characters that need no encoding; null is empty.
    fn pair_of(&mut self, key: &str, value: Option<&impl Display>) {
        self.key(key);
        if let Some(value) = value {
            let _infallible = write!(self.text, "{value}");
        }
    }

    fn field(&mut self, key: &str, name: &str, value: &FieldValue) {
        self.separate();
        self.encode(key);
        self.encode("[");
        self.encode(name);
        self.encode("]");
        self.text.push('=');
        match value {
            FieldValue::Null => {}
            FieldValue::Text(text) => self.encode(text),
            FieldValue::Integer(number) => {
                let _infallible = write!(self.text, "{number}");
            }
            FieldValue::Number(number) => self.text.push_str(&decimal(*number).unwrap_or_default()),
            FieldValue::Flag(flag) => self.text.push_str(bit(*flag)),
        }
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.encode(key);
        self.text.push('=');
    }

    fn separate(&mut self) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
    }

    /// PHP's `urlencode`: unlike a browser it encodes `*`, unlike RFC 3986 `~`.
    fn encode(&mut self, text: &str) {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' => {
                    self.text.push(char::from(byte));
                }
                b' ' => self.text.push('+'),
                _ => {
                    self.text.push('%');
                    self.text.push(char::from(HEX[usize::from(byte >> 4)]));
                    self.text.push(char::from(HEX[usize::from(byte & 0xf)]));
                }
            }
        }
    }
}

fn bit(flag: bool) -> &'static str {
    if flag { "1" } else { "0" }
}
