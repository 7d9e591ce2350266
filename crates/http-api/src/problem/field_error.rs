//! One wrong field.

use serde::Serialize;
use utoipa::ToSchema;

/// Stable codes of field errors that any API may give; services add codes of their own.
pub mod code {
    /// The field must be present.
    pub const REQUIRED: &str = "required";
    /// The field may not be null.
    pub const NOT_NULL: &str = "not_null";
    /// The field is of another JSON type than it should be.
    pub const WRONG_TYPE: &str = "wrong_type";
    /// The number is outside its range.
    pub const OUT_OF_RANGE: &str = "out_of_range";
    /// The text is longer than it may be.
    pub const TOO_LONG: &str = "too_long";
    /// The list or object has more entries than it may have.
    pub const TOO_MANY: &str = "too_many";
    /// The text holds U+0000.
    pub const NUL_CHARACTER: &str = "nul_character";
    /// The value is none of the allowed ones.
    pub const UNKNOWN_VALUE: &str = "unknown_value";
    /// There is no such field.
    pub const UNKNOWN_FIELD: &str = "unknown_field";
    /// There is no such query parameter.
    pub const UNKNOWN_PARAMETER: &str = "unknown_parameter";
    /// The query parameter may be given once only.
    pub const REPEATED: &str = "repeated";
    /// The field can be read but not set.
    pub const READ_ONLY: &str = "read_only";
    /// The value is not spelled as it must be.
    pub const INVALID: &str = "invalid";
    /// The id names nothing in this account.
    pub const NOT_FOUND: &str = "not_found";
}

/// One wrong field or query parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the body; for a query parameter its name.
    #[schema(example = "/price")]
    pub pointer: String,
    /// The stable name of the error, to branch on.
    #[schema(example = "wrong_type")]
    pub code: &'static str,
    /// What to do about it.
    #[schema(example = "Send a number, not text.")]
    pub message: String,
}

impl FieldError {
    /// An error at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            message: message.into(),
        }
    }
}
