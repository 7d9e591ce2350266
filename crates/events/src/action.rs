//! What happened to a record.

use std::fmt;

use crate::{DecodeError, raw};

/// The three changes that S0 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The record is new.
    Add,
    /// The record changed.
    Edit,
    /// The record is gone.
    Delete,
}

impl Action {
    /// The wire name: `add`, `edit`, `delete` (S0).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Edit => "edit",
            Self::Delete => "delete",
        }
    }

    /// From the wire name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Add, Self::Edit, Self::Delete]
            .into_iter()
            .find(|action| action.as_str() == name)
    }

    pub(crate) fn to_raw(self) -> i32 {
        let raw = match self {
            Self::Add => raw::Action::Add,
            Self::Edit => raw::Action::Edit,
            Self::Delete => raw::Action::Delete,
        };
        raw.into()
    }

    pub(crate) fn from_raw(number: i32) -> Result<Self, DecodeError> {
        match raw::Action::try_from(number) {
            Ok(raw::Action::Add) => Ok(Self::Add),
            Ok(raw::Action::Edit) => Ok(Self::Edit),
            Ok(raw::Action::Delete) => Ok(Self::Delete),
            Ok(raw::Action::Unspecified) => Err(DecodeError::missing("action")),
            Err(unknown) => Err(DecodeError::invalid("action", unknown.to_string())),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
