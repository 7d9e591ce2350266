//! Contacts from outside.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod any_text;
mod phones;
