//! Finding a person's contacts in whatever was stored of them.

use std::borrow::Cow;

use rlibphonenumber::PHONE_NUMBER_UTIL;

use crate::Email;
use crate::email::{ascii_domain, fold};

/// Fewer digits than these are found in numbers that are no phones.
const MIN_NATIONAL_DIGITS: usize = 7;
/// What may stand between the digits of one phone.
const BETWEEN_DIGITS: &str =
    " -+.()/\t\u{a0}\u{2007}\u{2009}\u{202f}\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2212}";
/// Beside letters and digits: what would make an address another one.
const IN_LOCAL_PART: &str = ".-_+";

/// Finds one person's phone and email in texts, however they are written there.
///
/// A phone is found by its digits after the country code, whatever stands
/// between them and whatever prefix is dialled before; an email with its domain
/// in either form, in any case. Percent-encoding is seen through.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactFinder {
    /// Digits without the country code, or all if those are too few.
    phone: Option<String>,
    /// Local part and domain in comparable form.
    email: Option<(String, String)>,
}

impl std::fmt::Debug for ContactFinder {
    /// Contacts belong into no log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactFinder").finish_non_exhaustive()
    }
}

impl ContactFinder {
    /// Takes a phone in E.164 ([`Phone::e164`](crate::Phone::e164)) and an email
    /// in comparable form ([`Email::normalized`]). Without both it finds nothing.
    pub fn new(phone_e164: Option<&str>, email_normalized: Option<&str>) -> Self {
        let email = email_normalized.map(|email| {
            let comparable = Email::parse(email)
                .map_or_else(|_not_one| email.to_owned(), |it| it.normalized().to_owned());
            let (local, domain) = comparable.split_once('@').unwrap_or((&comparable, ""));
            (local.to_owned(), domain.to_owned())
        });
        Self {
            phone: phone_e164.map(national_digits).filter(|it| !it.is_empty()),
            email: email.filter(|(local, domain)| !local.is_empty() && !domain.is_empty()),
        }
    }

    /// Whether `text` names the phone or the email.
    pub fn is_in(&self, text: &str) -> bool {
        let has_phone = |phone: &String| names_phone(text, phone);
        let has_email = |(local, domain): &(String, String)| names_email(text, local, domain);
        self.phone.as_ref().is_some_and(has_phone) || self.email.as_ref().is_some_and(has_email)
    }

    /// Whether `bytes`, such as a stored body, name the phone or the email.
    pub fn is_in_bytes(&self, bytes: &[u8]) -> bool {
        self.is_in(&String::from_utf8_lossy(bytes))
            || percent_decoded(bytes).is_some_and(|it| self.is_in(&String::from_utf8_lossy(&it)))
    }
}

fn national_digits(e164: &str) -> String {
    let digits: String = e164.chars().filter(char::is_ascii_digit).collect();
    let code_digits = PHONE_NUMBER_UTIL
        .parse(format!("+{digits}"), None)
        .map_or(0, |number| number.country_code.to_string().len());
    match digits.get(code_digits..) {
        Some(national) if national.len() >= MIN_NATIONAL_DIGITS => national.to_owned(),
        _ => digits,
    }
}

fn names_phone(text: &str, wanted: &str) -> bool {
    let mut digits = String::new();
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
        } else if !digits.is_empty() && !BETWEEN_DIGITS.contains(character) {
            if digits.contains(wanted) {
                return true;
            }
            digits.clear();
        }
    }
    digits.contains(wanted)
}

fn names_email(text: &str, local: &str, domain: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let (before, after) = (text.get(..at), text.get(at + 1..));
        before.is_some_and(|it| ends_with_local(it, local))
            && after.is_some_and(|it| begins_with_domain(it, domain))
    })
}

