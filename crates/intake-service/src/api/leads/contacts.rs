//! Contacts in the form by which they are compared.

use contacts::{Email, Phone, Region};

/// A phone or an email to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Contact {
    /// E.164.
    Phone(String),
    /// As compared.
    Email(String),
}

impl Contact {
    /// A phone that can be compared.
    pub(crate) fn phone(text: &str) -> Option<Self> {
        let phone = Phone::parse(text, Region::default())?;
        phone.e164().map(|e164| Self::Phone(e164.to_owned()))
    }

    /// A valid address.
    pub(crate) fn email(text: &str) -> Option<Self> {
        let email = Email::parse(text).ok()?;
        Some(Self::Email(email.normalized().to_owned()))
    }
}
