//! Phones, however a sender wrote them.

mod e164;
mod text;

use crate::Region;

/// Fewer digits are no phone (WIRE 2).
const MIN_DIGITS: usize = 5;
/// More digits are no phone (WIRE 2).
const MAX_DIGITS: usize = 20;

/// A phone that someone can be called by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    raw: String,
    digits: String,
    e164: Option<String>,
}

impl Phone {
    /// Reads the first phone in `raw`, without its extension; `None` if that has
    /// fewer than 5 or more than 20 digits (WIRE 2: no phone is given then).
    ///
    /// A phone without a country code is one of `region`.
    pub fn parse(raw: &str, region: Region) -> Option<Self> {
        let found = text::first_number(raw);
        if !(MIN_DIGITS..=MAX_DIGITS).contains(&found.digits.len()) {
            return None;
        }
        Some(Self {
            raw: raw.trim().to_owned(),
            e164: e164::of(&found, region),
            digits: found.digits,
        })
    }

    /// As the sender wrote it, trimmed.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// By which phones are compared: `+79998888888`. `None` if the number has no
    /// such form; it is kept, but equals no other.
    pub fn e164(&self) -> Option<&str> {
        self.e164.as_deref()
    }

    /// What integrators are answered: the E.164 number without `+`, or the
    /// digits as sent if there is none.
    pub fn digits(&self) -> &str {
        match &self.e164 {
            Some(e164) => e164.trim_start_matches('+'),
            None => &self.digits,
        }
    }
}
