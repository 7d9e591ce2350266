//! Money.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;
use thiserror::Error;

/// Prices stay below this many whole units, either way (WIRE 1).
const LIMIT_UNITS: i64 = 10_000_000_000_000;
const MINOR_PER_UNIT: i64 = 100;

/// An amount in minor units (kopecks): `150050` is 1500.50.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(pub i64);

/// Why a number is not a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PriceError {
    /// More than two digits after the point.
    #[error("must have at most two decimal places")]
    TooManyDecimals,
    /// 10¹³ or more, above zero or below.
    #[error("must lie between -10000000000000 and 10000000000000")]
    TooLarge,
}

impl Price {
    /// Takes what JSON calls a number: less than 10¹³ either way, two decimal
    /// places at most (WIRE 1).
    ///
    /// # Errors
    /// Says which of the two rules is broken.
    pub fn parse(number: &Number) -> Result<Self, PriceError> {
        if let Some(units) = number.as_i64() {
            return Self::from_units_and_minor(units.unsigned_abs(), 0, units < 0);
        }
        if number.is_u64() {
            return Err(PriceError::TooLarge);
        }
        let value = number.as_f64().ok_or(PriceError::TooLarge)?;
        // The shortest text that reads back as this number, never with an
        // exponent: exactly what was sent, for any price within the limits.
        Self::parse_decimal(&value.to_string())
    }

    /// Takes a decimal of digits, with a minus before and a dot within if need be:
    /// `-1500.5`.
    ///
    /// # Errors
    /// As [`Price::parse`]; a text that is no such decimal is too large.
    pub fn parse_decimal(text: &str) -> Result<Self, PriceError> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (units, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let units: u64 = units.parse().ok().ok_or(PriceError::TooLarge)?;
        let minor = match decimals.as_bytes() {
            [] => 0,
            [tenths] => digit(*tenths) * 10,
            [tenths, hundredths] => digit(*tenths) * 10 + digit(*hundredths),
            _ if units >= LIMIT_UNITS.unsigned_abs() => return Err(PriceError::TooLarge),
            _ => return Err(PriceError::TooManyDecimals),
        };
        Self::from_units_and_minor(units, minor, is_negative)
    }

    fn from_units_and_minor(units: u64, minor: i64, is_negative: bool) -> Result<Self, PriceError> {
        let units = i64::try_from(units)
            .ok()
            .filter(|units| *units < LIMIT_UNITS);
        let amount = units.ok_or(PriceError::TooLarge)? * MINOR_PER_UNIT + minor;
        Ok(Self(if is_negative { -amount } else { amount }))
    }

    /// Whether [`Price::parse`] takes such an amount.
    pub fn is_valid(self) -> bool {
        self.0.unsigned_abs() < (LIMIT_UNITS * MINOR_PER_UNIT).unsigned_abs()
    }

    /// The shortest decimal with a dot: `1500`, `1500.5`, `1500.05`.
    pub fn to_decimal_string(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let minor_units = self.0.unsigned_abs();
        let (units, minor) = (minor_units / 100, minor_units % 100);
        match (minor / 10, minor % 10) {
            (0, 0) => format!("{sign}{units}"),
            (tenths, 0) => format!("{sign}{units}.{tenths}"),
            (tenths, hundredths) => format!("{sign}{units}.{tenths}{hundredths}"),
        }
    }

    /// The JSON number without trailing zeros: `1500`, `1500.5`.
    pub fn to_json_number(self) -> Number {
        if self.0 % MINOR_PER_UNIT == 0 {
            return Number::from(self.0 / MINOR_PER_UNIT);
        }
        // Exact below 10¹³: a double holds 15 significant digits.
        let value = self.to_decimal_string().parse().ok();
        value
            .and_then(Number::from_f64)
            .unwrap_or_else(|| Number::from(self.0 / MINOR_PER_UNIT))
    }
}

fn digit(ascii: u8) -> i64 {
    i64::from(ascii.saturating_sub(b'0'))
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_decimal_string())
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json_number().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Number::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(json: &str) -> Result<Price, PriceError> {
        Price::parse(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn numbers_within_the_rules_are_prices() {
        for (json, minor) in [
            ("0", 0),
            ("-0", 0),
            ("0.0", 0),
            ("-0.0", 0),
            ("1500", 150_000),
            ("1500.5", 150_050),
            ("1500.50", 150_050),
            ("1500.05", 150_005),
            ("1.5e3", 150_000),
            ("0.01", 1),
            ("0.29", 29),
            ("1.10", 110),
            ("9999999999999.99", 999_999_999_999_999),
            ("-1", -100),
            ("-0.01", -1),
            ("-1500.5", -150_050),
            ("-9999999999999.99", -999_999_999_999_999),
        ] {
            assert_eq!(parse(json), Ok(Price(minor)), "{json}");
            assert!(Price(minor).is_valid());
        }
    }

    #[test]
    fn the_broken_rule_is_named() {
        for (json, error) in [
            ("-1e300", PriceError::TooLarge),
            ("-10000000000000", PriceError::TooLarge),
            ("-0.001", PriceError::TooManyDecimals),
            ("-9223372036854775808", PriceError::TooLarge),
            ("0.001", PriceError::TooManyDecimals),
            ("1500.555", PriceError::TooManyDecimals),
            ("1e-300", PriceError::TooManyDecimals),
            ("10000000000000", PriceError::TooLarge),
            ("10000000000000.5", PriceError::TooLarge),
            ("10000000000000.125", PriceError::TooLarge),
            ("1e13", PriceError::TooLarge),
            ("1e300", PriceError::TooLarge),
            ("18446744073709551615", PriceError::TooLarge),
            ("9223372036854775807", PriceError::TooLarge),
        ] {
            assert_eq!(parse(json), Err(error), "{json}");
        }
    }

    #[test]
    fn text_and_json_have_no_trailing_zeros() {
        for (minor, text) in [
            (0, "0"),
            (1, "0.01"),
            (10, "0.1"),
            (150_000, "1500"),
            (150_050, "1500.5"),
            (150_005, "1500.05"),
            (-150_050, "-1500.5"),
            (999_999_999_999_999, "9999999999999.99"),
        ] {
            assert_eq!(Price(minor).to_decimal_string(), text);
            assert_eq!(serde_json::to_string(&Price(minor)).unwrap(), text);
        }
    }

    proptest! {
        #[test]
        fn every_price_survives_json(
            minor in -999_999_999_999_999..=999_999_999_999_999_i64
        ) {
            let json = serde_json::to_string(&Price(minor)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Price>(&json).unwrap(), Price(minor));
            prop_assert_eq!(json, Price(minor).to_decimal_string());
        }
    }
}
