//! Clients: what a request can set, and how.

use contacts::{Email, Phone, Region};
use events::{ClientField, ClientId, ClientSnapshot, DirectoryEntryId, FieldValue, Timestamp};
use http_api::Presence;
use serde_json::Value;

/// The most extra fields of one client (WIRE 1).
pub(crate) const MAX_FIELDS: usize = 200;

/// Whole doubles up to here are exact, hence the same number as the integer.
const EXACT_WHOLE: f64 = 9_007_199_254_740_992.0;

/// What a request says about a client; what it does not say stays, or gets its
/// default in a new one.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClientPatch {
    pub(crate) realname: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) position: Option<String>,
    pub(crate) status_id: Presence<DirectoryEntryId>,
    pub(crate) text: Option<String>,
    /// Merged by name; null removes all.
    pub(crate) fields: Presence<Vec<ClientField>>,
}

/// A new client before the request's values. The id is the database's to give.
pub(crate) fn blank(now: Timestamp) -> ClientSnapshot {
    ClientSnapshot {
        id: ClientId(0),
        realname: String::new(),
        email: String::new(),
        phone: String::new(),
        position: String::new(),
        status_id: None,
        text: String::new(),
        fields: Vec::new(),
        created_at: now,
        updated_at: now,
    }
}

impl ClientPatch {
    /// Merges into `client` everything but the extra fields, whose order is the
    /// account's.
    pub(crate) fn merge_into(&self, client: &mut ClientSnapshot) {
        let texts = [
            (&self.realname, &mut client.realname),
            (&self.email, &mut client.email),
            (&self.phone, &mut client.phone),
            (&self.position, &mut client.position),
            (&self.text, &mut client.text),
        ];
        for (sent, kept) in texts {
            if let Some(text) = sent {
                kept.clone_from(text);
            }
        }
        self.status_id.merge_into_option(&mut client.status_id);
    }
}

/// By which phones are compared; `None` if it is no phone that can be.
pub(crate) fn normalized_phone(phone: &str) -> Option<String> {
    let phone = Phone::parse(phone, Region::RUSSIA)?;
    phone.e164().map(str::to_owned)
}

/// By which emails are compared; `None` if it is not a valid address.
pub(crate) fn normalized_email(email: &str) -> Option<String> {
    let email = Email::parse(email).ok()?;
    Some(email.normalized().to_owned())
}

/// The value of an extra field; `None` if it is a list, an object, or a number
/// with more digits than are kept exactly. Equal numbers are equal values however they are spelled.
pub(crate) fn field_value(value: &Value) -> Option<FieldValue> {
    Some(match value {
        Value::Null => FieldValue::Null,
        Value::String(text) => FieldValue::Text(text.clone()),
        Value::Bool(flag) => FieldValue::Flag(*flag),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => FieldValue::Integer(integer),
            (None, Some(number)) if number.fract() == 0.0 && number.abs() < EXACT_WHOLE => {
                #[expect(clippy::cast_possible_truncation, reason = "whole, and within i64")]
                let integer = number as i64;
                FieldValue::Integer(integer)
            }
            (None, Some(number)) if number.fract() != 0.0 => FieldValue::Number(number),
            // A whole number that a double rounds, such as a bank account's.
            _ => return None,
        },
        Value::Array(_) | Value::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_number_is_one_value() {
        for value in [json!(5), json!(5.0), json!(5e0)] {
            assert_eq!(field_value(&value), Some(FieldValue::Integer(5)));
        }
        assert_eq!(field_value(&json!(2.5)), Some(FieldValue::Number(2.5)));
        assert_eq!(field_value(&json!(null)), Some(FieldValue::Null));
        for refused in ["[]", "{}", "40702810900000005555", "9223372036854775808"] {
            let value: Value = serde_json::from_str(refused).unwrap();
            assert_eq!(field_value(&value), None, "{refused}");
        }
    }

    #[test]
    fn contacts_compare_in_one_form() {
        assert_eq!(
            normalized_phone("8 (812) 315-98-83").as_deref(),
            Some("+78123159883")
        );
        assert_eq!(normalized_phone("нет"), None);
        assert_eq!(normalized_email(" A@B.RU ").as_deref(), Some("a@b.ru"));
        assert_eq!(normalized_email("a@"), None);
    }
}
