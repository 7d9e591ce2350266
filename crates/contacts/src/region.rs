//! The country that a phone without a country code is in.

use std::fmt;

use rlibphonenumber::PHONE_NUMBER_UTIL;

/// A country whose numbering plan is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region(rlibphonenumber::Region);

impl Region {
    /// The default (WIRE 2).
    pub const RUSSIA: Self = Self(rlibphonenumber::Region::RU);

    /// From a two-letter code of ISO 3166, in any case: `RU`, `kz`. `None` if
    /// there is no such country or its numbering plan is not known.
    pub fn parse(code: &str) -> Option<Self> {
        let region = rlibphonenumber::Region::from_code(code).ok()?;
        PHONE_NUMBER_UTIL
            .get_country_code_for_region(region)
            .map(|_calling_code| Self(region))
    }

    pub(crate) fn plan(self) -> rlibphonenumber::Region {
        self.0
    }
}

impl Default for Region {
    fn default() -> Self {
        Self::RUSSIA
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_known_by_their_code() {
        assert_eq!(Region::parse("RU"), Some(Region::RUSSIA));
        assert_eq!(Region::parse("kz").unwrap().to_string(), "KZ");
        for code in ["", "R", "RUS", "XX", "ZZ", "7", "Ру"] {
            assert_eq!(Region::parse(code), None, "{code}");
        }
    }
}
