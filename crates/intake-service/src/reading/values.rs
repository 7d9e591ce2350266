//! Values as fields: the senders' types are blurred, any scalar may be any field (WIRE 2).

use std::borrow::Cow;

use contacts::{Email, Phone, Region};
use submission::Value;

use super::candidates::Taken;
use super::problem::Fault;
use crate::domain::lead::MAX_MARK_CHARS;

/// Names, emails, ids (WIRE 2).
pub(super) const SHORT_CHARS: usize = 255;
/// Every whole number up to this is a float of its own.
const MAX_EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;

pub(super) fn short_text(value: &Value) -> Result<Taken<String>, Fault> {
    text(value, SHORT_CHARS)
}

pub(super) fn long_text(value: &Value) -> Result<Taken<String>, Fault> {
    text(value, MAX_MARK_CHARS)
}

fn text(value: &Value, most: usize) -> Result<Taken<String>, Fault> {
    let text = value.scalar().ok_or(Fault::NoText)?;
    let text = text.trim();
    if text.chars().count() > most {
        return Err(Fault::TooLong(most));
    }
    whole(text.to_owned())
}

/// A phone; a text that is too long for one is read, but its first phone alone is taken.
pub(super) fn phone(value: &Value, region: Region) -> Result<Taken<Phone>, Fault> {
    let text = plain(value).ok_or(Fault::NoPhone)?;
    let phone = Phone::parse(&text, region).ok_or(Fault::NoPhone)?;
    if phone.raw().chars().count() <= SHORT_CHARS {
        return whole(phone);
    }
    let number = phone.e164().unwrap_or_else(|| phone.digits());
    let value = Phone::parse(number, region).ok_or(Fault::NoPhone)?;
    Ok(Taken {
        value,
        whole: false,
    })
}

/// An email: the whole text, or the first in it that is one.
pub(super) fn email(value: &Value) -> Result<Taken<Email>, Fault> {
    let text = value.scalar().ok_or(Fault::NoEmail)?;
    if let Ok(email) = Email::parse(&text) {
        return whole(email);
    }
    text.split(|character: char| character.is_whitespace() || ",;|<>()\"".contains(character))
        .filter(|part| part.contains('@'))
        .find_map(|part| Email::parse(part).ok())
        .map(|value| Taken {
            value,
            whole: false,
        })
        .ok_or(Fault::NoEmail)
}

/// A whole number that fits 64 bits: `5`, `"5"`, `5.0`, `5e0`.
pub(super) fn integer(value: &Value) -> Result<Taken<i64>, Fault> {
    let text = plain(value).ok_or(Fault::NoInteger)?;
    let text = text.trim();
    let (digits, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|digit| digit == b'0') {
        return Err(Fault::NoInteger);
    }
    whole(digits.parse().ok().ok_or(Fault::NoInteger)?)
}

/// A sum in whole units: blanks between the digits are left out, a fraction is rounded, its half
/// away from zero.
pub(super) fn money(value: &Value) -> Result<Taken<i64>, Fault> {
    let text = plain(value).ok_or(Fault::NoInteger)?;
    let text: String = text.chars().filter(|it| !it.is_whitespace()).collect();
    let text = text.replace(',', ".");
    let (units, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Fault::NoInteger);
    }
    let units_read: i64 = units.parse().ok().ok_or(Fault::NoInteger)?;
    let rounds_up = fraction.bytes().next().is_some_and(|digit| digit >= b'5');
    let step = match (rounds_up, units.starts_with('-')) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => -1,
    };
    whole(units_read.checked_add(step).ok_or(Fault::NoInteger)?)
}

/// A scalar as text; a number that a program wrote as a float (`7.9998888888e10`) in plain digits.
fn plain(value: &Value) -> Option<Cow<'_, str>> {
    if let Value::Number(digits) = value
        && digits.contains(['e', 'E'])
    {
        let number: f64 = digits.parse().ok()?;
        let is_exact = number.fract() == 0.0 && number.abs() < MAX_EXACT_FLOAT;
        return is_exact.then(|| Cow::Owned(format!("{number:.0}")));
    }
    if let Value::Number(digits) = value
        && let Some((whole, fraction)) = digits.split_once('.')
        && fraction.bytes().all(|digit| digit == b'0')
    {
        return Some(Cow::Borrowed(whole));
    }
    value.scalar()
}

fn whole<T>(value: T) -> Result<Taken<T>, Fault> {
    Ok(Taken { value, whole: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn number(digits: &str) -> Value {
        Value::Number(digits.to_owned())
    }

    #[test]
    fn phones_come_as_texts_and_numbers() {
        for (value, digits) in [
            (number("79998888888"), "79998888888"),
            (number("79998888888.0"), "79998888888"),
            (number("7.9998888888e10"), "79998888888"),
            (text(" 8 (812) 315-98-83 "), "78123159883"),
            (text("тел. +7 999 888-88-88 (Иван)"), "79998888888"),
        ] {
            let taken = phone(&value, Region::RUSSIA).unwrap();
            assert_eq!(taken.value.digits(), digits, "{value:?}");
            assert!(taken.whole);
        }
        let story = text(&format!("{} +7 999 888-88-88", "а".repeat(300)));
        let taken = phone(&story, Region::RUSSIA).unwrap();
        assert_eq!(taken.value.raw(), "+79998888888");
        assert!(!taken.whole);
        for value in [
            text("нет"),
            text("1234"),
            Value::Bool(true),
            Value::List(Vec::new()),
        ] {
            assert_eq!(phone(&value, Region::RUSSIA), Err(Fault::NoPhone));
        }
    }

    #[test]
    fn the_first_valid_email_counts() {
        for (sent, taken, is_whole) in [
            (" A@b.ru ", "A@b.ru", true),
            ("нет, a@b.ru; c@d.ru", "a@b.ru", false),
            ("Иван <a@b.ru>", "a@b.ru", false),
        ] {
            let email = email(&text(sent)).unwrap();
            assert_eq!(email.value.as_sent(), taken);
            assert_eq!(email.whole, is_whole);
        }
        let many = "a@, ".repeat(199) + "a@b.ru";
        assert_eq!(email(&text(&many)).unwrap().value.as_sent(), "a@b.ru");
        assert_eq!(email(&text("a@b")), Err(Fault::NoEmail));
    }

    #[test]
    fn integers_are_read_from_any_scalar() {
        for (value, expected) in [
            (number("5"), 5),
            (text(" -5 "), -5),
            (number("5.0"), 5),
            (text("5.00"), 5),
            (number("5e2"), 500),
            (number("9223372036854775807"), i64::MAX),
        ] {
            assert_eq!(integer(&value).unwrap().value, expected, "{value:?}");
        }
        for value in [
            number("9223372036854775808"),
            number("5.5"),
            number("1e400"),
            text("abc"),
            text("5.x"),
            text("0x5"),
            Value::Bool(true),
        ] {
            assert_eq!(integer(&value), Err(Fault::NoInteger), "{value:?}");
        }
    }

    #[test]
    fn sums_are_rounded_to_whole_units() {
        for (sent, expected) in [
            ("1500", 1_500),
            ("1 500,49", 1_500),
            ("1\u{a0}500.50", 1_501),
            ("-0.5", -1),
            ("0.4", 0),
        ] {
            assert_eq!(money(&text(sent)).unwrap().value, expected, "{sent}");
        }
        for sent in [
            "abc",
            "",
            ".",
            "1.2.3",
            "1,500,000",
            "9223372036854775807.5",
        ] {
            assert_eq!(money(&text(sent)), Err(Fault::NoInteger), "{sent}");
        }
    }
}
