//! Custom fields: what an account keeps of its clients beyond the usual.

use events::{CustomFieldId, Timestamp};

/// The longest name, in characters (WIRE 1).
pub(crate) const MAX_NAME_CHARS: usize = 64;

/// The most custom fields that one account has.
pub(crate) const MAX_FIELDS: i64 = 1_000;

/// How forms show a field. It binds nobody: a client's value may be of any kind
/// whatever its field is (WIRE 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// A line of text; what fields become that a client's first value made.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
}

impl FieldKind {
    /// All of them by their wire names.
    pub(crate) const NAMES: [(&'static str, Self); 3] = [
        ("text", Self::Text),
        ("number", Self::Number),
        ("flag", Self::Flag),
    ];

    /// The wire name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Flag => "flag",
        }
    }

    /// From the wire name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::NAMES
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| kind)
    }
}

/// A custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CustomField {
    /// Its id.
    pub(crate) id: CustomFieldId,
    /// What integrators know it by.
    pub(crate) name: String,
    /// How forms show it.
    pub(crate) kind: FieldKind,
    /// Its place among the fields, from 0; clients' fields come out in this order.
    pub(crate) position: i64,
    /// Grows by one with each change.
    pub(crate) revision: i64,
    /// When it was added.
    pub(crate) created_at: Timestamp,
    /// When it was last changed, a shift of its place included.
    pub(crate) updated_at: Timestamp,
}

/// A custom field that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewCustomField {
    /// What integrators know it by.
    pub(crate) name: String,
    /// How forms show it.
    pub(crate) kind: FieldKind,
    /// Its place; the last one if `None`.
    pub(crate) position: Option<i64>,
}

/// What shall change of a custom field; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct CustomFieldPatch {
    /// What integrators know it by.
    pub(crate) name: Option<String>,
    /// How forms show it.
    pub(crate) kind: Option<FieldKind>,
    /// Its place; past the end means the end.
    pub(crate) position: Option<i64>,
}

/// Why a name cannot be a field's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FieldNameError {
    /// Nothing in it.
    #[error("Send a name of 1 to {MAX_NAME_CHARS} characters; this one is empty.")]
    Empty,
    /// Over the limit.
    #[error("Send a name of at most {MAX_NAME_CHARS} characters; there are {0}.")]
    TooLong(usize),
    /// `[` and `]` are what form bodies nest with.
    #[error("Send a name without [ and ]: form bodies write fields[name].")]
    Bracket,
    /// A control character, U+0000 among them.
    #[error("Send a name without control characters.")]
    ControlCharacter,
}

/// Checks a field's name (WIRE 1: 1–64 characters without `[`, `]` and control
/// characters).
pub(crate) fn check_field_name(name: &str) -> Result<(), FieldNameError> {
    let count = name.chars().count();
    if count == 0 {
        Err(FieldNameError::Empty)
    } else if count > MAX_NAME_CHARS {
        Err(FieldNameError::TooLong(count))
    } else if name.contains(['[', ']']) {
        Err(FieldNameError::Bracket)
    } else if name.chars().any(char::is_control) {
        Err(FieldNameError::ControlCharacter)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_wire() {
        let longest = "й".repeat(64);
        for good in ["Город", "INN", "a b", " ", "🙂", &longest] {
            assert_eq!(check_field_name(good), Ok(()), "{good}");
        }
        let too_long = "й".repeat(65);
        for (bad, reason) in [
            ("", FieldNameError::Empty),
            (too_long.as_str(), FieldNameError::TooLong(65)),
            ("a[b", FieldNameError::Bracket),
            ("]", FieldNameError::Bracket),
            ("a\0b", FieldNameError::ControlCharacter),
            ("a\nb", FieldNameError::ControlCharacter),
            ("a\u{85}b", FieldNameError::ControlCharacter),
        ] {
            assert_eq!(check_field_name(bad), Err(reason), "{bad:?}");
        }
    }
}
