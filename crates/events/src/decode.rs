//! How reading an event's bytes can end.

use thiserror::Error;

use crate::Event;

/// What a message was.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// An event that this version knows.
    Event(Event),
    /// A well-formed event of a kind that a newer version added: to be ignored.
    Unknown,
}

/// Why bytes are not an event. Trying again does not help: the message is to be
/// parked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Not a protobuf message, or cut short.
    #[error("not a protobuf event")]
    Malformed(#[from] prost::DecodeError),
    /// A field without which the event has no meaning is absent.
    #[error("{field} is missing")]
    Missing {
        /// Path from the top of the message, such as `order_changed.order.stage`.
        field: String,
    },
    /// A field holds what the contract does not allow.
    #[error("{field} is invalid: {problem}")]
    Invalid {
        /// Path from the top of the message.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl DecodeError {
    pub(crate) fn missing(field: &str) -> Self {
        Self::Missing {
            field: field.to_owned(),
        }
    }

    pub(crate) fn invalid(field: &str, problem: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.to_owned(),
            problem: problem.into(),
        }
    }

    /// Puts `parent` before the field's path, as the error travels outwards.
    pub(crate) fn inside(self, parent: &str) -> Self {
        match self {
            Self::Malformed(_) => self,
            Self::Missing { field } => Self::Missing {
                field: format!("{parent}.{field}"),
            },
            Self::Invalid { field, problem } => Self::Invalid {
                field: format!("{parent}.{field}"),
                problem,
            },
        }
    }
}
