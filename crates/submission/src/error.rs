//! Why a request could not be read.

use thiserror::Error;

/// Why [`read`](crate::read) gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// The body is not in the format that it claims and nothing in it can be
    /// read: a sentence that says what is wrong and where (400).
    #[error("{0}")]
    Malformed(String),
    /// More values than [`Limits::keys`](crate::Limits::keys) (413).
    #[error("there are too many keys")]
    TooManyKeys,
    /// Nested deeper than [`Limits::depth`](crate::Limits::depth) (413).
    #[error("the values are nested too deep")]
    TooDeep,
    /// A media type that holds no names and values (415).
    #[error("this media type cannot be read")]
    UnsupportedMediaType,
}