fn ends_with_local(before: &str, local: &str) -> bool {
    let from = before
        .rfind(|character: char| character.is_whitespace() || character.is_control())
        .map_or(0, |space| {
            let length = before[space..].chars().next().map_or(1, char::len_utf8);
            space + length
        });
    let word = fold(before.get(from..).unwrap_or_default());
    word.strip_suffix(local).is_some_and(|rest| {
        !rest
            .chars()
            .next_back()
            .is_some_and(|last| last.is_alphanumeric() || IN_LOCAL_PART.contains(last))
    })
}

fn begins_with_domain(after: &str, domain: &str) -> bool {
    let is_of_domain = |character: char| {
        character.is_alphanumeric()
            || matches!(character, '.' | '-')
            || unicode_normalization::char::is_combining_mark(character)
    };
    let end = after
        .find(|character| !is_of_domain(character))
        .unwrap_or(after.len());
    let found = after
        .get(..end)
        .unwrap_or_default()
        .trim_end_matches(['.', '-']);
    found.eq_ignore_ascii_case(domain) || ascii_domain(found).is_ok_and(|it| it == domain)
}

/// `None` if there is nothing to decode.
fn percent_decoded(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !bytes.contains(&b'%') {
        return None;
    }
    let hex = |byte: u8| char::from(byte).to_digit(16);
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let value = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match value.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(byte) => {
                decoded.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    Some(Cow::Owned(decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finder() -> ContactFinder {
        ContactFinder::new(Some("+78123159883"), Some("petr@xn--e1afmkfd.xn--p1ai"))
    }

    #[test]
    fn a_phone_is_found_in_every_spelling() {
        for text in [
            "+78123159883",
            "8 (812) 315-98-83",
            "8123159883",
            "007 812 315.98.83",
            "тел.: 8\u{a0}812\u{a0}315\u{2013}98\u{2013}83 доб. 12",
            "{\"id\":5,\"phone\":\"8(812)3159883\"}",
            "звонить +7 999 888-88-88, 8-812-315-98-83",
        ] {
            assert!(finder().is_in(text), "{text}");
        }
        for text in [
            "",
            "8123159884",
            "812315 и 9883",
            "{\"a\":8123,\"b\":159883}",
        ] {
            assert!(!finder().is_in(text), "{text}");
        }
    }

    #[test]
    fn an_email_is_found_in_every_spelling() {
        for text in [
            "petr@xn--e1afmkfd.xn--p1ai",
            "Пишите: PETR@Пример.РФ.",
            "<Petr@пример.рф>",
            "{\"email\":\"petr@пример.рф\"}",
            "email=Petr@xn--E1AFMKFD.xn--p1ai&x=1",
        ] {
            assert!(finder().is_in(text), "{text}");
        }
        for text in [
            "petr@пример.рф.ru",
            "xpetr@пример.рф",
            "iv.petr@пример.рф",
            "petr@example.ru",
            "petr пример.рф",
            "@",
        ] {
            assert!(!finder().is_in(text), "{text}");
        }
    }

    #[test]
    fn encoded_bodies_are_seen_through() {
        for body in [
            &b"phone=%2B7%20%28812%29+315-98-83"[..],
            b"email=petr%40%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80.%D1%80%D1%84&n=%zz%",
            b"\xff8123159883\xfe",
        ] {
            assert!(finder().is_in_bytes(body));
        }
        assert!(!finder().is_in_bytes(b"discount=100%&phone=%2B79998888888"));
    }

    #[test]
    fn without_contacts_nothing_is_found() {
        let nobody = ContactFinder::new(None, None);
        assert!(!nobody.is_in("8123159883 petr@example.ru"));
        let empty = ContactFinder::new(Some(""), Some(""));
        assert!(!empty.is_in("8123159883 petr@example.ru @"));
    }

    #[test]
    fn a_finder_shows_no_contact() {
        assert_eq!(format!("{:?}", finder()), "ContactFinder { .. }");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_searched(text in ".*", bytes: Vec<u8>) {
            finder().is_in(&text);
            finder().is_in_bytes(&bytes);
        }
    }
}
