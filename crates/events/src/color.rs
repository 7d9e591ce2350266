//! Colors as S0 writes them.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::DecodeError;

/// Six upper-case hex digits, no `#` (S0: `AD3939`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Color(String);

/// The text is not a color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a color is six hex digits, such as AD3939")]
pub struct ColorError;

impl Color {
    /// Takes any case, with or without `#`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        (digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| Self(digits.to_ascii_uppercase()))
    }

    /// The six digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn from_raw(text: Option<String>) -> Result<Option<Self>, DecodeError> {
        text.map(|text| {
            Self::parse(&text).ok_or_else(|| DecodeError::invalid("color", ColorError.to_string()))
        })
        .transpose()
    }
}

impl TryFrom<String> for Color {
    type Error = ColorError;

    fn try_from(text: String) -> Result<Self, ColorError> {
        Self::parse(&text).ok_or(ColorError)
    }
}

impl From<Color> for String {
    fn from(color: Color) -> Self {
        color.0
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_spelling_becomes_six_upper_case_digits() {
        for text in ["AD3939", "ad3939", "#ad3939", "#AD3939"] {
            assert_eq!(Color::parse(text).unwrap().as_str(), "AD3939");
        }
    }

    #[test]
    fn other_texts_are_no_colors() {
        for text in [
            "", "#", "AD393", "AD39399", "##AD3939", "AD393G", " AD3939", "крас",
        ] {
            assert_eq!(Color::parse(text), None, "{text}");
        }
    }

    #[test]
    fn serde_reads_any_spelling_and_writes_one() {
        let color: Color = serde_json::from_str("\"#ad3939\"").unwrap();
        assert_eq!(serde_json::to_string(&color).unwrap(), "\"AD3939\"");
        assert!(serde_json::from_str::<Color>("\"red\"").is_err());
    }
}
