//! What holds for any text at all.

use contacts::{Email, Phone, Region};
use proptest::prelude::*;

/// Texts that come close to a phone.
fn phone_like() -> impl Strategy<Value = String> {
    "[+]?[ 0-9٠-٩()./,;#xхдобвнилиext-]{0,40}"
}

/// Texts that come close to an address.
fn email_like() -> impl Strategy<Value = String> {
    "[ a-zA-ZİßΣЙй\u{300}-\u{310}.+_-]{1,12}@[a-zA-ZßйЁ\u{300}-\u{310}.-]{1,12}[.](ru|РФ|COM)"
}

fn assert_phone_holds(raw: &str) -> Result<(), TestCaseError> {
    let Some(phone) = Phone::parse(raw, Region::RUSSIA) else {
        return Ok(());
    };
    prop_assert!(phone.digits().bytes().all(|byte| byte.is_ascii_digit()));
    if let Some(e164) = phone.e164() {
        prop_assert_eq!(e164.strip_prefix('+'), Some(phone.digits()));
        prop_assert!((6..=16).contains(&e164.len()), "{}", e164);
        let again = Phone::parse(e164, Region::RUSSIA);
        prop_assert_eq!(again.as_ref().and_then(Phone::e164), Some(e164));
    }
    Ok(())
}

fn assert_email_holds(raw: &str) -> Result<(), TestCaseError> {
    let Ok(email) = Email::parse(raw) else {
        return Ok(());
    };
    prop_assert_eq!(email.as_sent(), raw.trim());
    let again = Email::parse(email.normalized()).map(|email| email.normalized().to_owned());
    prop_assert_eq!(again.as_deref(), Ok(email.normalized()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_text_is_a_phone_or_not(raw in any::<String>()) {
        assert_phone_holds(&raw)?;
    }

    #[test]
    fn phones_are_normalized_once(raw in phone_like()) {
        assert_phone_holds(&raw)?;
    }

    #[test]
    fn digits_are_normalized_once(raw in "[+]?[0-9]{5,20}") {
        assert_phone_holds(&raw)?;
    }

    #[test]
    fn any_text_is_an_email_or_not(raw in any::<String>()) {
        assert_email_holds(&raw)?;
    }

    #[test]
    fn emails_are_normalized_once(raw in email_like()) {
        assert_email_holds(&raw)?;
    }

    #[test]
    fn plain_addresses_are_taken(raw in "[a-zA-Z0-9_+-]{1,20}@[a-z]{1,20}[.]ru") {
        let email = Email::parse(&raw).unwrap();
        prop_assert_eq!(email.normalized(), raw.to_ascii_lowercase());
    }
}
