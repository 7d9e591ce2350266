//! A person asked to be forgotten.

mod blank;

use crate::raw;

/// What is kept of one person is to be blanked: of bodies of events and requests
/// that were dealt with. At least one of the two is set, until the request itself
/// is blanked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonErased {
    /// E.164; `None` if the person is named by email only.
    pub phone_e164: Option<String>,
    /// In comparable form; `None` if the person is named by phone only.
    pub email_normalized: Option<String>,
}

impl PersonErased {
    pub(crate) fn to_raw(&self) -> raw::PersonErased {
        raw::PersonErased {
            phone_e164: self.phone_e164.clone().unwrap_or_default(),
            email_normalized: self.email_normalized.clone().unwrap_or_default(),
        }
    }

    pub(crate) fn from_raw(raw: raw::PersonErased) -> Self {
        let unless_empty = |text: String| (!text.is_empty()).then_some(text);
        Self {
            phone_e164: unless_empty(raw.phone_e164),
            email_normalized: unless_empty(raw.email_normalized),
        }
    }
}
