//! The leads that are posted.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// Numbers that no other lead of the round has.
#[derive(Debug, Default)]
pub(crate) struct People(AtomicU64);

/// Whose phones are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phones {
    /// A phone of its own for each lead.
    Own,
    /// Every tenth lead has the phone of one a little before it.
    SomeKnown,
}

/// How far before a lead the one is whose phone it has: about what is on its way at once.
const BEFORE: u64 = 35;

impl People {
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// The body of a lead.
pub(crate) fn lead(number: u64, phones: Phones) -> Value {
    let phone = match phones {
        Phones::SomeKnown if number % 10 == 9 => number.saturating_sub(BEFORE),
        _ => number,
    };
    json!({
        "name": format!("Посетитель {number}"),
        "phone": format!("+7 (999) {:03}-{:02}-{:02}", phone / 10_000 % 1_000, phone / 100 % 100, phone % 100),
        "email": format!("visitor{number}@example.com"),
        "cost": 15_000,
        "utmSource": "yandex",
        "utmMedium": "cpc",
        "utmCampaign": "осенняя распродажа",
        "utmTerm": "купить окна",
        "ymClientId": "1709543212345678901",
        "referrer": "https://example.com/windows?from=search",
        "ip": "203.0.113.7",
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_tenth_of_the_phones_is_known() {
        let phone = |number, phones| lead(number, phones)["phone"].to_string();
        let own: HashSet<String> = (0..1_000).map(|n| phone(n, Phones::Own)).collect();
        let some: HashSet<String> = (0..1_000).map(|n| phone(n, Phones::SomeKnown)).collect();
        assert_eq!((own.len(), some.len()), (1_000, 900));
        assert_eq!(phone(1_234_567, Phones::Own), "\"+7 (999) 123-45-67\"");
    }
}
