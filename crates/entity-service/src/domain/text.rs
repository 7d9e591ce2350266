//! How long texts of records may be.

/// Characters of names, contacts and other single lines (WIRE, "Bad input").
pub(crate) const LINE_CHARS: usize = 255;

/// Characters of the key of an advertising mark.
pub(crate) const MARK_KEY_CHARS: usize = 64;

/// Characters of the value of an advertising mark; click ids are long.
pub(crate) const MARK_VALUE_CHARS: usize = 2_048;
